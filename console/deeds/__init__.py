"""What is done to workers and hosts, one file a deed; `console.actions` offers them all to screen and command line.

A deed blocks, tells its progress as steps and ends with a verdict. It knows hosts and configuration, and no screen.
"""
