"""The host's end of a transfer: Python 3.8 and the standard library, sent over the channel, nothing left behind.

`tar` is the format between both ends; it is imported on the laptop, too.
"""
