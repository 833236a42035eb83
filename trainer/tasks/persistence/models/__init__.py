"""The two models of the race, and the frozen backbone of one of them."""
