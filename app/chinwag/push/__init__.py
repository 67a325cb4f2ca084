"""Delivery: what the database notifies is pushed to the browsers of this process, in order and complete."""
