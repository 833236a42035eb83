"""Two calm themes: one accent, grey for what is well, colour where a person should look."""

from textual.theme import Theme

DARK = Theme(
    name="calm-dark",
    primary="#7aa2c9",
    secondary="#c9a26b",
    accent="#7aa2c9",
    warning="#d7a65f",
    error="#e06c75",
    success="#8fbc7f",
    foreground="#c8ccd1",
    background="#15181c",
    surface="#1b1f24",
    panel="#22272e",
    dark=True,
    variables={
        "tone-text": "#c8ccd1",
        "tone-quiet": "#858c95",
        "tone-strong": "#f0f2f4",
        "tone-line": "#3a414a",
        "tone-cursor": "#2a3542",
        "tone-cursor-away": "#20262d",
        "tone-second": "#c9a26b",
    },
)
LIGHT = Theme(
    name="calm-light",
    primary="#1f5f99",
    secondary="#8a5a00",
    accent="#1f5f99",
    warning="#8a5a00",
    error="#b3261e",
    success="#2f6f2a",
    foreground="#2b3036",
    background="#f7f7f5",
    surface="#efefec",
    panel="#e6e6e2",
    dark=False,
    variables={
        "tone-text": "#2b3036",
        "tone-quiet": "#666d75",
        "tone-strong": "#0b0d10",
        "tone-line": "#c3c6c9",
        "tone-cursor": "#d5e3f0",
        "tone-cursor-away": "#e7eaed",
        "tone-second": "#8a5a00",
    },
)
