"""What a person sees and types: configuration, fleet state, history, race, TUI, CLI, report.

May import `remote`, and of `trainer` only the standard-library half: `trainer.record` (the run directory) and
`trainer.schema` (typed TOML). Never imports torch.
"""
