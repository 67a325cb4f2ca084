"""Health checks from a process of its own: a busy process would blame its own delays on the server."""

import contextlib
import http.client
import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

EVERY_SECONDS = 0.05
LIMIT_SECONDS = 10


@dataclass
class Answer:
    """One health check: when it was asked and answered, on the clock of time.monotonic, and what is wrong
    with it, if anything."""

    asked: float
    answered: float
    wrong: str

    @property
    def seconds(self) -> float:
        return self.answered - self.asked


@contextlib.contextmanager
def asked_for_health(port: int) -> Iterator[list[Answer]]:
    """Ask for the health while the block runs. The answers are complete at its end."""
    answers: list[Answer] = []
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_ask, args=(port, theirs), daemon=True)
    process.start()
    try:
        yield answers
    finally:
        ours.send("stop")
        answers.extend(ours.recv())
        process.join()


def _ask(port: int, until: Connection) -> None:
    answers: list[Answer] = []
    pause = 0.0
    while not until.poll(pause):
        asked = time.monotonic()
        wrong = _ask_once(port)
        answers.append(Answer(asked, time.monotonic(), wrong))
        pause = max(0, asked + EVERY_SECONDS - time.monotonic())
    until.send(answers)


def _ask_once(port: int) -> str:
    # Each time on a new connection, as an orchestrator does: it waits in the same queue as the crowd.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT_SECONDS)
    try:
        connection.request("GET", "/health/live")
        status = connection.getresponse().status
        return "" if status == 200 else f"HTTP {status}"
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()
