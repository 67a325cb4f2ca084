"""A bot that repeats each message: the smallest possible one, and a template for your own.

Copy this file, change what `reply` returns, and name your class in the setting: `bot =
"your_module:YourBot"`.
"""


class Echo:
    """The bot that says the same again."""

    async def reply(self, thread_id: int, content: str) -> str:
        return content
