"""A bot that repeats what it hears: the smallest one, to start your own from.

Copy this file, let `reply` say something better, and name it in the setting: `bot = "your_module:YourBot"`.
"""


class Echo:
    """Says the same again."""

    async def reply(self, thread_id: int, content: str) -> str:
        return content
