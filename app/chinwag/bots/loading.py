"""Loading the bots that the settings name."""

import importlib
import inspect
from typing import Any, NamedTuple, Self

import msgspec

from chinwag.bots.bot import Bot
from chinwag.bots.pieces import PacedOptions
from chinwag.chat.accounts import USERNAME, bot_username, checked_display_name
from chinwag.errors import DisplayNameRefused, SettingsInvalid
from chinwag.settings import Settings

PACED = {"random": "chinwag.bots.random:Random", "echo": "chinwag.bots.echo:Echo"}

MODELS = {
    "openai": ("chinwag.bots.openai:OpenAI", "chinwag.bots.openai:OpenAIOptions"),
    "local": ("chinwag.bots.local:Local", "chinwag.bots.local:LocalOptions"),
}
"""What they need is imported only where they are used, and before the first request."""

MODEL_NAME = "Assistant"


class NamedBot(NamedTuple):
    """A bot with the names of its account."""

    username: str
    display_name: str
    bot: Bot


def bot_names(settings: Settings) -> list[tuple[str, str]]:
    """Return the username and the display name of each bot of the settings, without loading it.

    Raises:
        SettingsInvalid
    """
    if settings.bot == "none":
        return []
    found = [_Table.of(name, settings) for name in dict.fromkeys([settings.bot, *settings.bots])]
    return [(table.username, table.display_name) for table in found]


def load_bots(settings: Settings) -> list[NamedBot]:
    """Load the bots of the settings, the default one first. There are none if the setting `bot` is `none`.

    Raises:
        SettingsInvalid: with the setting and what is wrong with it.
    """
    if settings.bot == "none":
        return []
    found = [_Table.of(name, settings) for name in dict.fromkeys([settings.bot, *settings.bots])]
    usernames = [table.username for table in found]
    for name in usernames:
        if usernames.count(name) > 1:
            raise SettingsInvalid(f"bots: two of them have the username {name!r}")
    return [table.load(settings) for table in found]


class _Table(NamedTuple):
    """What the settings say about one bot."""

    place: str
    username: str
    display_name: str
    cls: str
    options: dict[str, Any]

    @classmethod
    def of(cls, name: str, settings: Settings) -> Self:
        place = f"bots.{name}" if name in settings.bots else "bot"
        options = dict(settings.bots.get(name, {"class": name}))
        if name in settings.bots and (not USERNAME.fullmatch(name) or name == "none"):
            raise SettingsInvalid(f"{place}: the name of a bot is a username: a-z, 0-9, and . _ - inside it")
        kind = options.pop("class", None)
        if not isinstance(kind, str):
            raise SettingsInvalid(f"{place}: the key class is missing, or is no string")
        username = name if name in settings.bots else bot_username(name)
        display_name = options.pop("display_name", MODEL_NAME if name in MODELS else username.title())
        try:
            display_name = checked_display_name(display_name)
        except (DisplayNameRefused, AttributeError):
            raise SettingsInvalid(f"{place}: display_name: it cannot be shown") from None
        return cls(place, username, display_name, kind, options)

    def load(self, settings: Settings) -> NamedBot:
        try:
            bot = _make(self.cls, dict(self.options), self.display_name, settings)
        except SettingsInvalid as error:
            raise SettingsInvalid(f"{self.place}: {error}") from None
        return NamedBot(self.username, self.display_name, bot)


def _make(cls: str, options: dict[str, Any], display_name: str, settings: Settings) -> Bot:
    """Make a bot of a class. Raises SettingsInvalid, without the place."""
    bot: Bot
    if cls in MODELS:
        make, kind = map(_imported, MODELS[cls])
        bot = make(display_name, _converted(options, kind), settings)
        return bot
    if cls in PACED:
        paced = _converted({"pace": settings.bot_pace, **options}, PacedOptions)
        bot = _imported(PACED[cls])(paced.pace)
        return bot
    try:
        make = _imported(cls)
    except (ImportError, AttributeError, ValueError) as error:
        known = ", ".join((*PACED, *MODELS))
        raise SettingsInvalid(
            f"there is no {cls!r}: it is {known}, none or module:Class of your own ({error})"
        ) from None
    try:
        inspect.signature(make).bind(**options)
    except TypeError as error:
        raise SettingsInvalid(f"{cls}: {error}") from None
    bot = make(**options)
    return bot


def _imported(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def _converted(options: dict[str, Any], kind: Any) -> Any:
    for key in options:
        if key not in kind.__struct_fields__:
            known = ", ".join(kind.__struct_fields__)
            raise SettingsInvalid(f"there is no option {key!r}: there are {known}")
    try:
        return msgspec.convert(options, kind)
    except msgspec.ValidationError as error:
        complaint, _, path = str(error).rpartition(" - at `$.")
        raise SettingsInvalid(f"{path.rstrip('`')}: {complaint}") from None
