"""Who the host is, who we are, and by which way: against real sshd."""

import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from sshd_house import children, command, make_key, until

from remote.errors import AuthFailed, HostKeyProblem, RemoteError, TimedOut, Unreachable
from remote.ssh import host_keys, settings
from remote.ssh.known_hosts import hashed
from remote.ssh.transport import SshTransport


def words(transport):
    return transport.run(["echo", "in"]).stdout


def test_an_unknown_key_is_shown_and_trusted_once(lan, ssh):
    host = lan.host("gpu1", known=False)
    gpu1 = ssh("gpu1", name="fast")
    fingerprint = subprocess.run(
        ["ssh-keygen", "-lf", f"{host.host_key}.pub"], capture_output=True, text=True
    ).stdout.split()[1]
    with pytest.raises(HostKeyProblem) as caught:
        gpu1.connect()
    assert fingerprint in caught.value.what and "ssh-ed25519" in caught.value.what
    assert "trajconsole trust fast" in caught.value.mend
    lan.known_hosts.write_text("# torn last line")
    problem = gpu1.trust()
    assert problem.fingerprint == fingerprint
    assert host_keys.trust(problem) == lan.known_hosts
    assert lan.known_hosts.read_text() == f"# torn last line\n{host.known_line()}"
    assert gpu1.trust() is None and words(gpu1) == b"in\n"
    plain = subprocess.run(
        ["ssh", "-F", str(lan.config), "-o", "BatchMode=yes", "gpu1", "echo in"], capture_output=True, timeout=30
    )
    assert plain.stdout == b"in\n", plain.stderr  # ssh itself understands what was written


def test_a_changed_key_is_refused_with_the_line(lan, ssh):
    host = lan.host("gpu1", known=False)
    other = make_key(lan.folder / "other")
    lan.know(f"# a comment\n{host.known_line().rsplit(' ', 1)[0]} {Path(f'{other}.pub').read_text().split()[1]}\n")
    with pytest.raises(HostKeyProblem) as caught:
        ssh("gpu1").connect()
    assert f"{lan.known_hosts}:2" in caught.value.what and f"{lan.known_hosts}:2" in caught.value.mend
    assert not isinstance(caught.value, host_keys.UnknownHostKey)


def test_revoked_hashed_and_authority_lines(lan, ssh):
    host = lan.host("gpu1", known=False)
    name = f"[{host.address}]:{host.port}"
    lan.know(host.known_line(hashed(name)))
    assert words(ssh("gpu1")) == b"in\n"
    lan.known_hosts.write_text("@cert-authority " + host.known_line("*"))
    with pytest.raises(host_keys.UnknownHostKey, match="authority"):
        ssh("gpu1").connect()
    lan.known_hosts.write_text(host.known_line() + "@revoked " + host.known_line("*"))
    with pytest.raises(HostKeyProblem, match="revoked"):
        ssh("gpu1").connect()


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_an_authority_vouches_for_a_host(lan, ssh, kind):
    """Signed for its name, it is known without a line of its own; for another name, another time, by another: not."""
    authority, other = make_key(lan.folder / "ca", kind=kind), make_key(lan.folder / "other_ca")
    host = lan.host("gpu1", f"HostCertificate {lan.folder}/gpu1/host_key-cert.pub", known=False)

    def sign(by, *options):
        argv = ["ssh-keygen", "-q", "-s", by, "-I", "gpu1", *options, f"{host.host_key}.pub"]
        subprocess.run(argv, check=True, capture_output=True)
        host.restart()

    public = " ".join(Path(f"{authority}.pub").read_text().split()[:2])
    lan.know(f"@cert-authority 127.0.1.* {public}\n")
    sign(authority, "-h", "-n", host.address)
    assert words(ssh("gpu1")) == b"in\n"
    assert ssh("gpu1").trust() is None
    wrong = {
        "it is for elsewhere": (authority, "-h", "-n", "elsewhere"),
        "it has run out": (authority, "-h", "-n", host.address, "-V", "20200101:20200102"),
        "signed by another": (other, "-h", "-n", host.address),
    }
    for words_of, arguments in wrong.items():
        sign(*arguments)
        with pytest.raises(host_keys.UnknownHostKey, match=words_of):
            ssh("gpu1").connect()
    sign(authority, "-h", "-n", host.address)
    lan.know(f"@revoked * {public}\n")
    with pytest.raises(HostKeyProblem, match="revoked"):
        ssh("gpu1").connect()
    lan.known_hosts.write_text(f"@cert-authority 127.0.1.* {public}\n@revoked {host.known_line('*')}")
    with pytest.raises(HostKeyProblem, match="revoked"):
        ssh("gpu1").connect()


def test_the_known_type_of_key_is_asked_for(lan, ssh):
    rsa = make_key(lan.folder / "rsa_host_key", kind="rsa")
    host = lan.host("gpu1", f"HostKey {rsa}", known=False)
    kind, key = Path(f"{rsa}.pub").read_text().split()[:2]
    lan.know(f"[{host.address}]:{host.port} {kind} {key}\n")
    assert words(ssh("gpu1")) == b"in\n"


def test_an_alias_of_the_key(lan, ssh):
    host = lan.host("gpu1", known=False, settings="HostKeyAlias the-cluster")
    lan.know(host.known_line("the-cluster"))
    assert words(ssh("gpu1")) == b"in\n"


def test_a_wrong_key_is_told_with_what_was_tried(lan, ssh):
    wrong = make_key(lan.folder / "wrong")
    lan.host("gpu1", settings=f"IdentityFile {wrong}")
    with pytest.raises(AuthFailed) as caught:
        ssh("gpu1").connect()
    assert str(wrong) in caught.value.what and "publickey" in caught.value.what and "ssh-copy-id" in caught.value.mend


def test_a_passphrase_is_asked_for_once(lan, ssh):
    locked = make_key(lan.folder / "locked", "sesame")
    host = lan.host("gpu1", settings=f"IdentityFile {locked}")
    (host.folder / "authorized_keys").write_text(Path(f"{locked}.pub").read_text())
    with pytest.raises(AuthFailed, match="locked by a passphrase") as caught:
        ssh("gpu1").connect()
    assert "ssh-add" in caught.value.mend
    asked = []
    gpu1 = ssh("gpu1", ask=lambda prompt, echo=False: asked.append(prompt) or "sesame")
    assert words(gpu1) == b"in\n"
    gpu1.close()
    assert words(gpu1) == b"in\n" and asked == [f"passphrase of {locked}: "]
    wrong = []
    stubborn = ssh("gpu1", ask=lambda prompt, echo=False: wrong.append(prompt) or "nonsense")
    for _ in range(2):
        with pytest.raises(AuthFailed) as caught:
            stubborn.connect()
        assert "nonsense" not in str(caught.value)
    assert len(wrong) == 1


def test_the_agent_and_only_the_named_keys_of_it(lan, ssh):
    if shutil.which("ssh-agent") is None:
        raise AssertionError("openssh-client is not complete")
    place = lan.folder / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(place)], stdout=subprocess.DEVNULL)
    try:
        until(place.exists)
        others = [make_key(lan.folder / f"other{number}") for number in range(7)]
        env = {**os.environ, "SSH_AUTH_SOCK": str(place)}
        subprocess.run(["ssh-add", "-q", *map(str, others), str(lan.key)], env=env, check=True)
        moved = lan.folder / "only_public"
        shutil.copy(f"{lan.key}.pub", f"{moved}.pub")
        lan.host("gpu1", settings=f"IdentityAgent {place}\nIdentityFile {moved}")
        assert words(ssh("gpu1")) == b"in\n"  # eight keys: without the order, the server hangs up after six
    finally:
        agent.terminate()
        agent.wait()


def test_a_certificate(lan, ssh):
    authority = make_key(lan.folder / "ca")
    user = make_key(lan.folder / "certified")
    whom = subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()
    subprocess.run(["ssh-keygen", "-q", "-s", authority, "-I", "me", "-n", whom, f"{user}.pub"], check=True)
    named = lan.folder / "elsewhere-cert.pub"
    (lan.folder / "certified-cert.pub").rename(named)
    host = lan.host(
        "gpu1", f"TrustedUserCAKeys {authority}.pub", settings=f"IdentityFile {user}\nCertificateFile {named}"
    )
    (host.folder / "authorized_keys").write_text("")
    assert words(ssh("gpu1")) == b"in\n"


def test_two_jumps_each_with_its_own_settings(lan, ssh):
    lan.host("first")
    lan.host("second")
    target = lan.host("gpu1", settings="ProxyJump first,second")
    gpu1 = ssh("gpu1")
    assert words(gpu1) == b"in\n"
    assert all(len(host.servers()) >= 1 for host in lan.hosts)
    client = gpu1.run(["sh", "-c", "echo $SSH_CONNECTION"]).stdout.split()
    assert client[2].decode() == target.address
    gpu1.close()
    until(lambda: not any(host.servers() for host in lan.hosts))


def test_an_unknown_jump_is_trusted_by_the_same_command(lan, ssh):
    first = lan.host("first", known=False)
    lan.host("gpu1", settings="ProxyJump first")
    gpu1 = ssh("gpu1")
    problem = gpu1.trust()
    assert problem is not None and first.address in problem.what
    host_keys.trust(problem)
    assert gpu1.trust() is None and words(gpu1) == b"in\n"


def test_a_jump_that_names_itself_ends(lan, ssh):
    lan.alias("loop", "HostName 127.0.0.1\nProxyJump loop")
    with pytest.raises(RemoteError, match="jumps away"):
        ssh("loop").connect()


def test_a_proxy_command(lan, ssh):
    host = lan.host("first")
    lan.alias("gpu1", f"ProxyCommand ssh -F {lan.config} -W %h:%p first\nHostName {host.address}\nPort {host.port}")
    gpu1 = ssh("gpu1")
    assert words(gpu1) == b"in\n"
    gpu1.close()
    assert not any(b"ssh -F" in command(pid) for pid in children(os.getpid()))
    lan.alias("broken", f"ProxyCommand sh -c 'echo no way there >&2; exit 1'\nHostName {host.address}")
    with pytest.raises(Unreachable, match="no way there"):
        ssh("broken").connect()


class Listener:
    """A port that takes connections and says what it is told to say."""

    def __init__(self, piece):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.serve, args=(piece,))
        self.thread.start()

    def serve(self, piece):
        client, _ = self.server.accept()
        with client:
            while not self.over.wait(0.001 if piece else 0.1):
                try:
                    client.sendall(piece)
                except OSError:
                    return

    def close(self):
        self.over.set()
        self.thread.join()
        self.server.close()


@pytest.mark.parametrize("piece", [b"", b"Welcome to this machine\r\n", b"no line ever ends here "])
def test_a_port_that_does_not_speak_ssh_is_given_up_in_time(lan, ssh, piece):
    listener = Listener(piece)
    try:
        lan.alias("odd", f"HostName 127.0.0.1\nPort {listener.port}\nConnectTimeout 1")
        with pytest.raises(Unreachable, match=str(listener.port)):
            ssh("odd").connect()
    finally:
        listener.close()


def test_settings_follow_includes_and_what_was_typed(lan):
    more = lan.folder / "more"
    more.write_text("Host inc*\nHostName inner.example\nIdentityFile /keys/%h-%r\nPort 2200\nUser alice\n")
    lan.config.write_text(f"Include {more}\nHost *\nProxyJump none\n")
    found = settings.resolve("included", str(lan.config))
    assert (found.host, found.port, found.user, found.jumps) == ("inner.example", 2200, "alice", ())
    assert found.identities == (Path("/keys/inner.example-alice"),)
    found = settings.resolve("bob@included:7", str(lan.config))
    assert (found.port, found.user, found.identities[0]) == (7, "bob", Path("/keys/inner.example-bob"))
    assert found.known_as == ("[inner.example]:7", "inner.example")


def test_without_ssh_the_configuration_is_read_all_the_same(lan, monkeypatch, ssh):
    host = lan.host("gpu1")
    monkeypatch.setattr(settings.shutil, "which", lambda _name: None)
    found = settings.resolve("gpu1", str(lan.config))
    assert (found.host, found.port, found.connect_timeout) == (host.address, host.port, 5.0)
    assert found.identities == (lan.key,) and found.known_hosts == (lan.known_hosts,)
    assert words(ssh("gpu1")) == b"in\n"


def test_a_configuration_that_ssh_refuses_is_told(lan):
    lan.config.write_text("NoSuchKeyword yes\n")
    with pytest.raises(RemoteError, match="ssh cannot use its configuration"):
        settings.resolve("gpu1", str(lan.config))
    with pytest.raises(ValueError, match="no host"):
        SshTransport("-oProxyCommand=x")


def test_a_reset_in_the_middle_of_the_login_is_no_fault_of_ours(lan, ssh, monkeypatch):
    """paramiko raises then what its reading thread met, as it is."""
    lan.host("gpu1")

    def reset(engine, *_words):
        raise ConnectionResetError(104, "Connection reset by peer")

    with monkeypatch.context() as patched:
        patched.setattr("remote.ssh.protocol.Engine.auth_publickey", reset)
        with pytest.raises(Unreachable, match=r"hung up during the login.*reset by peer"):
            ssh("gpu1").connect()
    assert words(ssh("gpu1")) == b"in\n"


def test_a_name_without_an_address(lan, ssh):
    lan.alias("ghost", "HostName no-such-host.invalid")
    with pytest.raises((Unreachable, TimedOut), match=r"no-such-host\.invalid"):
        ssh("ghost").connect()


def test_a_configuration_that_does_not_end_holds_up_nobody_who_leaves(lan, ssh):
    """Match exec may run anything: it ends with whoever gives up."""
    lan.host("gpu1")
    mark = lan.folder / "pid"
    lan.config.write_text(f'Match exec "echo $$ > {mark}; exec sleep 1000"\n{lan.config.read_text()}')
    transport, said = ssh("gpu1"), []

    def connect():
        try:
            transport.connect()
        except Unreachable as error:
            said.append(error)

    thread = threading.Thread(target=connect)
    thread.start()
    until(lambda: mark.exists() and mark.read_text().strip())
    transport.close()
    thread.join(5)
    assert said and not thread.is_alive()
    until(lambda: not Path("/proc", mark.read_text().strip()).exists())
