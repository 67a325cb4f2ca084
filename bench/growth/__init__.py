"""How Chinwag's cost grows with what it is given: `python -m bench.growth`."""
