"""The page's files: read, minified and compressed once, then served from memory.

Litestar's static files are read from the disk for each request, and compressed for each; the page has some
thirty files, and for a newcomer they come all at once.
"""

import base64
import gzip
import hashlib
import mimetypes
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import brotli
from litestar import Request, Response
from litestar.exceptions import NotFoundException
from msgspec import Struct

from chinwag.headers import PAGE_POLICY, is_answered_with_part
from chinwag.resources import folder
from chinwag.web.minify import MINIFIERS

STATIC = folder("static")

FILES = {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*") if path.is_file()}
"""The files of the page by their paths under `static`, such as `net/api.js`. A new file needs a new start."""

STYLE_IMPORT = re.compile(rb'@import "\./([^"]+)";')

DOCUMENTS = {"text/html", "image/svg+xml"}

PARTS = {".js", ".css"}
"""What a page loads, and no browser opens as a document that may load something."""

MODULE = "text/javascript"
"""A module is always in UTF-8 (HTML, "fetch a single module script"): its type names no charset."""

COMPRESSED_BYTES = 100_000
"""A larger file, which is one of the documentation's, is not compressed: it would take a second."""


class Asset(Struct, frozen=True):
    """A file as it goes over the wire."""

    content: bytes
    compressed: Mapping[str, bytes]
    """By content coding, the smallest first."""
    content_type: str
    etag: str
    headers: Mapping[str, str]
    """Those that an answer without content has, too: a browser that has the file takes them over."""


def find(name: str) -> Path:
    """A file of the page. The name is looked up and never made part of a path, so it cannot lead elsewhere.

    Raises:
        NotFoundException
    """
    if name not in FILES:
        raise NotFoundException("there is no such file")
    return FILES[name]


def answer(path: Path, request: Request[Any, Any, Any]) -> Response[bytes]:
    """The file, or 304 for a browser that has it (RFC 9110, section 13.1.2)."""
    asset = _asset(path)
    if path.suffix in PARTS:
        is_answered_with_part(request)
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=asset.headers)
    headers = {**asset.headers, "Content-Type": asset.content_type}
    accepted = request.headers.get("accept-encoding", "")
    for coding, content in asset.compressed.items():
        if _takes(coding, accepted):
            return Response(content, headers={**headers, "Content-Encoding": coding})
    return Response(asset.content, headers=headers)


def content(name: str) -> bytes:
    """A file of the page, minified."""
    return _asset(find(name)).content


def prepare() -> None:
    """Minify and compress all of them, so that the first visitor need not wait the 0.5 s that it takes."""
    for path in FILES.values():
        _asset(path)


def _takes(coding: str, accepted: str) -> bool:
    """RFC 9110, section 12.5.3; a quality of 0 refuses."""
    return re.search(rf"\b{coding}\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", accepted) is not None


def _asset(path: Path) -> Asset:
    parts = path.parent.glob("*.css") if path.suffix == ".css" else [path]
    # So that who edits a file need not start the server anew.
    return _read(path, max(part.stat().st_mtime_ns for part in parts))


@lru_cache
def _read(path: Path, _modified: int) -> Asset:
    content = _minified(path)
    compressed = {}
    if len(content) <= COMPRESSED_BYTES:
        compressed["br"] = brotli.compress(content, mode=brotli.MODE_TEXT)  # type: ignore[no-untyped-call]
        compressed["gzip"] = gzip.compress(content, mtime=0)
    etag = f'"{base64.urlsafe_b64encode(hashlib.blake2b(content, digest_size=6).digest()).decode()}"'
    headers = {"ETag": etag, "Vary": "Accept-Encoding"}
    media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
    if media_type in DOCUMENTS:
        headers["Content-Security-Policy"] = PAGE_POLICY
    is_text = media_type.startswith("text/") and media_type != MODULE
    content_type = f"{media_type}; charset=utf-8" if is_text else media_type
    return Asset(content, compressed, content_type, etag, headers)


def _minified(path: Path) -> bytes:
    """A file without comments and white space, which would be a third of a first visit; a style sheet with
    those that it imports in it, as the head of each answer is some 400 bytes. The documentation's are as they
    are."""
    content = path.read_bytes()
    if STATIC not in path.parents or path.suffix not in MINIFIERS:
        return content
    if path.suffix == ".css":
        content = STYLE_IMPORT.sub(lambda found: (path.parent / found[1].decode()).read_bytes(), content)
    return MINIFIERS[path.suffix](content)
