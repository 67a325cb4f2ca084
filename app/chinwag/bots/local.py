"""A bot with a language model that runs on this computer: llama.cpp, without a network and without a key."""

import asyncio
from importlib.util import find_spec
from typing import Annotated, Self

import structlog
from msgspec import Meta

from chinwag.bots.bot import BotFailed
from chinwag.bots.endpoint import Endpoint
from chinwag.bots.llama import Llama, LlamaFailed, LlamaParameters
from chinwag.bots.openai import ModelBot, ModelOptions
from chinwag.bots.weights import find_weights
from chinwag.errors import SettingsInvalid
from chinwag.settings import Settings

POLL_SECONDS = 0.05

CONNECTIONS = 200
"""The most requests at llama.cpp. What is more than it does at the same time, waits there."""

TRANSCRIPT_STOPS = ["\nUser:", "\nAssistant:"]

log = structlog.get_logger(__name__)


class LocalOptions(ModelOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The options of a bot of the class `local`. See LlamaParameters, too."""

    model: str | None = None
    max_tokens: Annotated[int, Meta(ge=1)] | None = 1_000
    history_characters: Annotated[int, Meta(ge=1, le=1_000_000)] = 8_000
    first_token_seconds: Annotated[float, Meta(gt=0, le=3600)] = 120
    context: Annotated[int, Meta(ge=256, le=1_000_000)] = 8_192
    parallel: Annotated[int, Meta(ge=1, le=64)] = 2
    threads: Annotated[int, Meta(ge=1, le=1_024)] | None = None
    transcript: bool | None = None


class Local(ModelBot):
    """The bot that asks a model of its own process."""

    def __init__(self, name: str, options: LocalOptions, settings: Settings) -> None:
        """Raises SettingsInvalid: llama.cpp or the weights are not there."""
        if find_spec("xllamacpp") is None:
            raise SettingsInvalid("local: llama.cpp is not installed: pip install 'chinwag[local]'")
        weights = find_weights(options.model)
        transcript = weights.is_packaged if options.transcript is None else options.transcript
        parameters = LlamaParameters(
            str(weights.path), options.context, options.parallel, options.threads, transcript
        )
        self._parameters = parameters
        self._llama = Llama(parameters)
        self._starting: asyncio.Task[None] | None = None
        self._patience_seconds = options.first_token_seconds
        stops = {"stop": TRANSCRIPT_STOPS} if transcript else {}
        super().__init__(name, options, self._find, connections=CONNECTIONS, uses_proxies=False, body=stops)

    @property
    def llama(self) -> Llama:
        """The process of the model."""
        return self._llama

    async def __aenter__(self) -> Self:
        self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await super().__aexit__()
        if self._starting is not None:
            await asyncio.to_thread(self._llama.stop)
            await asyncio.gather(self._starting, return_exceptions=True)

    def _start(self) -> None:
        """Begin to load the model. The server is ready before it is loaded."""
        self._llama.begin()
        self._starting = asyncio.create_task(asyncio.to_thread(self._load, self._llama))

    @staticmethod
    def _load(llama: Llama) -> None:
        try:
            llama.wait_until_ready()
        except (LlamaFailed, OSError) as error:
            log.error("model_does_not_start", reason=str(error))
            raise BotFailed("model_unreachable") from None

    async def _find(self) -> Endpoint:
        """Return the endpoint as soon as the model is loaded."""
        if self._starting is None:
            self._start()
        elif self._starting.done() and self._starting.exception():
            self._llama = Llama(self._parameters)
            self._start()
        assert self._starting is not None
        try:
            async with asyncio.timeout(self._patience_seconds):
                await asyncio.shield(self._starting)
                while self._llama.endpoint is None:  # noqa: ASYNC110  # it has died, and is started again
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise BotFailed("model_timeout") from None
        return self._llama.endpoint
