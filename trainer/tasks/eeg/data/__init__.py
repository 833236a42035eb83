"""EEG recordings: files, events, windows, and the splits by subject."""
