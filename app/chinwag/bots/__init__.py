"""The bots that come with Chinwag, one in each file, and the queue that has them reply."""
