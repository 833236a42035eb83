"""The host's side of deploying: objects by their hash, and trees made of them, below `<root>/code`.

Sent to the host over a channel, as the probe is, and run by whatever Python is there: 3.8 or newer, standard library
only. Knows bytes and folders; what they are for is the laptop's business.
"""
