"""Networks for EEG windows."""
