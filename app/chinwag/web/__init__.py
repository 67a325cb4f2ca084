"""HTTP: the API and its problems, the page and its files, and access control."""
