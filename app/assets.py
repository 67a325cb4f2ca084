"""The files of the page: read and compressed once, and answered from memory.

Litestar's static files are read from the disk for each request, and compressed for each; the page has some
thirty modules, and for a newcomer they come all at once.
"""

import gzip
import hashlib
import mimetypes
from functools import lru_cache
from pathlib import Path
from typing import Any

from litestar import Request, Response
from litestar.exceptions import NotFoundException
from msgspec import Struct

from app.settings import ROOT

STATIC = ROOT / "static"


class Asset(Struct, frozen=True):
    """A file as it goes over the wire."""

    content: bytes
    compressed: bytes
    etag: str
    media_type: str


def answer(name: str, request: Request[Any, Any, Any]) -> Response[bytes]:
    """The file, or 304 for a browser that has it (RFC 9110, section 13.1.2).

    Raises:
        NotFoundException
    """
    path = STATIC / name
    if path.parent != STATIC or not path.is_file():
        raise NotFoundException(f"there is no file {name}")
    asset = _read(path, path.stat().st_mtime_ns)  # so that who edits a file need not start the server anew
    headers = {"ETag": asset.etag, "Vary": "Accept-Encoding"}
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    takes_gzip = "gzip" in request.headers.get("accept-encoding", "")
    if takes_gzip:
        headers["Content-Encoding"] = "gzip"
    content = asset.compressed if takes_gzip else asset.content
    return Response(content, media_type=asset.media_type, headers=headers)


@lru_cache
def _read(path: Path, _modified: int) -> Asset:
    content = path.read_bytes()
    media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    etag = f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    return Asset(content, gzip.compress(content, mtime=0), etag, media_type)
