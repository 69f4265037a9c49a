"""Search for settings: the same number of trials for every method, drawn in advance; a winner each; fresh seeds."""
