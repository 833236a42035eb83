"""Widgets: each takes plain values and draws lines of cells. None knows where rows come from."""
