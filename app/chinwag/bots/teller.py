"""Telling drafts: what all bots of this server add is gathered, notified and saved.

What is added within a few hundredths of a second, to whichever draft, is told in one transaction that writes
nothing. Now and then the whole texts are saved, for those who join and for a server that takes over.
"""

import asyncio
import contextlib

import structlog

from chinwag.bots.draft import Draft
from chinwag.bots.draft_table import DraftTable, Told
from chinwag.db.pool import FAILURES

GATHER_SECONDS = 0.025
"""How long what is added is gathered, while the database is quick."""

MOST_GATHER_SECONDS = 0.5

SHARE = 0.1
"""The most of its time that a server spends on telling: where the database is slow, it gathers for longer."""

MOST_TOLD_A_SECOND = 400
"""The most notifications a second, of all drafts of this server. Each costs every server some time, and each
reader of the thread: where many replies are written at once, it gathers for longer."""

SAVE_SECONDS = 1.0
"""The least time between two savings of a draft. Each writes the whole text, so a long one is saved less
often."""

SAVE_SECONDS_PER_CHARACTER = 0.0001

SAVE_SHARE = 0.05
"""The most of its time that a server spends on saving."""

RETRY_SECONDS = 0.5

log = structlog.get_logger(__name__)


class DraftTeller:
    """Tells and saves the drafts of this server."""

    def __init__(self, table: DraftTable) -> None:
        self._table = table
        self._drafts: dict[int, Draft] = {}
        self._news = asyncio.Event()
        self._gather_seconds = GATHER_SECONDS
        self._saves_from = 0.0
        self._idle = asyncio.Event()
        self._idle.set()

    def add(self, draft: Draft) -> None:
        """Tell a draft from now on, and its beginning first."""
        self._drafts[draft.message_id] = draft
        self.wake()

    async def remove(self, draft: Draft) -> None:
        """Tell no more of a draft. What is being told of it is told when this returns."""
        if self._drafts.get(draft.message_id) is draft:
            del self._drafts[draft.message_id]
        await self._idle.wait()

    def wake(self) -> None:
        """Look for news."""
        self._news.set()

    async def run(self) -> None:
        """Tell and save drafts until this is cancelled."""
        while True:
            # It is not wait_for(), which can swallow a cancellation until Python 3.12.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SAVE_SECONDS if self._drafts else None):
                    await self._news.wait()
            self._news.clear()
            await asyncio.sleep(self._gather_seconds)
            began = _now()
            self._idle.clear()
            told = 0
            try:
                told = await self._tell()
                await self._save()
            except FAILURES as error:
                log.warning("drafts_not_told", error=type(error).__name__)
                for draft in self._drafts.values():
                    draft.is_told = False  # their readers lack something now
                self._news.set()
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as error:
                # A server that told nothing any more would be worse.
                log.error("telling_failed", exc_info=error)
                await asyncio.sleep(RETRY_SECONDS)
            finally:
                self._idle.set()
            needed = max((_now() - began) / SHARE, told / MOST_TOLD_A_SECOND)
            self._gather_seconds = min(max(GATHER_SECONDS, needed), MOST_GATHER_SECONDS)

    async def _tell(self) -> int:
        """Tell what was added, and return the number of notifications."""
        drafts = [draft for draft in self._drafts.values() if draft.has_news]
        whole = [draft for draft in drafts if draft.needs_saving]
        if whole:
            await self._save_these(whole, is_told=True)
        appends = [
            Told(draft.message_id, draft.attempt, draft.author, ordinal, text)
            for draft in drafts
            if not draft.needs_saving
            for ordinal, text in draft.take_appends()
        ]
        if appends:
            still_ours = await self._table.tell(appends)
            self._lose_others(appends, still_ours)
        return len(whole) + len(appends)

    async def _save(self) -> None:
        """Save the drafts of which much was told since they were saved last."""
        now = _now()
        if now < self._saves_from:
            return
        due = [
            draft
            for draft in self._drafts.values()
            if draft.is_told
            and draft.ordinal > draft.saved_ordinal
            and now > draft.saved_at + SAVE_SECONDS + SAVE_SECONDS_PER_CHARACTER * draft.characters
        ]
        if due:
            await self._save_these(due, is_told=False)
            self._saves_from = _now() + (_now() - now) / SAVE_SHARE

    async def _save_these(self, drafts: list[Draft], *, is_told: bool) -> None:
        saved = [
            Told(draft.message_id, draft.attempt, draft.author, *draft.take_whole())
            if is_told
            else Told(draft.message_id, draft.attempt, draft.author, draft.ordinal, draft.told_text)
            for draft in drafts
        ]
        still_ours = await self._table.save(saved, is_told=is_told)
        for draft, told in zip(drafts, saved, strict=True):
            draft.saved_ordinal, draft.saved_at = told.ordinal, _now()
        self._lose_others(saved, still_ours)

    def _lose_others(self, told: list[Told], still_ours: set[int]) -> None:
        for one in told:
            draft = self._drafts.get(one.message_id)
            # Meanwhile it may go on under another claim.
            if one.message_id not in still_ours and draft is not None and draft.attempt == one.attempt:
                draft.lose()


def _now() -> float:
    return asyncio.get_running_loop().time()
