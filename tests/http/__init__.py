"""The HTTP API, its description, and the files that a browser loads."""
