"""What a model is told of a conversation, and how the title that it finds is cleaned."""

import re
import unicodedata
from collections.abc import Iterable

from chinwag.bots.bot import Turn

SYSTEM_PROMPT = (
    "You are {name}, and talk in a chat with {people}. Answer the newest message, in its language. Be brief, "
    "and use Markdown where it helps."
)
SEVERAL = "Each message of theirs begins with the name of who has written it. Do not begin yours with a name."

MOST_NAMES = 20

TITLE_PROMPT = (
    "Write a title for the conversation that begins with the following message, in the language of the "
    "message: at most six words, on one line. Answer with nothing but the title.\n\n{content}"
)
TITLE_CHARACTERS = 60
TITLE_CONTENT = 2_000
"""How much of the message is shown to the model for a title."""

AROUND = " \t\"'`*_#“”„«»‘’"
LABEL = re.compile(r"(title|titel|titre|título)\s*:\s*", re.IGNORECASE)

Message = dict[str, str]


def messages_of(turns: list[Turn], system_prompt: str | None, name: str) -> list[Message]:
    """Return a conversation as messages for a model.

    Turns of one role that follow each other become one message, and the first is of a user: the templates
    of many models refuse anything else.

    Args:
        system_prompt: the own one, in which {name} is replaced by the name of the bot, and {people} by
            those of the others; "" for none; None for the default.
    """
    people = list(dict.fromkeys(turn.name for turn in turns if turn.role == "user"))
    are_several = len(people) > 1
    messages: list[Message] = []
    for turn in turns:
        is_named = are_several and turn.role == "user"
        content = f"{turn.name}: {turn.content}" if is_named else turn.content
        if messages and messages[-1]["role"] == turn.role:
            messages[-1]["content"] += f"\n\n{content}"
        elif messages or turn.role == "user":
            messages.append({"role": turn.role, "content": content})
    system = SYSTEM_PROMPT if system_prompt is None else system_prompt
    if are_several and system_prompt is None:
        system = f"{system} {SEVERAL}"
    # Not str.format(), for which any other brace would be an error.
    named = {"{name}": name, "{people}": _listed(people)}
    system = re.sub(r"\{name\}|\{people\}", lambda found: named[found[0]], system)
    return [{"role": "system", "content": system}, *messages] if system else messages


def title_messages(content: str) -> list[Message]:
    """Return what a model is asked for a title."""
    return [{"role": "user", "content": TITLE_PROMPT.format(content=content[:TITLE_CONTENT])}]


def cleaned_title(text: str) -> str | None:
    """Return the title in what a model has said: one line of at most 60 characters; None if there is none."""
    lines = (_printable(line).strip(AROUND) for line in text.splitlines())
    title = LABEL.sub("", next(filter(None, lines), ""), count=1).strip(AROUND).rstrip(".")
    if len(title) > TITLE_CHARACTERS:
        title = title[: TITLE_CHARACTERS - 1].rpartition(" ")[0] or title[: TITLE_CHARACTERS - 1]
        title = f"{title.rstrip(' ,;:-')}…"
    return title or None


def is_visible(text: str) -> bool:
    """Whether a text has a character that can be seen."""
    return any(not one.isspace() and unicodedata.category(one)[0] != "C" for one in text)


def _printable(line: str) -> str:
    return "".join(one for one in line if one == " " or unicodedata.category(one)[0] not in "CZ")


def _listed(people: Iterable[str]) -> str:
    first = list(people)[:MOST_NAMES]
    return " and ".join(filter(None, [", ".join(first[:-1]), first[-1]])) if first else "nobody"
