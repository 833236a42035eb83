"""Numbers for people, as tables of outcomes have them. None and NaN are a dash."""

import math

UNKNOWN = "–"


def known(value: float | None) -> bool:
    return value is not None and not math.isnan(value)


def figure(value: float | None) -> str:
    """Four digits: 0.9375, 12.31, 2.3e-04."""
    if value is None or math.isnan(value):
        return UNKNOWN
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value and (abs(value) < 1e-3 or abs(value) >= 1e6):
        return f"{value:.1e}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4f}" if abs(value) < 1 else f"{value:.4g}"


def percent(share: float | None) -> str:
    """95.4 %; a hundred only when it is one."""
    if share is None or math.isnan(share):
        return UNKNOWN
    text = f"{share * 100:.1f}"
    return f"{'99.9' if text == '100.0' and share < 1 else text} %"


def percent_range(low: float, high: float) -> str:
    """93.9–96.6 %."""
    return f"{low * 100:.1f}–{high * 100:.1f} %"


def count(value: float | None) -> str:
    """12,345."""
    return UNKNOWN if value is None or math.isnan(value) else f"{value:,.0f}"


def seconds(value: float | None) -> str:
    """3.2 s, 4:05 min, 2:03 h."""
    if value is None or math.isnan(value):
        return UNKNOWN
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes}:{rest:02d} min" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d} h"


def size(amount: float | None) -> str:
    """12.9 MiB."""
    if amount is None or math.isnan(amount):
        return UNKNOWN
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def names(words: list[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def plural(amount: int, word: str) -> str:
    return f"{amount:,} {word}" if amount == 1 else f"{amount:,} {word}s"
