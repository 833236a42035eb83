"""One module per subcommand of `trainer`: `add` describes its arguments, `run` does it.

torch is imported inside `run`, so that `--help` needs none.
"""
