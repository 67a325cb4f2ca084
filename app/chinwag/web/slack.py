"""The body of a webhook, as programs send it to Slack: what of it becomes the content of a message.

The text counts, and without it the text of the blocks; then follow the attachments. Names, icons, channels
and colours are ignored.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

from msgspec import DecodeError, Struct, json

FORM = "application/x-www-form-urlencoded"

LINK = re.compile(r"<((?:https?://|mailto:)[^\s<>|]+)(?:\|([^<>]*))?>")
"""A link in Slack's markup: `<https://example.org|its text>`."""

ESCAPES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
"""What Slack has programs write for the characters of its markup, and nothing else of HTML."""

_ESCAPE = re.compile("|".join(ESCAPES))


class InvalidPayload(Exception):
    """The body is not what Slack's webhooks take."""


class _Field(Struct, frozen=True):
    title: str | None = None
    value: str | int | float | None = None

    def line(self) -> str:
        return ": ".join(str(part) for part in (self.title, self.value) if part is not None)


class _Attachment(Struct, frozen=True):
    fallback: str | None = None
    pretext: str | None = None
    title: str | None = None
    title_link: str | None = None
    text: str | None = None
    fields: list[_Field] | None = None

    def lines(self) -> Iterator[str]:
        """Its text, line by line; the fallback if there is no other."""
        title = f"<{self.title_link}|{self.title}>" if self.title and self.title_link else self.title
        lines = [line for line in (self.pretext, title, self.text) if line]
        lines += [field.line() for field in self.fields or ()]
        yield from lines or ([self.fallback] if self.fallback else [])


class _Payload(Struct, frozen=True):
    text: str | None = None
    blocks: list[Any] | None = None
    attachments: list[_Attachment] | None = None


_decode = json.Decoder(_Payload).decode


def content_in(body: bytes, media_type: str) -> str:
    """Return the content for a message; nothing if there is no text.

    The body is JSON, or a form with JSON in its field `payload`.

    Raises:
        InvalidPayload
    """
    try:
        text = body.decode()
        # curl -d sends JSON as a form, unless it is told otherwise.
        if media_type == FORM and not text.lstrip().startswith("{"):
            text = parse_qs(text, max_num_fields=100, errors="strict").get("payload", [""])[0]
        payload = _decode(text)
        lines = [payload.text] if payload.text else list(_texts(payload.blocks))
    except (DecodeError, ValueError, RecursionError) as error:
        raise InvalidPayload from error
    for attachment in payload.attachments or ():
        lines += attachment.lines()
    return _markdown("\n".join(lines)).strip()


def _texts(part: Any) -> Iterator[str]:
    """The texts in blocks, whatever their types are."""
    if isinstance(part, list):
        for one in part:
            yield from _texts(one)
    elif isinstance(part, dict):
        for name, value in part.items():
            if name == "text" and isinstance(value, str):
                yield value
            elif name in {"text", "fields", "elements"} or not isinstance(value, str | dict):
                yield from _texts(value)


def _markdown(text: str) -> str:
    text = LINK.sub(lambda link: f"[{link[2]}]({link[1]})" if link[2] else link[1], text)
    return _ESCAPE.sub(lambda escape: ESCAPES[escape[0]], text)
