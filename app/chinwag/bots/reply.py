"""One reply, from the claim of its request to its end: stored, parked, or left to another server."""

import asyncio
import contextlib
from typing import get_args

import structlog

from chinwag import wire
from chinwag.bots.bot import Bot, BotFailed, Conversation, ReplyCut
from chinwag.bots.draft import Draft
from chinwag.bots.draft_table import DraftTable, Told
from chinwag.bots.pieces import pieces_of
from chinwag.bots.teller import DraftTeller
from chinwag.chat.store import Post
from chinwag.chat.writer import Writer
from chinwag.counts import REPLIES
from chinwag.db.pool import FAILURES
from chinwag.errors import DatabaseUnavailable, NoSuchThread, Refusal, TryAgain

TELL_AFTER_SECONDS = 0.05
"""A reply that takes less is not told as a draft: it is stored at once."""

RETRY_SECONDS = 0.5

CANCEL_SECONDS = 1.0
"""How long a bot may take to clean up when it is cancelled."""

PIECES_AT_ONCE = 100
"""How many pieces a bot may yield without a pause before everything else gets its turn."""

MOST_BYTES = 1_000_000
"""The most bytes that a message may have (sql/30_message.sql)."""

NOTHING_SAID = "…"
"""The content of a reply that was stopped before its first word: a message must have a visible character."""

for failure in get_args(wire.Failure):
    REPLIES.expect(failure)

log = structlog.get_logger(__name__)


class Reply:
    """A reply that this server gives.

    It ends in one of four ways: it is stored, whole or as far as it had come; the bot has failed, and the
    request is parked; another server has taken it over; or nobody waits for it any more, because the thread
    was deleted, the bot was removed, or somebody else has replied.

    Attributes:
        draft: what was written of it.
        is_stored: whether it is stored.
    """

    def __init__(
        self,
        draft: Draft,
        *,
        replaces: int | None,
        table: DraftTable,
        teller: DraftTeller,
        writer: Writer,
        most_characters: int,
    ) -> None:
        self.draft = draft
        self._replaces = replaces
        self._table = table
        self._teller = teller
        self._writer = writer
        self._most_characters = most_characters
        self._ended: wire.Ended | None = None
        self._failure: wire.Failure | None = None
        self.is_stored = False

    def may_go_on_for(self, replaces: int | None) -> bool:
        """Whether what is being written here is still wanted under a new claim.

        It is not if this server was paused, and meanwhile the reply was stored and a person has asked for
        another version.

        Args:
            replaces: that of the request.
        """
        return replaces == self._replaces and not self.draft.is_lost

    async def give(self, bot: Bot, conversation: Conversation) -> None:
        """Have the bot write, and store what it has written."""
        self.draft.writing = asyncio.create_task(self._write(bot, conversation))
        telling = asyncio.create_task(self._tell_later())
        try:
            await asyncio.wait({self.draft.writing})
            if self.draft.is_stopped:
                self._ended, self._failure = "stopped", None
            elif self.draft.writing.cancelled() and not self.draft.is_lost:
                self._failure = "bot_failed"  # the bot has cancelled itself, and would do it again
        finally:
            telling.cancel()
            self.draft.cancel()
            await asyncio.wait({self.draft.writing}, timeout=CANCEL_SECONDS)
            await self._teller.remove(self.draft)
        await self._end()

    async def store_stopped(self, text: str) -> None:
        """Store what a server had written that is gone, because a person has stopped the reply.

        Args:
            text: the draft as it was saved last.
        """
        self.draft.append(text)
        self._ended = "stopped"
        await self._end()

    async def park(self, failure: wire.Failure) -> None:
        """Leave the request to a person, without asking the bot."""
        self._failure = failure
        await self._end()

    async def _tell_later(self) -> None:
        await asyncio.sleep(TELL_AFTER_SECONDS)
        self._teller.add(self.draft)

    async def _write(self, bot: Bot, conversation: Conversation) -> None:
        number = 0
        try:
            async with contextlib.aclosing(pieces_of(bot, conversation)) as pieces:
                async for piece in pieces:
                    self._append(piece)
                    number += 1
                    if number % PIECES_AT_ONCE == 0:
                        await asyncio.sleep(0)  # the bot may have waited for nothing
            if not self.draft.text.strip():
                raise BotFailed("model_said_nothing")
        except ReplyCut:
            self._ended = "cut"
        except BotFailed as failure:
            log.warning("bot_failed", message=self.draft.message_id, reason=failure.code)
            self._failure = failure.code
        except DatabaseUnavailable:
            self.draft.is_lost = True  # it is claimed anew when its lease ends
        except NoSuchThread:
            self._failure = "bot_unavailable"
        except Exception as error:
            # A bot may be the user's code, so it may raise anything.
            log.error("bot_failed", message=self.draft.message_id, exc_info=error)
            self._failure = "bot_failed"

    def _append(self, piece: str) -> None:
        """Add a piece, without what PostgreSQL cannot store.

        Raises:
            ReplyCut: the reply is as long as it may be.
        """
        piece = piece.replace("\0", "").encode("utf-8", "replace").decode()
        room = self._most_characters - self.draft.characters
        if piece:
            self.draft.append(piece[:room])
            self._teller.wake()
        if len(piece) > room:
            raise ReplyCut

    async def _end(self) -> None:
        REPLIES.add(await self._store_or_park())

    async def _store_or_park(self) -> str:
        """Store or park the reply, as soon as the database can, and return how it has ended."""
        while not self.draft.is_lost:
            try:
                if self._failure is None:
                    await self._store()
                    return self._ended or "complete"
                await self._park(self._failure)
                return self._failure
            except NoSuchThread:
                return "unwanted"  # it was deleted meanwhile, or another server has this request now
            except (TryAgain, *FAILURES) as error:
                log.warning("reply_put_off", message=self.draft.message_id, error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
            except Refusal as error:
                log.error("reply_refused", message=self.draft.message_id, code=error.code)
                self._failure = "bot_failed"
        return "lost"

    async def _store(self) -> None:
        draft = self.draft
        text = draft.text if draft.text.strip() else NOTHING_SAID
        if len(text.encode()) > MOST_BYTES:
            text, self._ended = text.encode()[:MOST_BYTES].decode(errors="ignore"), "cut"
        post = Post(
            draft.thread_id,
            draft.author,
            text,
            role="assistant",
            reply_to=draft.message_id,
            ended=self._ended,
            replaces=self._replaces,
            way="bot",
        )
        await self._writer.write(post)
        self.is_stored = True

    async def _park(self, failure: wire.Failure) -> None:
        draft = self.draft
        ordinal, text = draft.take_whole()
        told = Told(draft.message_id, draft.attempt, draft.author, ordinal + 1, text)
        await self._table.park(told, failure)
