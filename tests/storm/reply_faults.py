"""What happens to replies while they are written: servers are killed and paused, people stop replies and load
pages anew."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.storm.talks import Question, Talks
from tests.storm.together import Together
from tests.support.drafts import Page
from tests.support.tagged import process_of, tag_of

WORD_SECONDS = 0.05
BATCH = 60
STOPPED = 0.1
"""The share of the replies of a dead server that are stopped before another one takes over."""

STOP_STATUSES = {204, 409}
"""It was stopped, or it had ended before."""


@dataclass
class Outcome:
    """The outcome of one kind of fault.

    Attributes:
        asked: the questions.
        hit: the replies that it has hit in the middle.
        seconds: by what is measured, each time.
    """

    name: str
    asked: int = 0
    hit: int = 0
    seconds: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def measure(self, name: str, seconds: float) -> None:
        self.seconds.setdefault(name, []).append(seconds)


@dataclass
class Faults:
    """The faults of a place whose first server cannot be killed and has no bot."""

    place: Together
    talks: Talks
    say: Callable[[str], None]

    async def kill(self, replies: int) -> Outcome:
        """Kill a server in the middle of its replies, and start it again, until so many were hit. Some of
        them are stopped then."""
        outcome = Outcome("a server is killed")
        while outcome.hit < replies:
            batch = min(BATCH, 3 * (replies - outcome.hit) + 4)
            questions = await self.talks.ask([random.uniform(3, 6) for _ in range(batch)], WORD_SECONDS)
            await asyncio.sleep(random.uniform(0.3, 2.5))
            index = random.choice([1, 2])
            pid, killed = self._pid(index), time.monotonic()
            hit = self._written_by(pid, questions)
            stopped = [one for one in hit if random.random() < STOPPED]
            await asyncio.gather(self.place.restart(index), *(self._stop_dead(one) for one in stopped))
            await self.talks.until_read(questions)
            self._note(outcome, questions, hit)
            self._measure_takeovers(outcome, hit, pid, killed, "from kill to the first new word")
            self.say(f"{outcome.name}: {outcome.hit} replies")
        return outcome

    async def pause(self, replies: int, seconds: float) -> Outcome:
        """Stop a server's process in the middle of its replies, and let it go on later, until so many were
        hit. Some replies are stored then, and others are being written by the other server."""
        outcome = Outcome(f"a server is paused for {seconds:g} s")
        while outcome.hit < replies:
            lengths = [
                random.choice([random.uniform(8, 14), seconds + random.uniform(3, 8)])
                for _ in range(min((replies - outcome.hit) * 2 + 4, 190))
            ]
            questions = await self.talks.ask(lengths, 2 * WORD_SECONDS)
            await asyncio.sleep(2)
            await self._pause(outcome, questions, seconds)
        return outcome

    async def hiccup(self, replies: int) -> Outcome:
        """Pause a server for about as long as a lease lasts, until so many replies were hit."""
        outcome = Outcome("a server is paused for about a lease")
        while outcome.hit < replies:
            batch = min(BATCH, 3 * (replies - outcome.hit) + 4)
            questions = await self.talks.ask([random.uniform(5, 8) for _ in range(batch)], WORD_SECONDS)
            await asyncio.sleep(random.uniform(0.3, 2))
            await self._pause(outcome, questions, random.uniform(2.4, 4.6))
            self.say(f"{outcome.name}: {outcome.hit} replies")
        return outcome

    async def stop(self, replies: int) -> Outcome:
        """Stop replies at random moments, from any server, some of them twice or from two servers at once."""
        outcome = Outcome("a reply is stopped")
        questions = await self.talks.ask([random.uniform(3, 8) for _ in range(replies)], WORD_SECONDS)
        await asyncio.gather(*(self._stop(outcome, one) for one in questions))
        await self.talks.until_read(questions)
        outcome.asked += len(questions)
        return outcome

    async def reload(self, replies: int) -> Outcome:
        """Load pages anew in the middle of a reply, each from any server, until so many have shown some of
        it before."""
        outcome = Outcome("a page is loaded anew")
        while outcome.hit < replies:
            lengths = [random.uniform(4, 8) for _ in range(replies - outcome.hit)]
            questions = await self.talks.ask(lengths, WORD_SECONDS)
            await asyncio.gather(*(self._reload(outcome, one) for one in questions))
            await self.talks.until_read(questions)
            outcome.asked += len(questions)
        return outcome

    async def _pause(self, outcome: Outcome, questions: list[Question], seconds: float) -> None:
        index = random.choice([1, 2])
        pid, paused = self._pid(index), time.monotonic()
        hit = self._written_by(pid, questions)
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)
        await self.talks.until_read(questions)
        self._note(outcome, questions, hit)
        self._measure_takeovers(outcome, hit, pid, paused, "from the pause to the first new word")

    async def _stop_dead(self, question: Question) -> None:
        """Stop a reply whose server has just been killed: what was saved of it is stored."""
        await asyncio.sleep(random.uniform(0.2, 1))
        await self.talks.stop(question, self.place.servers[0])

    async def _stop(self, outcome: Outcome, question: Question) -> None:
        since_asked = time.monotonic() - question.asked
        await asyncio.sleep(random.uniform(0, question.seconds - since_asked))
        servers = random.sample(self.place.servers, random.choice([1, 1, 2]))
        stops = [self.talks.stop(question, server) for server in servers]
        if random.random() < 0.2:
            stops.append(self.talks.stop(question, servers[0]))
        answers = await asyncio.gather(*stops)
        statuses = {status for _, status in answers}
        if not statuses <= STOP_STATUSES:
            outcome.wrong.append(f"question {question.id} could not be stopped: {statuses}")
        await self.talks.until_read([question])
        came = [one.replies.get(question.id) for one in self.talks.readers_of(question)]
        stopped = [at for at, message in filter(None, came) if message.get("ended") == "stopped"]
        outcome.hit += bool(stopped)
        for at in stopped:
            outcome.measure("from Stop to the message", at - min(began for began, _ in answers))

    async def _reload(self, outcome: Outcome, question: Question) -> None:
        since_asked = time.monotonic() - question.asked
        await asyncio.sleep(random.uniform(0.2, max(0.3, question.seconds - since_asked - 0.5)))
        reader = random.choice([one for one in self.talks.readers_of(question) if one.comes_and_goes])
        former = reader.pages[-1].held.get(question.id)
        reader.reload(random.choice(self.place.servers))
        page, began = reader.pages[-1], time.monotonic()
        if former is None or not former.text:
            return
        outcome.hit += 1
        while page is reader.pages[-1] and question.id not in reader.replies:
            held = page.held.get(question.id)
            if held and len(held.text) >= len(former.text):
                outcome.measure("from the load to all that had been shown", time.monotonic() - began)
                return
            await asyncio.sleep(0.005)

    def _pid(self, index: int) -> int:
        return self.place.servers[index].process.pid

    def _written_by(self, pid: int, questions: list[Question]) -> list[Question]:
        """Return the questions whose replies are being written by a process."""
        return [one for one in questions if self._shown_tag(one, pid)]

    def _shown_tag(self, question: Question, pid: int) -> bool:
        for reader in self.talks.readers_of(question):
            draft = reader.pages[-1].held.get(question.id)
            tag = tag_of(draft.text) if draft else None
            if tag and process_of(tag) == pid:
                return True
        return False

    def _note(self, outcome: Outcome, questions: list[Question], hit: list[Question]) -> None:
        outcome.asked += len(questions)
        outcome.hit += len(hit)

    def _measure_takeovers(
        self, outcome: Outcome, hit: list[Question], pid: int, since: float, name: str
    ) -> None:
        for question in hit:
            firsts = [
                first
                for reader in self.talks.readers_of(question)
                if reader.server is self.place.servers[0]
                for page in reader.pages
                if (first := _first_of_another(page, question, pid, since)) is not None
            ]
            if firsts:
                outcome.measure(name, min(firsts) - since)


def _first_of_another(page: Page, question: Question, pid: int, since: float) -> float | None:
    for one, text in page.texts(question.id):
        tag = tag_of(text)
        if one.at > since and tag is not None and process_of(tag) != pid:
            return one.at
    return None
