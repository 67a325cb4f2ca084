"""Delivery: pushes what the database notifies to the browsers of this process, complete and in order."""
