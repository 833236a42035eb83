"""How to reach a host and make it do things: transports, probe, link, launchers.

Knows hosts, bytes and processes; knows nothing of training or of screens. Never imports `console`, `trainer`, torch
or textual. `remote/probe/` is sent to the host as source and must run there on the standard library alone.
"""
