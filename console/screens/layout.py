"""How the screen's height is shared out. Pure."""

LEAST_WIDTH, LEAST_HEIGHT = 60, 16
TOO_SMALL = f" trajconsole needs {LEAST_WIDTH}×{LEAST_HEIGHT} cells"
_LEAST = 4  # … and when a person wants taller tables
_DETAIL = 7  # lines that the lower pane keeps as long as the tables have any


def too_small(width: int, height: int) -> bool:
    """Nothing useful fits."""
    return width < LEAST_WIDTH or height < LEAST_HEIGHT


def heights(height: int, hosts: int, workers: int, taller: int = 0) -> tuple[int, int]:
    """Lines for the hosts and the workers tables, heads included; the rest is the lower pane's.

    `taller`: lines that a person gave to the tables, or took from them.
    """
    least, most = min(_LEAST, height // 3), max(_DETAIL, height - 5)
    detail = max(least, min(most, max(_DETAIL, height * 2 // 5) - taller))
    for_hosts = min(hosts + 1, max(2, height // 4))
    for_workers = min(workers + 1, max(3, height - detail - for_hosts))
    return for_hosts, for_workers
