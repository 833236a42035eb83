"""Signs: one for every state, told apart without colour, and each with an ASCII twin."""

from console.fleet.cells import STATES, State, WorkerRow
from console.glyphs import GLYPHS, LINKS, STALLED, UNREACHABLE, ascii_twin, glyph, marks, tally
from trainer.record.status import Criterion


def test_every_state_has_a_sign_of_its_own():
    assert set(GLYPHS) == set(STATES)
    signs = [sign for sign, _ in GLYPHS.values()] + [UNREACHABLE, STALLED]
    assert len(set(signs)) == len(signs)
    assert len({ascii_twin(sign) for sign in signs}) == len(signs)


def test_an_overlay_replaces_the_sign():
    assert glyph(State("training", "", unreachable_for=3.0))[0] == UNREACHABLE
    assert glyph(State("training", "", stalled_for=300.0))[0] == STALLED
    assert glyph(State("training", ""))[0] == GLYPHS["training"][0]


def test_an_unknown_state_is_a_question_and_no_error():
    assert glyph(State("dreaming", ""))[0] == "?"


def test_twins_are_ascii_and_keep_their_cells():
    for text in ("".join(sign for sign, _ in (*GLYPHS.values(), *LINKS.values())), "━━╸──┤├│›…×≥°▇▁", "⠀⣿⠋⣀", "日本"):
        twin = ascii_twin(text)
        assert twin.isascii()
        assert len(twin) == sum(2 if "日" <= character <= "本" else 1 for character in text)


def test_braille_keeps_its_height():
    assert ascii_twin("⠉⣀⣿⠀") == "'.: "


def test_marks():
    assert marks((Criterion(passed=True), Criterion(passed=False), Criterion())) == "●○·"


def test_tally_counts_in_the_order_of_a_life():
    rows = [WorkerRow(name, "here", None, State(name, "")) for name in ("failed", "training", "planned", "training")]
    assert [(sign, n) for sign, _, n in tally(rows)] == [("○", 1), ("▶", 2), ("✗", 1)]
