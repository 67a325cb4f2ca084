"""The embedded PostgreSQL keeps its data, never outlives its owner, and starts after anything."""
