"""What a person does with a bot on the page, where a test tells the bot what to say."""

from playwright.async_api import Locator, Page, expect

from tests.support.page import write
from tests.support.told_bot import Teller, ToldReply


async def ask(page: Page, teller: Teller, question: str = "Why?") -> ToldReply:
    """Write a question, and wait until the bot is asked and the page shows it."""
    await write(page, question)
    reply = await teller.asked()
    assert reply.question == question
    await expect(page.locator(".thinking")).to_be_visible()
    return reply


async def answered(page: Page, teller: Teller, question: str, answer: str) -> None:
    """Ask, and have the bot answer."""
    reply = await ask(page, teller, question)
    reply.say(answer)
    reply.end()
    await expect(action(page, "Answer again")).to_be_attached()


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def action(page: Page, name: str) -> Locator:
    """A button at the newest message that has such a one."""
    return page.locator(".actions").get_by_role("button", name=name, exact=True).last
