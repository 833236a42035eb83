"""What a connection is really made of: seen on its own socket, cipher and channels, near and far."""

import socket

from wire import Wire

from remote.ssh.protocol import FAR_WINDOW, NEAR_WINDOW


def test_the_settings_are_in_force(bed, ssh):
    bed.machine("near")
    bed.machine("far", wire=Wire(delay=0.1))
    windows = {}
    for name in ("near", "far"):
        transport = ssh(name)
        assert transport.run(["true"]).code == 0
        channel = transport.open(["cat"])
        engine = transport._first.engine
        windows[name] = channel._channel.in_window_size
        assert engine.local_cipher == engine.remote_cipher == "aes128-gcm@openssh.com"
        assert engine.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
        assert engine.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000
        assert engine.sock.gettimeout() is None
        channel.close()
    assert NEAR_WINDOW <= windows["near"] < windows["far"] == FAR_WINDOW


def test_much_arrives_whole_from_far_away(bed, ssh):
    """More than any window, over a line that loses packets."""
    bed.machine("far", wire=Wire(delay=0.01, loss=0.002))
    done = ssh("far").run(["head", "-c", str(6 * 2**20), "/dev/zero"], timeout=60)
    assert done.code == 0 and len(done.stdout) == 6 * 2**20
