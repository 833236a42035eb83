"""The headless trainer that runs on the host: data, models, training loop, stopping rules, the run directory.

Imports torch and numpy only inside the modules that need them, so that `import trainer`, `import trainer.record`
and `trainer --help` work without torch, and fast. Never imports `console`, `remote`, textual or paramiko.
"""
