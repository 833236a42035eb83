"""What a person chose is found again; whatever stands in the file, the console starts."""

import contextlib
import threading
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.settings import FILE, ChartChoices, Settings, SettingsFile, from_toml, to_toml
from trainer.record import toml

CHARTS = ChartChoices("epoch", 0.9, ("loss", "[red]"), ("lr", 'a "quoted"\nname'))
CHOSEN = Settings("light", ("worker", "best val_loss", "eta"), "eta", True, "events", 3, True, False, CHARTS)
KEYS = ["columns", "sort", "taller", "axis", "smoothing", "hidden"]
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=8) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner),
)
TABLE = st.dictionaries(st.sampled_from(["theme", "workers", "layout", "log", "charts", "other"]), ANY)


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_what_was_chosen_is_found_again(tmp_path):
    before = SettingsFile(tmp_path / "state")
    before.change(**{name: getattr(CHOSEN, name) for name in CHOSEN.__dataclass_fields__})
    assert SettingsFile(tmp_path / "state").value == CHOSEN
    assert before.take_problem() == ""
    assert names(tmp_path / "state") == [FILE]


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    SettingsFile(None).change(theme="light")
    assert names(tmp_path) == []


@pytest.mark.parametrize("damage", [b"theme = ", b"\xff\xfe\x00", b"[workers\n"])
def test_a_damaged_file_is_set_aside_and_said_once(tmp_path, damage):
    (tmp_path / FILE).write_bytes(damage)
    found = SettingsFile(tmp_path)
    said = found.take_problem()
    assert "could not be read" in said and f"{FILE}.damaged-" in said and found.take_problem() == ""
    assert found.value == Settings()
    (aside,) = tmp_path.glob(f"{FILE}.damaged-*")
    assert aside.read_bytes() == damage
    found.change(theme="ansi")
    assert SettingsFile(tmp_path).value.theme == "ansi"


def test_a_folder_that_cannot_be_written_is_said_and_nothing_else(tmp_path):
    (tmp_path / "state").write_text("a file stands where the folder should be")
    found = SettingsFile(tmp_path / "state")
    found.take_problem()
    found.change(theme="light")
    assert "not kept" in found.take_problem() and found.value.theme == "light"


def test_of_two_consoles_the_last_wins_and_no_reader_sees_half_a_file(tmp_path):
    first, second = SettingsFile(tmp_path), SettingsFile(tmp_path)
    over = threading.Event()
    seen = []

    def read():
        while not over.is_set():
            with contextlib.suppress(FileNotFoundError):
                seen.append(from_toml(tomllib.loads((tmp_path / FILE).read_text())))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for n in range(60):
            first.change(sort=f"a{n}", columns=("worker",) * 1 + tuple(f"c{i}" for i in range(40)))
            second.change(sort=f"b{n}")
    finally:
        over.set()
        reader.join()
    assert SettingsFile(tmp_path).value.sort == "b59"
    assert {item.sort[0] for item in seen} <= {"a", "b"}
    assert names(tmp_path) == [FILE]


@given(TABLE)
def test_any_table_gives_settings_that_can_be_written_again(table):
    value = from_toml(table)
    assert from_toml(tomllib.loads(toml.dumps(to_toml(value)))) == value


@given(st.binary(max_size=60))
def test_any_bytes_give_settings(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("state")
    (folder / FILE).write_bytes(data)
    assert isinstance(SettingsFile(folder).value, Settings)
