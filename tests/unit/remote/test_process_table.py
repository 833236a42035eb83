"""Which processes belong to a run: decided from a table, so that every odd case can be drawn."""

from hypothesis import given
from hypothesis import strategies as st

from remote.processes import leader, members, parse, targets


def stat(pid, parent=1, group=None, session=None, start=None, state="S", name="x"):
    fields = [state, parent, group or pid, session or pid, *[0] * 15, start or pid * 10]
    return f"stat {pid} ({name}) " + " ".join(map(str, fields)) + " 0 0"


SHELL = stat(100)
CHILD = stat(101, 100, 100, 100, name="tr) 1 (ain")
GRANDCHILD = stat(102, 101, 102, 102)
STRANGER = stat(200)
HEAD = ["boot B", "leader 100 1000 B"]


def pids(found):
    return [proc.pid for proc in found]


def test_launch_sh_its_session_and_all_below():
    table = parse([*HEAD, SHELL, CHILD, GRANDCHILD, STRANGER])
    assert pids(members(table)) == [100, 101, 102] and leader(table).pid == 100


def test_orphans_of_the_session_and_marked_ones_remain_when_launch_sh_is_dead():
    orphan, daemon = stat(101, 1, 100, 100), stat(300, 1)
    table = parse([*HEAD, orphan, daemon, "marked 300", stat(301, 300), STRANGER])
    assert pids(members(table)) == [101, 300, 301] and leader(table) is None


def test_a_number_given_to_somebody_else_is_not_ours():
    table = parse([*HEAD, stat(100, start=9999), stat(101, 100, 100, 100)])
    assert members(table) == [] and leader(table) is None


def test_a_leader_of_another_boot_is_not_ours():
    assert members(parse(["boot C", "leader 100 1000 B", SHELL, CHILD])) == []
    assert pids(members(parse(["leader 100 1000", SHELL]))) == [100]


def test_zombies_are_gone():
    assert pids(members(parse([*HEAD, SHELL, stat(101, 100, 100, 100, state="Z")]))) == [100]


def test_a_run_without_a_record_has_only_its_marked_processes():
    assert pids(members(parse(["marked 200", STRANGER, SHELL]))) == [200]


def test_signals_spare_launch_sh_and_int_goes_to_the_group_only():
    table = parse([*HEAD, SHELL, CHILD, GRANDCHILD, "marked 101", "marked 102"])
    assert pids(targets(table, "INT", [])) == [101]
    assert pids(targets(table, "TERM", [])) == [101, 102]
    assert pids(targets(table, "KILL", members(table), also_leader=True)) == [100, 101, 102]


def test_tools_that_launch_sh_uses_for_its_last_words_are_left_in_peace():
    table = parse([*HEAD, SHELL, stat(150, 100, 100, 100, name="date")])
    assert targets(table, "KILL", []) == []
    assert pids(targets(table, "KILL", members(table))) == [150]


@given(st.lists(st.text() | st.sampled_from([*HEAD, SHELL, CHILD, "marked 101", "leader x", "stat ) S 1"])))
def test_any_lines_are_read_calmly(lines):
    table = parse(lines)
    assert set(targets(table, "TERM", members(table))) <= set(members(table))


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9), st.integers(1, 9)), max_size=12))
def test_loops_of_parents_end(rows):
    lines = ["marked 1", *(stat(pid, parent, session=session) for pid, parent, session in rows)]
    assert len(members(parse(lines))) <= 9
