"""A bot with a language model: whatever its endpoint does has the outcome of docs/models.md, Stop closes the
connection at once, and the key is nowhere."""

import asyncio
import logging
import time
import traceback
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from chinwag.bots.bot import BotFailed, ReplyCut
from chinwag.bots.openai import OpenAI, OpenAIOptions
from chinwag.bots.pieces import pieces_of
from chinwag.db.pool import Connection
from chinwag.settings import Settings
from tests.bots.conftest import CUT, Talk, said
from tests.support.endpoint import FakeEndpoint
from tests.support.endpoint_modes import BEGINNING, MEGABYTE, MODES, TEXT
from tests.support.process import ServerStarter, free_port
from tests.support.sql import until

KEY = "sk-Very-Secret-0123456789"

TABLE = """
bot = "robbie"
[bots.robbie]
class = "openai"
first_token_seconds = 3
token_seconds = 2
retries = 1
"""

ENDED = """
    select failure, (select ended from message where reply_to = $1 and role = 'assistant') as ended,
           (select count(*) from message where reply_to = $1 and role = 'assistant') as replies,
           (select content from message where reply_to = $1 and role = 'assistant') as content
    from (values ($1::bigint)) as asked (id) left join reply_request on message_id = id
"""

WAITING = "select exists (select from reply_request where failure is null)"

BEGUN = BEGINNING.strip()
"""What is said of it: blanks wait until more follows."""

OUTCOMES: dict[str, tuple[str, str, int]] = {
    "fine": ("", TEXT, 1),
    "odd": ("", TEXT, 1),
    "no-done": ("", TEXT, 1),
    "megabyte": ("", MEGABYTE.strip(), 1),
    "slow": ("model_timeout", "", 1),
    "never": ("model_timeout", "", 1),
    "stall": ("model_stalled", BEGUN, 1),
    "cut-in-a-character": ("model_broke_off", BEGUN, 1),
    "cut-without-chunks": ("model_broke_off", BEGUN, 1),
    "reset": ("model_broke_off", BEGUN, 1),
    "reset-once": ("", TEXT, 2),
    "busy-once": ("", TEXT, 2),
    "busy": ("model_busy", "", 2),
    "busy-for-long": ("model_busy", "", 1),
    "error": ("model_error", "", 2),
    "error-once": ("", TEXT, 2),
    "error-event": ("model_error", BEGUN, 1),
    "refused": ("model_refused", "", 1),
    "unknown-model": ("model_refused", "", 1),
    "redirect": ("model_answer_invalid", "", 1),
    "html": ("model_answer_invalid", "", 1),
    "plain-json": ("model_answer_invalid", "", 1),
    "garbage": ("model_answer_invalid", "", 1),
    "long-line": ("model_answer_invalid", BEGUN, 1),
    "endless": (CUT, "", 1),
    "silent": ("model_said_nothing", "", 1),
    "only-reasoning": ("model_said_nothing", "", 1),
    "empty": ("model_broke_off", "", 2),
    "too-long": (CUT, BEGUN, 1),
}
"""For each mode of the endpoint: the failure, what was said before it, and how often the endpoint is asked
where one retry is allowed."""


def bot(url: str, model: str, **options: Any) -> OpenAI:
    quick = {"first_token_seconds": 0.5, "token_seconds": 0.4, "retries": 1}
    settings = Settings(llm_url=url, llm_model=model, llm_key=KEY)
    return OpenAI("Robbie", OpenAIOptions(**{**quick, **options}), settings)


def test_each_mode_of_the_endpoint_has_an_outcome() -> None:
    assert set(OUTCOMES) == set(MODES)


@pytest.mark.parametrize("mode", OUTCOMES)
async def test_whatever_the_endpoint_does_has_its_outcome(
    endpoint: FakeEndpoint, talk: Talk, mode: str
) -> None:
    outcome, text, times = OUTCOMES[mode]
    async with bot(endpoint.url, mode) as asking:
        got = await said(asking, await talk(("ann", "Hello")))
    assert got == (outcome, text)
    assert [one.model for one in endpoint.asked] == times * [mode]
    await endpoint.until(lambda asked: all(one.closed for one in asked))


async def test_a_server_stores_a_reply_or_parks_the_request_and_the_key_is_nowhere(
    endpoint: FakeEndpoint, start_server: ServerStarter, db: Connection, tmp_path: Path
) -> None:
    (tmp_path / "litestar.toml").write_text(TABLE)
    environ = {"CHINWAG_LLM_URL": endpoint.url, "CHINWAG_LLM_MODEL": "as-told", "CHINWAG_LLM_KEY": KEY}
    server = start_server(environ, directory=tmp_path)
    asked = {}
    for mode in OUTCOMES:
        thread = await db.fetchval("insert into thread (title) values ('Modes') returning id")
        ask = "insert into message (thread_id, content) values ($1, $2) returning id"
        asked[mode] = await db.fetchval(ask, thread, mode)
    await until(db, f"select not ({WAITING})")
    for mode, (outcome, text, times) in OUTCOMES.items():
        row = await db.fetchrow(ENDED, asked[mode])
        assert row
        if outcome in ("", CUT):
            is_cut = mode in ("endless", "megabyte") or outcome == CUT
            assert (row["failure"], row["replies"], row["ended"]) == (None, 1, "cut" if is_cut else None), (
                mode
            )
            assert row["content"].startswith(text[:1_000].strip()), mode
        else:
            assert (row["failure"], row["replies"]) == (outcome, 0), mode
        assert sum(one.model == mode for one in endpoint.asked) == times, mode
    await _until_closed(endpoint, len(OUTCOMES))
    assert server.stop() == 0
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "model_failed" in log
    assert KEY not in log
    for table in await db.fetch("select oid::regclass::text as name from pg_class where relkind = 'r'"):
        has_key = f"select exists (select from {table['name']} as one where one::text like '%{KEY}%')"
        assert not await db.fetchval(has_key), table["name"]
    await db.execute("delete from thread")


async def test_nobody_listens(talk: Talk) -> None:
    async with bot(f"http://127.0.0.1:{free_port()}/v1", "fine") as asking:
        assert await said(asking, await talk(("ann", "Hello"))) == ("model_unreachable", "")


async def test_a_pause_that_the_endpoint_asks_for_is_kept(endpoint: FakeEndpoint, talk: Talk) -> None:
    async with bot(endpoint.url, "busy-once") as asking:
        assert await said(asking, await talk(("ann", "Hello"))) == ("", TEXT)
    first, second = endpoint.asked
    assert second.began - first.began >= 1


@pytest.mark.parametrize("mode", ["never", "slow", "stall", "endless", "busy-once", "tokens-20-1000"])
async def test_stop_closes_the_connection_at_once(endpoint: FakeEndpoint, talk: Talk, mode: str) -> None:
    patient = {"first_token_seconds": 60.0, "token_seconds": 60.0}
    async with bot(endpoint.url, mode, **patient) as asking:
        replying = asyncio.create_task(said(asking, await talk(("ann", "Hello"))))
        await endpoint.until(lambda asked: asked)
        if mode not in ("never", "busy-once"):
            await _until_first_token(endpoint)
        stopped = time.monotonic()
        replying.cancel()
        await asyncio.gather(replying, return_exceptions=True)
        assert replying.cancelled() or mode == "endless"
        await endpoint.until(lambda asked: all(one.closed for one in asked))
        [asked] = endpoint.asked
        assert asked.closed is not None
        assert asked.closed - stopped < 1


async def test_a_closed_generator_closes_the_connection(endpoint: FakeEndpoint, talk: Talk) -> None:
    async with bot(endpoint.url, "tokens-20-1000") as asking:
        async with aclosing(asking.reply(await talk(("ann", "Hello")))) as pieces:  # type: ignore[type-var]
            assert await anext(pieces)
        await endpoint.until(lambda asked: asked[0].closed, seconds=1)


async def test_there_are_no_more_connections_than_allowed(endpoint: FakeEndpoint, talk: Talk) -> None:
    conversation = await talk(("ann", "Hello"))
    async with bot(endpoint.url, "tokens-20-4", connections=2) as asking:
        replies = [asyncio.create_task(said(asking, conversation)) for _ in range(6)]
        most = 0
        while not all(reply.done() for reply in replies):
            most = max(most, sum(not one.closed and not one.is_finished for one in endpoint.asked))
            await asyncio.sleep(0.01)
    assert [reply.result()[0] for reply in replies] == 6 * [""]
    assert most == 2


async def test_what_the_model_is_told(endpoint: FakeEndpoint, talk: Talk) -> None:
    options = {"temperature": 0.5, "max_tokens": 99, "body": {"seed": 7, "stream": False}}
    conversation = await talk(
        ("bot", "I was first"), ("ann", "Hello"), ("bob", "Hi Ann"), ("bot", "Hi both"), ("ann", "And now?")
    )
    async with bot(endpoint.url, "fine", **options) as asking:
        await said(asking, conversation)
    [asked] = endpoint.asked
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    system, *messages = asked.body.pop("messages")
    assert asked.body == {"model": "fine", "stream": True, "temperature": 0.5, "max_tokens": 99, "seed": 7}
    assert system["role"] == "system"
    assert system["content"].startswith("You are Robbie, and talk in a chat with ann and bob.")
    assert messages == [
        {"role": "user", "content": "ann: Hello\n\nbob: Hi Ann"},
        {"role": "assistant", "content": "Hi both"},
        {"role": "user", "content": "ann: And now?"},
    ]


async def test_options_bound_the_history_and_replace_the_prompt(endpoint: FakeEndpoint, talk: Talk) -> None:
    conversation = await talk(*(("ann", f"message {number}") for number in range(9)))
    options = {"history_messages": 2, "system_prompt": "I am {name} {of} {people}"}
    async with bot(endpoint.url, "fine", **options) as asking:
        await said(asking, conversation)
    assert endpoint.asked[0].body["messages"] == [
        {"role": "system", "content": "I am Robbie {of} ann"},
        {"role": "user", "content": "message 7\n\nmessage 8"},
    ]


async def test_a_title_is_found_by_the_model_if_the_option_is_set(endpoint: FakeEndpoint, talk: Talk) -> None:
    conversation = await talk(("ann", "Who hunts in Sylt?"))
    async with bot(endpoint.url, "fine") as without:
        assert await without.title(conversation) is None
    assert not endpoint.asked
    async with bot(endpoint.url, "fine", titles=True) as asking:
        assert (
            await asking.title(conversation) == "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter…"
        )
    for mode in ("error", "html", "silent", "never"):
        async with bot(endpoint.url, mode, titles=True, retries=0) as asking:
            assert await asking.title(conversation) is None


async def test_the_key_is_in_no_log_and_no_error(
    endpoint: FakeEndpoint, talk: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    conversation = await talk(("ann", "Hello"))
    told = [repr(Settings(llm_key=KEY))]
    with caplog.at_level(logging.DEBUG), capture_logs() as events:
        for mode in sorted(MODES):
            async with bot(
                endpoint.url, mode, retries=0, first_token_seconds=0.2, token_seconds=0.2
            ) as asking:
                told.append(repr(vars(asking)))
                try:
                    async with aclosing(pieces_of(asking, conversation)) as pieces:
                        for _ in range(100):  # one of them is endless
                            await anext(pieces, None)
                except (BotFailed, ReplyCut) as error:
                    told.extend(_with_all_that_went_before(error))
    assert all(one.headers["authorization"] == f"Bearer {KEY}" for one in endpoint.asked)
    told.extend(record.getMessage() for record in caplog.records)
    told.extend(map(repr, events))
    # The same line is not written many times within a few seconds.
    assert {event["event"] for event in events} - {"repeated"} == {"model_failed", "model_refuses"}
    assert not [text for text in told if KEY in text]


async def _until_closed(endpoint: FakeEndpoint, count: int) -> None:
    await endpoint.until(lambda asked: len(asked) >= count and all(one.closed for one in asked))


async def _until_first_token(endpoint: FakeEndpoint) -> None:
    async with asyncio.timeout(10):
        while not endpoint.asked[0].first_token:
            await asyncio.sleep(0.01)


def _with_all_that_went_before(error: BaseException | None) -> list[str]:
    """Return the tracebacks of an error and of those that it hides."""
    told = []
    while error is not None:
        told.append("".join(traceback.format_exception(error)))
        error = error.__cause__ or error.__context__
    return told
