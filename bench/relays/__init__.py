"""`python -m bench.relays`: how soon a relay notifies, and what the primary keeps for one that is gone."""
