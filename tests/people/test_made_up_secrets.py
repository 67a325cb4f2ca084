"""Whoever makes up the secrets of sessions costs the database a query each, and so is limited by address."""

import asyncio

import pytest

from tests.support.client import LIMIT_SECONDS
from tests.support.people import nobody
from tests.support.process import Server


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none", "CHINWAG_POSTS_PER_SECOND": "1"}


async def test_secrets_that_are_made_up_are_refused_when_there_are_too_many(server: Server) -> None:
    async with nobody(server, headers={"Cookie": "chinwag=made-up"}) as client:
        first = await client.get("/account")
        assert (first.status_code, first.json()["code"]) == (401, "not_signed_in")
        codes = {"not_signed_in"}
        async with asyncio.timeout(LIMIT_SECONDS):
            while "too_many_requests" not in codes:
                answers = await asyncio.gather(*[client.get("/account") for _ in range(20)])
                codes |= {answer.json()["code"] for answer in answers}
    assert codes == {"not_signed_in", "too_many_requests"}
    async with nobody(server, headers={"Cookie": "chinwag=made-up", "X-Forwarded-For": "192.0.2.1"}) as other:
        assert (await other.get("/account")).json()["code"] == "not_signed_in"


async def test_keys_that_are_made_up_are_refused_when_there_are_too_many(server: Server) -> None:
    headers = {"Authorization": f"Bearer chinwag_key_{'0' * 64}", "X-Forwarded-For": "192.0.2.2"}
    async with nobody(server, headers=headers) as client:
        first = await client.get("/account")
        assert (first.status_code, first.json()["code"]) == (401, "wrong_key")
        codes = {"wrong_key"}
        async with asyncio.timeout(LIMIT_SECONDS):
            while "too_many_requests" not in codes:
                answers = await asyncio.gather(*[client.get("/account") for _ in range(20)])
                codes |= {answer.json()["code"] for answer in answers}
    assert codes == {"wrong_key", "too_many_requests"}
