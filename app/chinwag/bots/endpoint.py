"""Endpoints of language models, and how they refuse.

What is logged of it has neither the key nor anything that was said: endpoints repeat both in their errors.
"""

import re

import httpx2
import msgspec
import structlog

from chinwag import wire

REASON_BYTES = 10_000
REASON = re.compile(r"[a-z_]{1,50}")
"""What the log tells of an error: names such as `model_not_found`, which have no digits, as keys have."""

log = structlog.get_logger(__name__)


class Endpoint(msgspec.Struct, frozen=True):
    """Where a model is asked.

    Attributes:
        url: the base, such as `http://127.0.0.1:8080/v1`.
    """

    url: str
    model: str
    key: str | None = None

    def __repr__(self) -> str:
        return f"Endpoint({self.url!r}, {self.model!r})"


class TryFailed(Exception):
    """A try has failed.

    Attributes:
        pause: after how many seconds it may be tried again, where the endpoint says so; None if it need not
            be tried again.
    """

    def __init__(self, code: wire.Failure, pause: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.pause = pause


async def check_stream(response: httpx2.Response, endpoint: Endpoint) -> None:
    """Raise TryFailed unless the answer is a stream of events."""
    status = response.status_code
    if status == 200:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        encoding = response.headers.get("content-encoding", "identity")
        if kind != "text/event-stream" or encoding != "identity":
            raise TryFailed("model_answer_invalid")
        return
    reason = await _reason(response, endpoint)
    log.warning("model_refuses", status=status, reason=reason, model=endpoint.model)
    if status == 429:
        raise TryFailed("model_busy", _pause(response))
    if status >= 500:
        raise TryFailed("model_error", _pause(response))
    raise TryFailed("model_refused" if status >= 400 else "model_answer_invalid")


def _pause(response: httpx2.Response) -> float:
    """Return the seconds for which the endpoint asks. It may name a time instead, which is as good as
    nothing: clocks differ."""
    seconds = response.headers.get("retry-after", "")
    return float(seconds) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", seconds) else 0


async def _reason(response: httpx2.Response, endpoint: Endpoint) -> str | None:
    """Return the name of an error, if it has one that can be logged."""
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > REASON_BYTES:
            return None
    try:
        error = msgspec.json.decode(body)["error"]
        names = [error.get("code"), error.get("type")]
    except (msgspec.MsgspecError, UnicodeDecodeError, LookupError, TypeError, AttributeError):
        return None
    for name in names:
        if isinstance(name, str) and REASON.fullmatch(name) and (endpoint.key or " ") not in name:
            return name
    return None
