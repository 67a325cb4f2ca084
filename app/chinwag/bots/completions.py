"""Chat completions, streamed from an endpoint that is compatible with OpenAI's."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import httpx2
import msgspec
import structlog

from chinwag.bots.answer import Answer
from chinwag.bots.bot import BotFailed, ReplyCut
from chinwag.bots.endpoint import Endpoint, TryFailed, check_stream

CONNECT_SECONDS = 5
BACKOFF_SECONDS = 0.5
"""The pause before the first retry. It doubles with each one."""

PATIENCE_SECONDS = 30
"""The longest pause that an endpoint may ask for. If it asks for more, it is not asked again."""

END_SECONDS = 1
"""How long the end of the stream is awaited after the model has said why it ends."""

log = structlog.get_logger(__name__)


class Patience(msgspec.Struct, frozen=True):
    """How long a model may take, and how often it is asked again before its first token."""

    first_token_seconds: float
    token_seconds: float
    retries: int


class Completions:
    """A client for chat completions, with connections of its own."""

    def __init__(
        self,
        find: Callable[[], Awaitable[Endpoint]],
        patience: Patience,
        *,
        connections: int,
        uses_proxies: bool = True,
    ) -> None:
        """
        Args:
            find: returns the endpoint; it is asked before each try.
            connections: the most connections at a time. Replies beyond them wait.
            uses_proxies: whether the proxies of the environment are used.
        """
        self._find = find
        self._patience = patience
        self._slots = asyncio.Semaphore(connections)
        # Redirects are not followed. The other limits of time are for tokens, and not for bytes.
        self._client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=connections),
            trust_env=uses_proxies,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def stream(self, request: dict[str, Any]) -> AsyncGenerator[str]:
        """Yield the text of the answer, as it comes.

        The connection is closed as soon as the generator is.

        Args:
            request: the fields of the request, without the model.

        Raises:
            BotFailed: with each of the codes that begin with `model_`, but for `model_said_nothing`.
            ReplyCut: the model has stopped at a limit.
        """
        async with self._slots:
            for tried in range(self._patience.retries + 1):
                is_last = tried == self._patience.retries
                try:
                    has_begun = False
                    async with aclosing(self._tokens(request)) as tokens:
                        async for token in tokens:
                            has_begun = True
                            if token:
                                yield token
                    return
                except TryFailed as failure:
                    if has_begun or is_last or failure.pause is None or failure.pause > PATIENCE_SECONDS:
                        raise BotFailed(failure.code) from None
                    # Jitter, so that those who were refused together do not come back together.
                    pause = max(failure.pause, BACKOFF_SECONDS * 2**tried) * random.uniform(1, 1.25)
                await asyncio.sleep(pause)

    async def _tokens(self, request: dict[str, Any]) -> AsyncGenerator[str]:
        """Yield the tokens of one try: "" for one that is not shown. Raises TryFailed and ReplyCut."""
        endpoint = await self._find()
        now = asyncio.get_running_loop().time
        answer = Answer()
        response: httpx2.Response | None = None
        deadline, too_late = now() + self._patience.first_token_seconds, TryFailed("model_timeout")
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._client.send(self._request(endpoint, request), stream=True)
                await check_stream(response, endpoint)
            chunks = response.aiter_raw()
            while not answer.is_done:
                async with asyncio.timeout_at(deadline):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    break
                if (text := answer.take(chunk)) is not None:
                    yield text
                    deadline, too_late = now() + self._patience.token_seconds, TryFailed("model_stalled")
                if answer.has_ended:
                    deadline = min(deadline, now() + END_SECONDS)
            if not answer.has_ended:
                raise TryFailed("model_broke_off", 0)
        except (TimeoutError, httpx2.TransportError, TryFailed) as error:
            if not answer.has_ended:
                failed = too_late if isinstance(error, TimeoutError) else _failed(error)
                log.warning(
                    "model_failed", code=failed.code, model=endpoint.model, error=type(error).__name__
                )
                raise failed from None
        finally:
            if response is not None:
                await response.aclose()
        if answer.is_cut:
            raise ReplyCut()

    def _request(self, endpoint: Endpoint, request: dict[str, Any]) -> httpx2.Request:
        headers = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream",
            "Accept-Encoding": "identity",  # tokens would wait in a compressor
        }
        if endpoint.key:
            headers["Authorization"] = f"Bearer {endpoint.key}"
        body = msgspec.json.encode({**request, "model": endpoint.model, "stream": True})
        url = endpoint.url.rstrip("/") + "/chat/completions"
        return self._client.build_request("POST", url, content=body, headers=headers)


def _failed(error: httpx2.TransportError | TryFailed) -> TryFailed:
    match error:
        case TryFailed():
            return error
        case httpx2.ConnectError() | httpx2.ConnectTimeout() | httpx2.ProxyError():
            return TryFailed("model_unreachable", 0)
        case _:
            return TryFailed("model_broke_off", 0)
