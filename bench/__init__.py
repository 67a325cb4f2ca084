"""Chinwag and other servers side by side: `python -m bench`."""
