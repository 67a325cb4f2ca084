"""Audiences: the accounts that see a thread, as the table has them."""

from collections.abc import Awaitable, Callable

Audience = frozenset[int] | None
"""The ids of the accounts that see a thread; None stands for all."""

FindAudiences = Callable[[list[int]], Awaitable[dict[int, Audience]]]
"""`find_audiences(ids)` returns the audiences of those of the ids that are threads."""

NOBODY: frozenset[int] = frozenset()

REMEMBERED = 500_000
"""The most accounts in remembered audiences, and the most audiences; then all are forgotten."""


class Audiences:
    """The audiences that are remembered, until they change."""

    def __init__(self, find: FindAudiences) -> None:
        self._find = find
        self._known: dict[int, Audience] = {}
        self._size = 0
        self._loading: set[int] = set()

    def forget(self, thread_id: int) -> None:
        """Forget an audience, because it has changed."""
        self._known.pop(thread_id, None)
        self._loading.discard(thread_id)

    def forget_all(self) -> None:
        """Forget all, because changes may have been missed."""
        self._known.clear()
        self._loading.clear()
        self._size = 0

    async def load(self, thread_ids: set[int]) -> None:
        """Read the audiences of threads that are not known yet. Those that change meanwhile are read
        again."""
        if self._size > REMEMBERED:
            self.forget_all()
        while missing := [id for id in thread_ids if id not in self._known]:
            self._loading.update(missing)
            found = await self._find(missing)
            for id in missing:
                if id in self._loading:
                    self._loading.discard(id)
                    audience = self._known[id] = found.get(id, NOBODY)
                    self._size += 1 if audience is None else 1 + len(audience)

    def of(self, thread_id: int) -> Audience:
        """Return an audience that was loaded."""
        return self._known[thread_id]
