"""Text from elsewhere, made harmless: logs, reasons, names. Nothing in it may move the cursor, ring, colour or hide.

A terminal's control sequences are taken out; a carriage return keeps what a terminal would show last (progress bars);
other control characters, and those that reorder text, become visible.
"""

import re

_ESCAPES = re.compile(
    r"""
      (?:\x1b\[|\x9b) [0-?]* [ -/]* [@-~]?               # CSI: colours, cursor, modes
    | (?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f]) [^\x07\x1b\x9c]* (?:\x07|\x1b\\|\x9c)?  # OSC, DCS: with their text
    | \x1b [ -/]* [0-~]?                                 # the short ones
    """,
    re.VERBOSE,
)
_PLAIN = re.compile(r"[ -~]*\Z")
_HIDDEN = {
    **{code: chr(0x2400 + code) for code in range(32)},
    0x7F: "␡",
    **dict.fromkeys(range(0x80, 0xA0), "�"),
    **dict.fromkeys(range(0xD800, 0xE000), "�"),  # halves of pairs
    **dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "�"),  # reordering
    **dict.fromkeys((0x200B, 0x2060, 0xFEFF), ""),  # no width at all
    0x2028: "␤",
    0x2029: "␤",
}


def plain(text: str, *, tab: int = 4) -> str:
    """One line of text that is safe to draw in cells."""
    if _PLAIN.match(text):
        return text
    text = _ESCAPES.sub("", text).rstrip("\r\n")
    if "\r" in text:
        text = last_state(text)[1]
    if "\b" in text:
        text = _backspaced(text)
    return text.expandtabs(tab).translate(_HIDDEN)


def last_state(text: str) -> tuple[str, str]:
    """A line as (what a terminal wrote over, what it shows last)."""
    before, back, last = text.rstrip("\r\n").rpartition("\r")
    return before + back, last


def _backspaced(text: str) -> str:
    kept: list[str] = []
    for character in text:
        if character != "\b":
            kept.append(character)
        elif kept:
            kept.pop()
    return "".join(kept)
