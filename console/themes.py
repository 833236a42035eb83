"""Calm themes: one accent, grey for what is well, colour where a person should look. Colour never says it alone.

`dark` and `light` are the calm pair; `contrast` is for weak screens and eyes; `colour-blind` tells good, warning and
bad by blue, yellow and vermilion (after Okabe and Ito); `ansi` uses only the terminal's own sixteen colours.
"""

from textual.theme import Theme

# What the library's own widgets (palette, input) take in a terminal's colours: readable on whatever they are set to.
_SIXTEEN = {
    "ansi-background": "ansi_default",
    "ansi-foreground": "ansi_default",
    "border-blurred": "ansi_bright_black",
    "block-cursor-foreground": "ansi_black",
    "block-cursor-background": "ansi_cyan",
    "input-cursor-background": "ansi_default",
    "input-cursor-foreground": "ansi_default",
    "input-cursor-text-style": "reverse",
    "input-selection-background": "ansi_cyan",
    "input-selection-foreground": "ansi_black",
    "screen-selection-background": "ansi_cyan",
    "screen-selection-foreground": "ansi_black",
}


def _theme(name: str, *, dark: bool = True, ansi: bool = False, **tones: str) -> Theme:
    """A theme of its tones; `ground` is the background, `raised` what lies on it."""
    return Theme(
        name=name,
        primary=tones["accent"],
        secondary=tones["second"],
        accent=tones["accent"],
        warning=tones["warn"],
        error=tones["bad"],
        success=tones["good"],
        foreground=tones["text"],
        background=tones["ground"],
        surface=tones["raised"],
        panel=tones["panel"],
        dark=dark,
        ansi=ansi,
        variables={
            "tone-text": tones["text"],
            "tone-quiet": tones["quiet"],
            "tone-strong": tones["strong"],
            "tone-line": tones["line"],
            "tone-cursor": tones["cursor"],
            "tone-cursor-away": tones["away"],
            "tone-second": tones["second"],
            "tone-third": tones["third"],  # of curves and names that stand beside each other
            "tone-fourth": tones["fourth"],
            "tone-veil": tones.get("veil", tones["ground"] + " 60%"),
            **(_SIXTEEN if ansi else {}),
        },
    )


DARK = _theme(
    "dark",
    ground="#15181c",
    raised="#1b1f24",
    panel="#22272e",
    text="#c8ccd1",
    quiet="#858c95",
    strong="#f0f2f4",
    line="#3a414a",
    cursor="#2a3542",
    away="#20262d",
    accent="#7aa2c9",
    second="#c9a26b",
    third="#b58fc9",
    fourth="#6fb8ad",
    good="#8fbc7f",
    warn="#d7a65f",
    bad="#e06c75",
)
LIGHT = _theme(
    "light",
    dark=False,
    ground="#f7f7f5",
    raised="#efefec",
    panel="#e6e6e2",
    text="#2b3036",
    quiet="#666d75",
    strong="#0b0d10",
    line="#c3c6c9",
    cursor="#d5e3f0",
    away="#e7eaed",
    accent="#1f5f99",
    second="#8a5a00",
    third="#7a3f96",
    fourth="#0f6f66",
    good="#2f6f2a",
    warn="#8a5a00",
    bad="#b3261e",
)
CONTRAST = _theme(
    "contrast",
    ground="#000000",
    raised="#000000",
    panel="#1a1a1a",
    text="#ffffff",
    quiet="#d0d0d0",
    strong="#ffffff",
    line="#a0a0a0",
    cursor="#003080",
    away="#333333",
    accent="#6fd3ff",
    second="#ffd75f",
    third="#ffa6ff",
    fourth="#7fffd4",
    good="#5fff87",
    warn="#ffdf00",
    bad="#ff8a80",
)
COLOUR_BLIND = _theme(
    "colour-blind",
    ground="#15181c",
    raised="#1b1f24",
    panel="#22272e",
    text="#d2d6da",
    quiet="#8f969e",
    strong="#f4f6f8",
    line="#3a414a",
    cursor="#283b52",
    away="#20262d",
    accent="#56b4e9",
    second="#cc79a7",
    third="#e69f00",
    fourth="#9ad0c2",
    good="#3f9fe0",
    warn="#f0e442",
    bad="#e8762c",
)
ANSI = _theme(
    "ansi",
    ansi=True,
    ground="ansi_default",
    raised="ansi_default",
    panel="ansi_default",
    text="ansi_default",
    quiet="ansi_default",
    strong="ansi_default",
    line="ansi_bright_black",
    cursor="ansi_default",
    away="ansi_default",
    accent="ansi_cyan",
    second="ansi_magenta",
    third="ansi_yellow",
    fourth="ansi_green",
    good="ansi_green",
    warn="ansi_yellow",
    bad="ansi_red",
    veil="transparent",
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT, CONTRAST, COLOUR_BLIND, ANSI)}
WORDS = {
    "dark": "calm, on a dark ground",
    "light": "calm, on a light ground",
    "contrast": "high contrast",
    "colour-blind": "good, warning and bad in colours that most eyes tell apart",
    "ansi": "the terminal's own sixteen colours",
}


def first_theme(asked: str, kept: str, *, colours: bool) -> str:
    """What was asked for, else what was chosen last; the plainest where there are no colours."""
    if not colours:
        return ANSI.name
    return asked or (kept if kept in THEMES else DARK.name)
