"""What stands on the screen, as text; and waiting until it stands there."""

from textual.app import App
from textual.pilot import Pilot


def screen_lines(app: App) -> list[str]:
    """Every line of the terminal, through the same filters as the terminal's own."""
    screen = app.screen
    strips = screen._compositor.render_strips()
    filters = app.get_line_filters()
    out = []
    for strip in strips:
        segments = list(strip)
        for item in filters:
            segments = item.apply(segments, screen.styles.background)
        out.append("".join(segment.text for segment in segments).rstrip())
    return out


def screen_text(app: App) -> str:
    return "\n".join(screen_lines(app))


async def settled(pilot: Pilot) -> None:
    """Everything that was asked for is on the screen."""
    for _ in range(3):
        await pilot.pause()
