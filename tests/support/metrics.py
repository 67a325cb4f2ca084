"""What a server tells Prometheus, read by the parser of prometheus-client."""

import asyncio
from collections.abc import Callable

import httpx
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.support.client import LIMIT_SECONDS
from tests.support.http import http_client
from tests.support.process import Server


class Scraped:
    """The metrics of one answer of /metrics."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families: list[Metric] = list(text_string_to_metric_families(text))

    def value(self, name: str, **labels: str) -> float:
        """Return the value of a sample; 0 if it is not there."""
        samples = [one for family in self.families for one in family.samples]
        return sum(one.value for one in samples if one.name == name and one.labels == labels)

    def names(self) -> set[str]:
        """Return the names that an expression may have, also those of which there is no sample yet."""
        names = {one.name for family in self.families for one in family.samples}
        return names | {
            f"{family.name}_total" if family.type == "counter" else family.name for family in self.families
        }


async def scrape(server: Server) -> Scraped:
    async with http_client(server.url) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return Scraped(answer.text)


async def until_scraped(server: Server, holds: Callable[[Scraped], bool]) -> Scraped:
    """Scrape until a condition holds for the metrics."""
    async with asyncio.timeout(LIMIT_SECONDS):
        while not holds(scraped := await scrape(server)):
            await asyncio.sleep(0.05)
    return scraped


async def until_problem(server: Server, code: str, *, ready: bool) -> httpx.Response:
    """Wait until /health/ready names a problem, and check whether the server is ready nevertheless."""
    async with http_client(server.url) as client, asyncio.timeout(LIMIT_SECONDS):
        while True:
            answer = await client.get("/health/ready")
            if code in [problem["code"] for problem in answer.json()["problems"]]:
                assert answer.status_code == (200 if ready else 503)
                assert answer.json()["status"] == ("ok" if ready else "not ready")
                return answer
            await asyncio.sleep(0.05)
