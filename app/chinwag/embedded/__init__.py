"""A PostgreSQL of Chinwag's own: found or started, supervised, and stopped with the server."""
