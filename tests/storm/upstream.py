"""Replies of a language model are stopped, and it is measured when the connection to the model is closed."""

import asyncio
import random
import time

import httpx

from tests.storm.reply_faults import Outcome
from tests.storm.run import create_threads
from tests.storm.talks import Question, Reader, Talks
from tests.storm.together import Together
from tests.support.endpoint import FakeEndpoint
from tests.support.endpoint_answer import Asked

MODEL = "tokens-30-900"
"""It says 900 tokens, 30 a second."""

THREADS = 20


async def stop_upstream(
    place: Together, http: httpx.AsyncClient, replies: int, settings: dict[str, str]
) -> Outcome:
    """Stop so many replies of a model at random moments, each from another server than that which writes
    it, or from any."""
    outcome = Outcome("a reply of a model is stopped")
    async with FakeEndpoint().running() as endpoint:
        model = {"CHINWAG_BOT": "openai", "CHINWAG_LLM_URL": endpoint.url, "CHINWAG_LLM_MODEL": MODEL}
        for _ in range(2):
            await place.add_server(settings=settings | model)
        talks = Talks(http, place.servers[0], await create_threads(place, THREADS))
        talks.readers = [Reader(place.servers[0], thread) for thread in talks.threads]
        async with asyncio.TaskGroup() as group:
            following = [group.create_task(one.run()) for one in talks.readers]
            questions = await talks.ask([3] * replies, 0.1)
            await asyncio.gather(*(_stop(outcome, talks, one, endpoint, place) for one in questions))
            await talks.until_read(questions)
            for task in following:
                task.cancel()
        outcome.asked = len(questions)
        for question in questions:
            if any(question.id not in one.replies for one in talks.readers_of(question)):
                outcome.wrong.append(f"question {question.id} of the model has no reply")
    return outcome


async def _stop(
    outcome: Outcome, talks: Talks, question: Question, endpoint: FakeEndpoint, place: Together
) -> None:
    label = question.content
    await endpoint.until(lambda asked: _request(asked, label), 60)
    await asyncio.sleep(random.uniform(0, 3))
    server = random.choice([place.servers[0], *place.servers[-2:]])
    began, status = await talks.stop(question, server)
    request = _request(endpoint.asked, label)
    assert request is not None
    if status != 204:
        outcome.wrong.append(f"the model's reply to {question.id} could not be stopped: {status}")
        return
    await endpoint.until(lambda _: request.closed, 30)
    assert request.closed is not None
    outcome.hit += 1
    outcome.measure("from Stop to the closed connection", request.closed - began)
    await talks.until_read([question])
    for reader in talks.readers_of(question):
        at, _ = reader.replies.get(question.id, (time.monotonic(), {}))
        outcome.measure("from Stop to the message of a model's reply", at - began)


def _request(asked: list[Asked], label: str) -> Asked | None:
    """Return what the model was asked with a question. Each question has another text."""
    found = [one for one in asked if label in str(one.body["messages"][-1]["content"])]
    return found[0] if found else None
