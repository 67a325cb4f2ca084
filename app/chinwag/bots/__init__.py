"""Bots: the queue of replies that are due, and the bots that come with Chinwag, one a file."""
