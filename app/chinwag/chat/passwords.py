"""Passwords: hashed with argon2id, in a thread, a few at a time."""

import asyncio
import contextlib
import hashlib
import hmac
import unicodedata
from collections.abc import AsyncIterator
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from chinwag.errors import PasswordRefused, SignInBusy

LEAST_CHARACTERS = 8
MOST_CHARACTERS = 256

NO_PASSWORD = "!"  # noqa: S105
"""No password matches this, as in Unix' /etc/shadow."""

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's parameters for argon2id (Password Storage Cheat Sheet): 19 MiB, two passes."""

STAND_IN = (
    f"$argon2id$v=19$m={HASHER.memory_cost},t={HASHER.time_cost},p={HASHER.parallelism}"
    f"${'A' * 22}${'A' * 43}"
)
"""The hash that is verified where an account has none, so that this takes as long. It is 32 zero bytes, to
which nobody knows a password; to make one at each start would take every command 50 ms."""

PBKDF2 = "pbkdf2_sha256"
"""How the hashes begin that Piccolo's commands store: `pbkdf2_sha256$<iterations>$<salt>$<hash in hex>`."""

MOST_ITERATIONS = 10_000_000

HASHES_AT_ONCE = 2
"""The most hashes at a time. Each takes 19 MiB and some 30 ms of a core."""

MOST_WAITING = 50
"""The most that wait for their turn, which comes within a second or two."""


class Verdict(NamedTuple):
    """Whether a password matches a stored hash, and whether that hash is out of date."""

    matches: bool
    is_outdated: bool = False


class Passwords:
    """Hashes and verifies passwords without blocking the event loop."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(HASHES_AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Return the hash to store.

        Raises:
            SignInBusy
        """
        async with self._slot():
            return await asyncio.to_thread(hash_now, password)

    async def verify(self, password: str, stored: str) -> Verdict:
        """Compare a password with a stored hash.

        Raises:
            SignInBusy
        """
        async with self._slot():
            return await asyncio.to_thread(_verify, _normalized(password), stored)

    @contextlib.asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        if self._waiting >= MOST_WAITING:
            raise SignInBusy()
        self._waiting += 1
        try:
            async with self._slots:
                yield
        finally:
            self._waiting -= 1


def hash_now(password: str) -> str:
    """Return the hash to store. It takes some 30 ms of a core."""
    return HASHER.hash(_normalized(password))


def check_password(password: str, username: str) -> None:
    """Refuse a new password that is too short, too long or the name itself. Nothing is asked of its
    characters (NIST SP 800-63B, section 3.1.1).

    Raises PasswordRefused.
    """
    if len(password) < LEAST_CHARACTERS:
        raise PasswordRefused(f"a password must have at least {LEAST_CHARACTERS} characters")
    if len(password) > MOST_CHARACTERS:
        raise PasswordRefused(f"a password may have at most {MOST_CHARACTERS} characters")
    if password.casefold() in {username.casefold(), username.casefold() * 2} or len(set(password)) == 1:
        raise PasswordRefused("this password is too easy to guess")


def _normalized(password: str) -> bytes:
    """Return the bytes that are hashed. Another keyboard may send other code points for the same password, so
    they are normalized (Unicode Standard Annex 15)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _verify(password: bytes, stored: str) -> Verdict:
    if stored.startswith(PBKDF2):
        return Verdict(_matches_pbkdf2(password, stored), is_outdated=True)
    is_hash = stored != NO_PASSWORD
    try:
        HASHER.verify(stored if is_hash else STAND_IN, password)
    except (VerificationError, InvalidHashError):
        return Verdict(matches=False)
    return Verdict(is_hash, is_hash and HASHER.check_needs_rehash(stored))


def _matches_pbkdf2(password: bytes, stored: str) -> bool:
    try:
        _, iterations, salt, expected = stored.split("$")
        if not 1 <= int(iterations) <= MOST_ITERATIONS:
            return False
        found = hashlib.pbkdf2_hmac("sha256", password, salt.encode(), int(iterations))
        return hmac.compare_digest(found, bytes.fromhex(expected))
    except ValueError:
        return False
