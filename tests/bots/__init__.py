"""The bots: one reply for every message, in a fair order."""
