"""Operators see what a server does and why it is not ready, and nobody else sees more than that."""
