"""What a page shows of a model that fails: each failure has its own words, and nothing is lost."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.support.endpoint import FakeEndpoint
from tests.support.page import Open, write
from tests.support.process import Server, ServerStarter

TABLE = """
bot = "robbie"
[bots.robbie]
class = "openai"
first_token_seconds = 1
token_seconds = 1
retries = 1
"""

SHOWN = {
    "slow": "The model took too long to begin.",
    "stall": "The model stopped in the middle and did not go on.",
    "cut-in-a-character": "The connection to the model was lost in the middle.",
    "busy": "The model has too much to do just now.",
    "error": "The model has failed.",
    "html": "The answer of the model could not be understood.",
    "silent": "The model said nothing.",
    "endless": "Cut off at the limit",
    "megabyte": "Cut off at the limit",
}
"""What is shown for each mode of the endpoint."""


@pytest.fixture(scope="module")
async def endpoint() -> AsyncIterator[FakeEndpoint]:
    async with FakeEndpoint().running() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def server(
    start_server: ServerStarter, endpoint: FakeEndpoint, tmp_path_factory: pytest.TempPathFactory
) -> Server:
    folder = tmp_path_factory.mktemp("robbie")
    (folder / "litestar.toml").write_text(TABLE)
    environ = {"CHINWAG_LLM_URL": endpoint.url, "CHINWAG_LLM_MODEL": "as-told"}
    return start_server(environ | {"CHINWAG_POSTS_PER_SECOND": "0"}, directory=folder)


async def test_each_failure_is_told_in_its_words_and_can_be_tried_again(
    open_page: Open, server: Server
) -> None:
    page = await open_page("/")
    for mode, shown in SHOWN.items():
        await page.get_by_role("button", name="New chat").click()
        await write(page, mode)
        await expect(page.get_by_role("article").last).to_contain_text(shown)
        can_be_tried_again = not shown.startswith("Cut off")
        await expect(page.get_by_role("button", name="Try again")).to_have_count(int(can_be_tried_again))
    assert "Traceback" not in server.log.read_text()
