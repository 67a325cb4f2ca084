"""Relays: nobody misses anything, whatever happens to them."""
