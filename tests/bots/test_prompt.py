"""What a model is told of a conversation, and what becomes of the title that it finds."""

import pytest

from chinwag.bots.bot import Turn
from chinwag.bots.prompt import cleaned_title, is_visible, messages_of


def told(*turns: tuple[str, str], prompt: str | None = "") -> list[dict[str, str]]:
    """Turns are written as (name, content); those of `Bot` are the bot's own."""
    turned = [Turn("assistant" if name == "Bot" else "user", content, name) for name, content in turns]
    return messages_of(turned, prompt, "Bot")


def test_a_person_alone_is_not_named() -> None:
    assert told(("Ann", "Hi"), ("Bot", "Hello"), ("Ann", "Bye")) == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "Bye"},
    ]


def test_roles_alternate_and_a_user_is_first() -> None:
    assert told(("Bot", "I begin"), ("Ann", "a"), ("Ann", "b"), ("Bot", "c"), ("Bot", "d"), ("Bob", "e")) == [
        {"role": "user", "content": "Ann: a\n\nAnn: b"},
        {"role": "assistant", "content": "c\n\nd"},
        {"role": "user", "content": "Bob: e"},
    ]


def test_the_default_prompt_says_who_is_there() -> None:
    alone = told(("Ann", "a"), prompt=None)[0]
    several = told(("Ann", "a"), ("Bob", "b"), prompt=None)[0]
    assert alone["role"] == "system"
    assert "talk in a chat with Ann." in alone["content"]
    assert "begins with the name" not in alone["content"]
    assert "talk in a chat with Ann and Bob." in several["content"]
    assert "begins with the name" in several["content"]


def test_a_name_is_not_taken_for_a_place_in_the_prompt() -> None:
    [system, _] = told(("{name}", "a"), prompt="{people}, {name}, {other}")
    assert system["content"] == "{name}, Bot, {other}"


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Boxing in Sylt", "Boxing in Sylt"),
        ("\n  “Boxing in Sylt.”\n\nI hope that helps!", "Boxing in Sylt"),
        ("**Title:** Boxing", "Boxing"),
        ("# Titel: *Boxen*", "Boxen"),
        ("a\tb\u202ec", "abc"),
        ("word " * 20, "word word word word word word word word word word word…"),
        (100 * "x", 59 * "x" + "…"),
        ("", None),
        ("\n \u200b \n", None),
        ("\"\"", None),
    ],
)  # fmt: skip
def test_a_title_is_one_short_line(said: str, title: str | None) -> None:
    assert cleaned_title(said) == title
    assert title is None or len(title) <= 60


def test_what_is_visible() -> None:
    assert is_visible(" x")
    assert is_visible("🥊")
    assert not is_visible(" \n\u200b\ufeff\u00a0")
