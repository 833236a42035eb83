"""Widgets: each takes plain values and draws lines of cells. None fetches anything, and none knows where rows come from."""
