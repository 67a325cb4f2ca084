"""The bots that come with Chinwag, one a file."""
