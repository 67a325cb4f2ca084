"""The judgement of talks with a bot: one stored reply for each question, and nobody has ever been shown
anything but the beginning of what one attempt of the bot has said."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import asyncpg

from chinwag.chat.audit import audit_database
from chinwag.db.pool import Connection
from tests.storm.talks import Question, Reader, Talks
from tests.support.drafts import Page
from tests.support.tagged import is_of_one_attempt, said, tag_of

ATTEMPT_ORDINALS = 1_000_000_000
"""The ordinals of each attempt begin at a multiple of this one (sql/67_draft.sql)."""

NOTHING_SAID = "…"

REPLIES = """
    select reply_to, content, ended from message
    where role = 'assistant' and reply_to = any ($1::bigint[]) order by id
"""

GIVEN_UP = "select message_id from reply_request where failure = 'bot_keeps_crashing'"
"""These were parked, because so many servers have died that the bot is taken for the reason."""

LEFT = {
    "requests are left": """
        select count(*) from reply_request where failure is distinct from 'bot_keeps_crashing'
    """,
    "drafts are left of no request": """
        select count(*) from draft
        where not exists (select from reply_request as r where r.message_id = draft.message_id)
    """,
}

Rows = dict[int, list[asyncpg.Record]]


async def judge(talks: Talks, db: Connection, database_url: str) -> list[str]:
    """Return all that is wrong, as sentences. No reply may be under way any more."""
    rows: Rows = defaultdict(list)
    for row in await db.fetch(REPLIES, [question.id for question in talks.questions]):
        rows[row["reply_to"]].append(row)
    questions = await answered(talks.questions, db)
    wrong = [line for one in questions for line in _judge_rows(one, rows[one.id])]
    for reader in talks.readers:
        wrong += reader.oddities
        for question in [one for one in questions if one.thread == reader.thread]:
            if len(rows[question.id]) == 1:
                wrong += _judge_reader(reader, question, rows[question.id][0])
    wrong += _judge_attempts(talks.readers)
    audit = await audit_database(database_url)
    if not audit.sound:
        wrong.append(audit.text)
    for name, count in LEFT.items():
        if left := await db.fetchval(count):
            wrong.append(f"{left} {name}")
    return wrong


async def answered(questions: Sequence[Question], db: Connection) -> list[Question]:
    """Return the questions that must have a reply."""
    given_up = {row["message_id"] for row in await db.fetch(GIVEN_UP)}
    return [question for question in questions if question.id not in given_up]


def _judge_rows(question: Question, rows: list[asyncpg.Record]) -> Iterable[str]:
    if len(rows) != 1:
        yield f"question {question.id} has {len(rows)} replies"
        return
    content, ended = rows[0]["content"], rows[0]["ended"]
    tag = tag_of(content)
    if ended is None and (tag is None or content != said(tag, int(question.content.split()[1]))):
        yield f"the reply to {question.id} is not whole: {content[-60:]!r}"
    elif content != NOTHING_SAID and not is_of_one_attempt(content):
        yield f"the reply to {question.id} is not of one attempt: {content!r}"


def _judge_reader(reader: Reader, question: Question, row: asyncpg.Record) -> Iterable[str]:
    where = f"{reader.name}, question {question.id}"
    if question.id not in reader.replies:
        yield f"{where}: the reply has not come"
    elif reader.replies[question.id][1]["content"] != row["content"]:
        yield f"{where}: its message is not the row"
    if question.id in reader.pages[-1].held:
        yield f"{where}: a draft is still shown"
    for page in reader.pages:
        yield from (f"{where}: {line}" for line in _judge_page(page, question.id, row))


def _judge_page(page: Page, question: int, row: asyncpg.Record) -> Iterable[str]:
    former: set[str] = set()
    tag: str | None = None
    for one, text in page.texts(question):
        if not is_of_one_attempt(text):
            yield f"a text was shown that no attempt has said: {text[-80:]!r} at {one.ordinal}"
            return
        now = tag_of(text)
        if now is not None and now != tag:
            if now in former:
                yield f"{now} was shown again after {tag}"
            if tag is not None:
                former.add(tag)
            tag = now
    content, stored = row["content"], tag_of(row["content"])
    if stored is not None and stored in former:
        yield f"{stored} is stored, though {tag} was shown after it"
    texts = page.texts(question)
    # Where a dead server's reply is stopped, what it has told since it saved the text is lost.
    if texts and tag == stored and row["ended"] is None and not content.startswith(texts[-1][1]):
        yield "more was shown at the end than is stored"


def _judge_attempts(readers: Iterable[Reader]) -> Iterable[str]:
    """Two attempts never have the same number."""
    tags: dict[tuple[int, int], str] = {}
    for reader in readers:
        for page in reader.pages:
            for question in page.shown:
                for one, text in page.texts(question):
                    attempt, tag = (question, one.ordinal // ATTEMPT_ORDINALS), tag_of(text)
                    if tag and tags.setdefault(attempt, tag) != tag:
                        yield f"attempt {attempt[1]} of question {question} was {tags[attempt]}, and {tag}"
