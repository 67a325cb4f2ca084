"""A bot that repeats each message: the smallest possible one, and a template for your own.

Copy this file, let `reply` say something better, and name it in the setting: `bot = "your_module:YourBot"`.
"""


class Echo:
    """Says the same again."""

    async def reply(self, thread_id: int, content: str) -> str:
        return content
