"""What the host's scripts say of foreign work, read leniently."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remote.adoption import Foreign, parse_foreign, parse_seen
from remote.errors import CommandFailed


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def test_a_session_is_one_line_however_many_panes_it_has():
    pane = "session\t/tmp/tmux-0/default\t{}\t1700000000\tnight run\n"
    text = pane.format(12) + pane.format(13)
    assert list(parse_foreign(text)) == [Foreign(12, "night run", "/tmp/tmux-0/default")]


def test_a_process_keeps_its_whole_command():
    (found,) = parse_foreign("process\t77\t120\t3600\tpython train.py --name a\tb\nodd\n")
    assert found == Foreign(77, command="python train.py --name a\tb", used_s=120.0, age_s=3600.0)


@given(st.text())
def test_any_text_is_read(text):
    assert all(item.pid > 0 for item in parse_foreign(text))


def test_what_was_seen():
    text = (
        f"pid 7\nstart 900\nboot b\nsocket {encoded('/tmp/s')}\nargv {encoded('python' + chr(0) + 'a b.py' + chr(0))}\n"
        f"cwd {encoded('/home/é')}\nlog {encoded('/home/é/nohup.out')}\nsince 170\ntrajconsole seen\n"
    )
    seen = parse_seen(text, "night")
    assert (seen.pid, seen.start, seen.argv, seen.folder) == (7, 900, ("python", "a b.py"), "/home/é")
    assert (seen.log, seen.session, seen.socket, seen.since) == ("/home/é/nohup.out", "night", "/tmp/s", 170.0)


@given(st.text(alphabet="pidstartargvbootcwd 0123456789=\n"))
def test_half_an_answer_is_an_error_that_says_so(text):
    try:
        assert parse_seen(text).pid >= 0
    except CommandFailed as error:
        assert "did not say" in str(error)


def test_nothing_is_an_error():
    with pytest.raises(CommandFailed):
        parse_seen("")
