"""Four video networks, each in a file of its own, a quantiser, and the unified model with two heads."""
