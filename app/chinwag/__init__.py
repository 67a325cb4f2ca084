"""Chinwag: a real-time chat that needs PostgreSQL and nothing else."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from litestar import Litestar


def create_app() -> "Litestar":
    """The application, where `litestar run` looks for it."""
    # Not at the top of the file: whoever imports one part would import them all.
    from chinwag import asgi

    return asgi.create_app()
