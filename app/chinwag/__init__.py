"""Chinwag: a real-time chat that needs PostgreSQL and nothing else."""
