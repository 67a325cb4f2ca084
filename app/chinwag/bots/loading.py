"""Loading the bots that the settings name."""

import importlib

from chinwag.bots.bot import Bot
from chinwag.errors import SettingsInvalid

BOTS = {"random": "chinwag.bots.random:Random", "echo": "chinwag.bots.echo:Echo"}


def load_bot(name: str, pace: float = 0) -> Bot | None:
    """Load the bot of the setting `bot`; None for `none`.

    Args:
        pace: about how many seconds the bots that come with Chinwag seem to think.

    Raises:
        SettingsInvalid: there is no such module or class.
    """
    if name == "none":
        return None
    module, _, cls = BOTS.get(name, name).partition(":")
    try:
        make = getattr(importlib.import_module(module), cls)
        bot: Bot = make(pace) if name in BOTS else make()
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsInvalid(
            f"bot: there is no {name!r}: it is random, echo, none or module:Class of your own ({error})"
        ) from None
    return bot
