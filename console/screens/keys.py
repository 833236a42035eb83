"""Keys as people write them."""

_KEYS = {
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "question_mark": "?",
    "slash": "/",
    "full_stop": ".",
    "comma": ",",
    "plus": "+",
    "minus": "-",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "shift+left": "S-←",
    "shift+right": "S-→",
    "colon": ":",
    "ampersand": "&",
    "shift+up": "S-↑",
    "shift+down": "S-↓",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "ctrl+pagedown": "ctrl+PgDn",
    "ctrl+pageup": "ctrl+PgUp",
    "delete": "Del",
    "escape": "Esc",
    "enter": "Enter",
    "space": "Space",
    "tab": "Tab",
    "shift+tab": "S-Tab",
    "home": "Home",
    "end": "End",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def key_name(key: str) -> str:
    """A key as people write it."""
    return _KEYS.get(key, key)
