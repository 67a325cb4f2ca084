"""Replies of bots on the page."""
