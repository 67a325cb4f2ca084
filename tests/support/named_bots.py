"""Two bots that say their names: `first`, the default one, and `second`."""

from pathlib import Path

SETTINGS = """
bot = "first"
bot_pace = 0

[bots.first]
class = "named_bot:Named"
display_name = "The First"
name = "first"

[bots.second]
class = "named_bot:Named"
name = "second"
"""

NAMED = """
class Named:
    def __init__(self, name):
        self.name = name

    async def reply(self, conversation):
        yield self.name

    async def title(self, conversation):
        return " About\\n " + conversation.content
"""


def write_bots(folder: Path) -> Path:
    """Write the settings of a server, and the bots that they name."""
    (folder / "litestar.toml").write_text(SETTINGS)
    (folder / "named_bot.py").write_text(NAMED)
    return folder
