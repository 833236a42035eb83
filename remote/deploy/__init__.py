"""The laptop's side of deploying: trees of files, named by their content, and how they get onto a host.

Knows bytes, folders and git; nothing of trainers or workers. The other side is `remote.store`.
"""
