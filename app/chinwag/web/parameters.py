"""Parameters and documented errors of the HTTP API, as its OpenAPI document describes them."""

from typing import Annotated

from litestar.openapi import ResponseSpec
from litestar.params import Body, Parameter

from chinwag import wire

ThreadId = Annotated[int, Parameter(ge=1, le=wire.MAX_ID, description="The thread.")]
MessageSeq = Annotated[int, Parameter(ge=1, le=wire.MAX_ID, description="The seq of the message.")]
KeyId = Annotated[int, Parameter(ge=1, le=wire.MAX_ID, description="The key.")]
WebhookId = Annotated[int, Parameter(ge=1, le=wire.MAX_ID, description="The webhook.")]
HookSecret = Annotated[str, Parameter(description="The secret of the webhook, which its address contains.")]
BotName = Annotated[
    str, Parameter(max_length=100, pattern=r"^[^\x00]+$", description="The username of the bot.")
]
SessionId = Annotated[int, Parameter(ge=1, le=wire.MAX_ID, description="The session.")]
InvitationId = Annotated[int, Parameter(ge=1, le=wire.MAX_ID, description="The invitation.")]
Username = Annotated[str, Parameter(max_length=100, pattern=r"^[^\x00/]+$", description="A username.")]
UsernameCursor = Annotated[
    str,
    Parameter(
        max_length=100,
        pattern=r"^[^\x00]*$",
        description="The `username` of the last account seen, which is not included.",
    ),
]
AccountIds = Annotated[
    str | None,
    Parameter(
        max_length=2000,
        pattern="^[0-9]{1,10}(,[0-9]{1,10})*$",
        description="Only these accounts: their ids, with commas between them.",
    ),
]
NameFilter = Annotated[
    str | None, Parameter(max_length=100, pattern=r"^[^\x00]*$", description="How a name begins.")
]
PeopleLimit = Annotated[int, Parameter(ge=1, le=200, description="The most accounts in the answer.")]
Limit = Annotated[int, Parameter(ge=1, le=200, description="The most messages or threads in the answer.")]
SeqCursor = Annotated[
    int | None,
    Parameter(
        ge=0,
        le=wire.MAX_ID,
        description="A seq. The message with this seq is not included.",
        schema_extra={"minimum": 0},  # Litestar takes 0 for none
    ),
]
ThreadCursor = Annotated[
    str | None,
    Parameter(
        pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}(Z|[+ -][0-9]{2}:[0-9]{2}),[0-9]{1,15}$",
        description="The `updated_at` and the `id` of the last thread seen, with a comma between them.",
        schema_extra={"type": "string", "oneOf": None},
    ),
]
SearchQuery = Annotated[
    str, Parameter(max_length=200, pattern=r"^[^\x00]*$", description="The words to look for.")
]
SearchLimit = Annotated[int, Parameter(ge=1, le=50, description="The most hits in the answer.")]
MessageCursor = Annotated[
    int | None,
    Parameter(ge=1, le=wire.MAX_ID, description="The `message` of the last hit seen, which is not included."),
]
PinnedFilter = Annotated[bool | None, Parameter(description="Only threads that are pinned, or only others.")]
TitleFilter = Annotated[
    str | None,
    Parameter(
        max_length=200,
        pattern=r"^[^\x00]*$",
        description="A part of the title. Only the 10,000 threads with the newest activity are searched.",
    ),
]

EXACT = Body(schema_extra={"additionalProperties": False})
"""The marker of a body for OpenAPI: the Structs of chinwag.wire forbid unknown fields, which Litestar does
not see."""

WITHOUT_BODY = "without_body"
"""The option of a handler whose method has a body elsewhere, but not here."""

PROBLEMS = {
    400: "Something in the request is wrong.",
    401: "Not signed in.",
    403: "A page of another site, or who is signed in, may not do this.",
    404: "There is no such thing.",
    409: "It cannot be done now; `code` says why.",
    413: "The body is too big.",
    415: "The body is not JSON.",
    429: "There are too many requests from this address; try again in a second.",
    431: "The header fields are too large.",
    503: "The database is unavailable, or the server is at a limit; try again.",
}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Return the errors with which a handler may answer, for OpenAPI."""
    return {
        status: ResponseSpec(
            wire.Problem,
            description=PROBLEMS[status],
            media_type="application/problem+json",
            generate_examples=False,
        )
        for status in (*statuses, 401, 429, 503)
    }


TOO_LARGE = {431: problems(431)[431]}
"""What may be wrong with a request that has nothing but a head."""
