"""The page's files: read, joined, minified and compressed once, then served from memory.

Litestar's static files are read from the disk for each request, and compressed for each; the page has some
seventy modules, of which a newcomer needs forty at once.
"""

import base64
import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import brotli
from litestar import Request, Response
from litestar.exceptions import NotFoundException
from msgspec import Struct

from chinwag.headers import PAGE_POLICY, is_answered_with_part
from chinwag.resources import folder
from chinwag.web.bundle import bundle
from chinwag.web.minify import MINIFIERS

STATIC = folder("static")

FILES = {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*") if path.is_file()}
"""The files of the page by their paths under `static`, such as `net/api.js`. A new file needs a new start."""

MODULES = {name: path for name, path in FILES.items() if path.suffix == ".js"}

BUNDLES = {f"bundle/{name}/": f"{name}.js" for name in ("app", "join", "people", "profile", "sign-in")}
"""By the space of its addresses under `static`, the module with which a bundle begins. Each page whose module
imports others has one."""

STYLE_IMPORT = re.compile(rb'@import "\./([^"]+)";')

DOCUMENTS = {"text/html", "image/svg+xml"}

TYPES = {".map": "application/json"}
"""Those that `mimetypes` does not know."""

PARTS = {".js", ".css"}
"""What a page loads, and no browser opens as a document that may load something."""

MODULE = "text/javascript"
"""A module is always in UTF-8 (HTML, "fetch a single module script"): its type names no charset."""


class Asset(Struct, frozen=True):
    """A file as it goes over the wire."""

    content: bytes
    compressed: Mapping[str, bytes]
    """By content coding, the smallest first."""
    content_type: str
    etag: str
    headers: Mapping[str, str]
    """Those that an answer without content has, too: a browser that has the file takes them over."""
    is_part: bool


def find(name: str) -> Asset:
    """A file of the page, or one of a bundle, by its path under `static`. The name is looked up and never
    made part of a path, so it cannot lead elsewhere.

    Raises:
        NotFoundException
    """
    if name in FILES:
        return _of_page(FILES[name], _last_change(FILES[name]))
    for space in BUNDLES:
        if name.startswith(space):
            return _of_bundle(space, name.removeprefix(space), _last_change(*MODULES.values()))
    raise NotFoundException("there is no such file")


def load(path: Path) -> Asset:
    """A file that is not of the page, as it is. It is not compressed, which would take a second."""
    return _of_documentation(path, _last_change(path))


def answer(asset: Asset, request: Request[Any, Any, Any]) -> Response[bytes]:
    """The file, or 304 for a browser that has it (RFC 9110, section 13.1.2)."""
    if asset.is_part:
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
    return find(name).content


def prepare() -> None:
    """Join, minify and compress what the pages load. A server does it before it serves: it takes a second,
    for which all who come back after a restart would wait. The modules as they are written are for other
    pages, and are prepared when one asks."""
    for name in [*FILES.keys() - MODULES.keys(), "docs.js", "sockets.js"]:
        find(name)
    for space, first in BUNDLES.items():
        for name in _joined(first, _last_change(*MODULES.values())):
            if name in MODULES:
                find(f"{space}{name}")


def _takes(coding: str, accepted: str) -> bool:
    """RFC 9110, section 12.5.3; a quality of 0 refuses."""
    return re.search(rf"\b{coding}\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", accepted) is not None


def _last_change(*paths: Path) -> int:
    """When a file, or a part of it, was changed last. So who edits one need not start the server anew."""
    parts = [part for path in paths for part in _parts(path)]
    return max(part.stat().st_mtime_ns for part in parts)


def _parts(path: Path) -> Iterable[Path]:
    return path.parent.glob("*.css") if path.suffix == ".css" else [path]


@lru_cache(maxsize=512)
def _of_page(path: Path, _modified: int) -> Asset:
    return _asset(path.name, _minified(path))


@lru_cache
def _of_documentation(path: Path, _modified: int) -> Asset:
    return _asset(path.name, path.read_bytes(), is_compressed=False)


@lru_cache(maxsize=512)
def _of_bundle(space: str, name: str, modified: int) -> Asset:
    files = _joined(BUNDLES[space], modified)
    if name not in files:
        raise NotFoundException("there is no such file")
    # Only developers load a source map, and it would take as long to compress as all else.
    return _asset(name, files[name], is_compressed=name in MODULES)


@lru_cache(maxsize=2 * len(BUNDLES))
def _joined(first: str, _modified: int) -> Mapping[str, bytes]:
    return bundle(first, MODULES)


def _asset(name: str, content: bytes, *, is_compressed: bool = True) -> Asset:
    compressed = {}
    if is_compressed:
        compressed["br"] = brotli.compress(content, mode=brotli.MODE_TEXT)  # type: ignore[no-untyped-call]
        compressed["gzip"] = gzip.compress(content, mtime=0)
    etag = f'"{base64.urlsafe_b64encode(hashlib.blake2b(content, digest_size=6).digest()).decode()}"'
    headers = {"ETag": etag, "Vary": "Accept-Encoding"}
    suffix = Path(name).suffix
    media_type = TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    if media_type in DOCUMENTS:
        headers["Content-Security-Policy"] = PAGE_POLICY
    is_text = media_type.startswith("text/") and media_type != MODULE
    content_type = f"{media_type}; charset=utf-8" if is_text else media_type
    return Asset(content, compressed, content_type, etag, headers, suffix in PARTS)


def _minified(path: Path) -> bytes:
    """A file without comments and white space, which would be a third of a first visit; a style sheet with
    those that it imports in it, as the head of each answer is some 400 bytes."""
    content = path.read_bytes()
    if path.suffix not in MINIFIERS:
        return content
    if path.suffix == ".css":
        content = STYLE_IMPORT.sub(lambda found: (path.parent / found[1].decode()).read_bytes(), content)
    return MINIFIERS[path.suffix](content)
