"""Numbers and texts on the wire."""

from typing import Annotated

from msgspec import Meta

MAX_ID = 2**53 - 1
"""The largest id and seq: the largest integer that is exact in JavaScript. PostgreSQL allows larger ones."""

Id = Annotated[int, Meta(ge=1, le=MAX_ID)]

Seq = Annotated[int, Meta(ge=0, le=MAX_ID)]

StoredNumber = Annotated[int, Meta(extra_json_schema={"extra": {"minimum": 0, "maximum": MAX_ID}})]
"""An id or a seq in the table. It is not checked when it is read: one old row with an id out of the range
would make every page unreadable that has it."""

# These patterns are only for the OpenAPI document. chinwag.chat.messages, threads and accounts check the
# rules, and answer with codes of their own.
VISIBLE = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"

Secret = Annotated[str, Meta(max_length=100)]
"""The secret of a link."""

NewUsername = Annotated[
    str, Meta(extra_json_schema={"extra": {"pattern": "^[a-z0-9]([a-z0-9._-]{0,30}[a-z0-9])?$"}})
]

Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=VISIBLE)]

Flag = Annotated[object, Meta(extra_json_schema={"extra": {"type": "boolean"}})]
"""A boolean. Litestar would accept 0 and "no" for one, so chinwag.chat.threads checks it."""

Usernames = Annotated[list[Annotated[str, Meta(max_length=100)]], Meta(max_length=100)]
