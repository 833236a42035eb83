"""Shell scripts that run on the host, as files of their own: POSIX sh, no bash. `remote.shell` fills in what varies."""
