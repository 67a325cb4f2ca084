"""People who leaf through threads over HTTP, at one server after the other, and never see a page go back."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

import httpx

from tests.storm.history import History, Line
from tests.storm.people import Place
from tests.storm.persons import Person
from tests.support.http import http_client

TRY_AGAIN = {401, 502, 503, 504}
"""401: the session has ended."""


@dataclass
class Leafing:
    """Somebody who reads pages of some threads."""

    cluster: Place
    history: History
    person: Person
    threads: list[int]
    seen: dict[int, dict[int, str]] = field(default_factory=dict)
    """The labels of all messages that were seen, by thread and seq."""
    pages: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        async with http_client() as http:
            while True:
                thread = random.choice(self.threads)
                # What was there before it asks must be there in the answer, whoever answers.
                newest = max(self.seen.setdefault(thread, {}), default=0)
                kind, query = random.choice(
                    [
                        ("newest", ""),
                        ("before", f"?before={random.randint(1, newest + 1)}"),
                        ("after", f"?after={random.randint(0, newest)}&limit=100"),
                    ]
                )
                server = random.choice(self.cluster.servers)
                url = f"{server.url}/api/v1/threads/{thread}/messages{query}"
                try:
                    answer = await http.get(url, headers=self.person.headers)
                except httpx.TransportError:
                    continue
                finally:
                    await asyncio.sleep(random.uniform(0, 0.1))
                if answer.status_code == 200:
                    self._take(thread, kind, newest, answer.json())
                elif answer.status_code not in TRY_AGAIN:
                    self.history.oddities.append(f"a page was refused: {answer.status_code} {answer.text}")

    def judge(self, table: dict[int, list[Line]]) -> list[str]:
        """Return what was seen and is not in the table, as sentences."""
        return [
            f"a page of thread {thread} had {line}, which is not in the table"
            for thread, lines in self.seen.items()
            for line in lines.items()
            if line not in set(table[thread][line[0] - 1 : line[0]])
        ]

    def _take(self, thread: int, kind: str, newest: int, page: list[dict[str, object]]) -> None:
        self.pages[kind] += 1
        lines = {int(str(one["seq"])): str(one["content"]).partition(" ")[0] for one in page}
        seqs = list(lines)
        if seqs and seqs != list(range(seqs[0], seqs[0] + len(seqs))):
            self.history.oddities.append(f"a page of thread {thread} had a gap: {seqs}")
        if kind == "newest" and max(seqs, default=0) < newest:
            self.history.oddities.append(f"a page of thread {thread} went back from {newest} to {seqs[-1:]}")
        self.seen[thread].update(lines)
