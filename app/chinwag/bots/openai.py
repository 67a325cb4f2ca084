"""A bot that asks a language model at any endpoint that is compatible with OpenAI's."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from types import MappingProxyType
from typing import Annotated, Any, Self

from msgspec import Meta, Struct

from chinwag.bots.bot import HISTORY_CHARACTERS, HISTORY_MESSAGES, BotFailed, Conversation, ReplyCut
from chinwag.bots.completions import Completions, Patience
from chinwag.bots.endpoint import Endpoint
from chinwag.bots.prompt import cleaned_title, is_visible, messages_of, title_messages
from chinwag.errors import SettingsInvalid
from chinwag.settings import Settings

TITLE_ANSWER = 500
"""The most characters that a model may say before its title is looked for in them."""

MOST_BLANKS = 10_000
"""After so many blanks and invisible characters in a row, a model is taken to say no more."""

Seconds = Annotated[float, Meta(gt=0, le=3600)]


class ModelOptions(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The options of every bot with a language model. docs/models.md says what they mean."""

    system_prompt: str | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    history_characters: Annotated[int, Meta(ge=1, le=1_000_000)] = HISTORY_CHARACTERS
    history_messages: Annotated[int, Meta(ge=1, le=1_000)] = HISTORY_MESSAGES
    first_token_seconds: Seconds = 60
    token_seconds: Seconds = 30
    retries: Annotated[int, Meta(ge=0, le=10)] = 3
    titles: bool = False
    body: dict[str, Any] = {}


class OpenAIOptions(ModelOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The options of a bot of the class `openai`."""

    model: str | None = None
    connections: Annotated[int, Meta(ge=1, le=1_000)] = 200


class ModelBot:
    """A bot with a language model, wherever that is."""

    def __init__(
        self,
        name: str,
        options: ModelOptions,
        find: Callable[[], Awaitable[Endpoint]],
        *,
        connections: int,
        uses_proxies: bool = True,
        body: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """
        Args:
            name: as people see it.
            find, connections, uses_proxies: as in Completions.
            body: further fields of the requests, beside those of the option.
        """
        self._name = name
        self._options = options
        self._body = {**body, **options.body}
        patience = Patience(options.first_token_seconds, options.token_seconds, options.retries)
        self._completions = Completions(find, patience, connections=connections, uses_proxies=uses_proxies)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._completions.close()

    async def reply(self, conversation: Conversation) -> AsyncIterator[str]:
        options = self._options
        turns = await conversation.history(options.history_characters, options.history_messages)
        messages = messages_of(turns, options.system_prompt, self._name)
        has_said = False
        unsaid = ""  # blanks at the end are said when more follows
        try:
            async with aclosing(self._stream(messages)) as pieces:
                async for piece in pieces:
                    unsaid += piece
                    if is_visible(piece):
                        said = unsaid.rstrip()
                        unsaid = unsaid[len(said) :]
                        yield said if has_said else said.lstrip()
                        has_said = True
                    elif len(unsaid) > MOST_BLANKS:
                        raise ReplyCut
        except ReplyCut:
            if has_said:
                raise
        if not has_said:
            raise BotFailed("model_said_nothing")

    async def title(self, conversation: Conversation) -> str | None:
        """Have the model find a title, if the option `titles` is set. None if it finds none, for whatever
        reason."""
        if not self._options.titles:
            return None
        answer = ""
        try:
            async with aclosing(self._stream(title_messages(conversation.content))) as pieces:
                async for piece in pieces:
                    answer += piece
                    if len(answer) > TITLE_ANSWER:
                        break
        except (BotFailed, ReplyCut):
            return None
        return cleaned_title(answer)

    def _stream(self, messages: list[dict[str, str]]) -> AsyncGenerator[str]:
        request: dict[str, Any] = {"messages": messages}
        if self._options.temperature is not None:
            request["temperature"] = self._options.temperature
        if self._options.max_tokens is not None:
            request["max_tokens"] = self._options.max_tokens
        return self._completions.stream(request | self._body)


class OpenAI(ModelBot):
    """The bot that asks the endpoint that the environment names."""

    def __init__(self, name: str, options: OpenAIOptions, settings: Settings) -> None:
        """Raises SettingsInvalid: the environment does not name an endpoint and a model."""
        model = options.model or settings.llm_model
        missing = [
            name
            for name, value in (("CHINWAG_LLM_URL", settings.llm_url), ("CHINWAG_LLM_MODEL", model))
            if not value
        ]
        if missing:
            raise SettingsInvalid(f"the environment lacks {' and '.join(missing)}")
        assert settings.llm_url is not None and model is not None
        self._endpoint = Endpoint(settings.llm_url, model, settings.llm_key)
        super().__init__(name, options, self._find, connections=options.connections)

    async def _find(self) -> Endpoint:
        return self._endpoint
