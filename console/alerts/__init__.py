"""Telling a person who is not looking: what is worth a word, when it is told, and how it gets there.

notices   rows of the screen → what could be told; pure
book      what was told already: a notice must hold for a while, and ends when it has been away for a while; pure
corner    what of it is worth a word on the screen, and when; pure
quiet     hours in which only errors are told; pure
message   one alert as text, as JSON, as Slack and ntfy want it; pure
ways      a command, a webhook, the terminal: each delivers one alert, or says why it could not
outbox    what has not been delivered yet, on the disk, tried again until it is
"""
