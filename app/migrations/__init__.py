"""Piccolo's migrations. The SQL itself is in sql/."""
