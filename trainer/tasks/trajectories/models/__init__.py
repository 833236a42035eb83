"""Four video networks, each in a file of its own, the quantiser of one of them, and the unified model with two heads."""
