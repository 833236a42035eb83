"""config.toml changed by the console as a careful person would: one value at a time, everything else left as it was.

    text    pure: TOML text and a change → TOML text
    draft   a file, the changes that are meant for it, what they make of it, and writing it

Nothing here knows screens or hosts.
"""
