"""The commands of `trajconsole`, one module each: `add` describes arguments, `run` does it and returns the exit code.

What a command needs is imported when it runs, so that `trajconsole --help` stays quick.
"""
