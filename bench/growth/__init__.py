"""`python -m bench.growth`: it measures how Chinwag's cost grows with what it is given."""
