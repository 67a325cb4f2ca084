"""People who talk with a bot in the storm: its replies stream, and some of them are stopped."""

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import Sequence
from uuid import uuid4

import httpx

from tests.storm.cluster import Cluster
from tests.storm.people import Storm
from tests.storm.persons import Person
from tests.storm.talk_judge import answered, judge
from tests.storm.talks import Question, Reader, Talks

WORD_SECONDS = 0.05
LONGEST_SECONDS = 6
PAUSE_SECONDS = 1.5
STOPPED = 0.25
"""The share of the replies that are stopped."""

AGAIN_SECONDS = 0.3
PATIENCE_SECONDS = 60

FIND_BOT = "select id from account where answers and active"
NEW_THREAD = "insert into thread (title, owner) values ('with the bot', $1) returning id"
ADD_BOT = "insert into member (thread_id, account_id) values ($1, $2)"
WAITING = "select count(*) from reply_request where failure is null"


class Talking:
    """A person talks with the bot in threads of their own, each with a reader on every server."""

    def __init__(
        self, storm: Storm[Cluster], http: httpx.AsyncClient, person: Person, threads: Sequence[int]
    ) -> None:
        self._storm = storm
        self._http = http
        self._person = person
        servers = storm.cluster.servers
        self.talks = Talks(http, servers[0], threads)
        self.talks.readers = [
            Reader(server, thread, headers=person.headers) for thread in threads for server in servers
        ]

    async def talk(self, thread: int) -> None:
        """Ask questions in a thread, as long as anybody writes."""
        while self._storm.writing:
            question = await self._ask(thread)
            self.talks.questions.append(question)
            self._storm.history.changes["questions to the bot"] += 1
            if random.random() < STOPPED:
                await asyncio.sleep(random.uniform(0, question.seconds))
                await self._stop(question)
            await asyncio.sleep(random.expovariate(1 / PAUSE_SECONDS))

    async def judge(self) -> list[str]:
        """Wait until nothing is waiting for a reply, but not too long; return all that is wrong."""
        db = await self._storm.cluster.connect()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while await db.fetchval(WAITING):
                        await asyncio.sleep(0.2)
            questions = await answered(self.talks.questions, db)
            given_up = len(self.talks.questions) - len(questions)
            self._storm.history.changes["replies parked because servers died"] = given_up
            await self.talks.until_read(questions, PATIENCE_SECONDS)
            return await judge(self.talks, db, self._storm.cluster.database_url)
        finally:
            await db.close()

    async def _ask(self, thread: int) -> Question:
        """Ask a question, again and again until it is answered that it is stored."""
        words = random.randint(1, round(LONGEST_SECONDS / WORD_SECONDS))
        content, client_id = f"say {words} {WORD_SECONDS} {secrets.token_hex(4)}", str(uuid4())
        while True:
            asked = time.monotonic()
            with contextlib.suppress(httpx.TransportError):
                answer = await self._post(
                    f"threads/{thread}/messages", {"content": content, "client_id": client_id}
                )
                if answer.is_success:
                    stored = answer.json()
                    return Question(stored["id"], thread, stored["seq"], content, asked, words * WORD_SECONDS)
            await asyncio.sleep(random.uniform(0, AGAIN_SECONDS))

    async def _stop(self, question: Question) -> None:
        with contextlib.suppress(httpx.TransportError):
            answer = await self._post(f"threads/{question.thread}/messages/{question.seq}/stop", None)
            self._storm.history.changes["replies stopped"] += answer.status_code == 204

    async def _post(self, path: str, body: dict[str, str] | None) -> httpx.Response:
        url = f"{random.choice(self._storm.cluster.servers).url}/api/v1/{path}"
        return await self._http.post(url, json=body, headers=self._person.headers)


async def threads_with_bot(cluster: Cluster, owner: Person, count: int) -> list[int]:
    """Make threads of a person who is alone in them with the bot."""
    db = await cluster.connect()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (bot := await db.fetchval(FIND_BOT)) is None:  # the servers have just begun
                await asyncio.sleep(0.05)
        threads = [await db.fetchval(NEW_THREAD, owner.id) for _ in range(count)]
        for thread in threads:
            await db.execute(ADD_BOT, thread, bot)
        return threads
    finally:
        await db.close()
