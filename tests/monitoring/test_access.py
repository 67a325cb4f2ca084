"""Only this computer and configured addresses see /metrics; for everybody else there is no such path."""

from typing import Any, cast

import httpx
import pytest

from chinwag.db.pool import Connection
from chinwag.settings import Settings
from chinwag.web.access import is_operator
from tests.support.http import http_client
from tests.support.people import add_person, signed_in
from tests.support.process import Server, ServerStarter

ELSEWHERE = "203.0.113.9"


async def hidden(client: httpx.AsyncClient, url: str, headers: dict[str, str] | None = None) -> None:
    """Check that the answer is the one for a path that there is not."""
    answer = await client.get(f"{url}/metrics", headers=headers)
    nothing = await client.get(f"{url}/no-such-path", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.json() == nothing.json()
    assert answer.headers.keys() == nothing.headers.keys()


async def test_this_computer_sees_them_without_signing_in(start_server: ServerStarter) -> None:
    server = start_server({"CHINWAG_BOT": "none", "CHINWAG_SIGN_IN": "required"})
    async with http_client() as client:
        assert (await client.get(f"{server.url}/metrics")).status_code == 200


FIELDS = [
    ("X-Forwarded-For", ELSEWHERE),
    ("X-Forwarded-For", "127.0.0.1"),
    ("X-Forwarded-For", f"127.0.0.1, {ELSEWHERE}"),
    ("X-Forwarded-For", f"{ELSEWHERE}, 127.0.0.1"),
    ("X-Forwarded-For", "::1"),
    ("X-Forwarded-For", "10.1.2.3"),
    ("X-Forwarded-For", ""),
    ("x-real-ip", "127.0.0.1"),
    ("Forwarded", "for=127.0.0.1"),
    ("Via", "1.1 somewhere"),
]


@pytest.mark.parametrize("trusted", ["127.0.0.1", "*", "192.0.2.1"])
async def test_what_comes_through_a_proxy_comes_from_elsewhere(
    start_server: ServerStarter, trusted: str
) -> None:
    """Also where uvicorn believes every address that is said, and where the proxy itself may see them."""
    settings = {"CHINWAG_METRICS_FROM": "10.0.0.0/8, 127.0.0.0/8", "FORWARDED_ALLOW_IPS": trusted}
    server = start_server({"CHINWAG_BOT": "none"} | settings)
    async with http_client() as client:
        for field in FIELDS:
            await hidden(client, server.url, dict([field]))


@pytest.mark.parametrize(
    ("address", "sees"),
    [("10.1.2.3", True), ("fd00::7", True), ("::1", True), ("11.1.2.3", False), ("fd01::7", False)],
)
def test_a_configured_address_sees_them_and_no_other(address: str, sees: bool) -> None:
    """Tests have no other address than that of this computer, so this asks the check itself."""
    settings = Settings(metrics_from=("10.0.0.0/8", "fd00::/16"))
    for headers, says in ([], sees), ([(b"x-forwarded-for", b"10.1.2.3")], False):
        scope: Any = {"type": "http", "client": (address, 40000), "headers": headers}
        assert is_operator(scope, settings) is says
    assert not is_operator(cast(Any, {"type": "http", "client": None, "headers": []}), settings)


async def test_through_nginx_nobody_sees_them_whatever_they_add(proxy: Server) -> None:
    async with http_client() as client:
        for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Chinwag"):
            await hidden(client, proxy.url, {name: "127.0.0.1"})
        await hidden(client, proxy.url, {"Connection": "X-Forwarded-For, X-Forwarded-Proto"})


async def test_an_account_from_elsewhere_does_not_see_them_whoever_it_is(
    server: Server, proxy: Server, db: Connection
) -> None:
    for name, admin in (("ann", False), ("root", True)):
        await add_person(db, name, admin=admin)
        async with signed_in(proxy, name) as client:
            await hidden(client, proxy.url)
            assert (await client.get(f"{server.url}/metrics")).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", ""])
async def test_a_page_whose_name_leads_to_this_computer_does_not_see_them(server: Server, host: str) -> None:
    """DNS rebinding."""
    async with http_client() as client:
        answer = await client.get(f"{server.url}/metrics", headers={"Host": host})
        assert (answer.status_code, answer.json()["code"]) == (421, "host_not_allowed")


async def test_a_page_of_another_site_does_not_see_them(server: Server) -> None:
    async with http_client() as client:
        answer = await client.get(f"{server.url}/metrics", headers={"Origin": "https://evil.example"})
        assert answer.json()["code"] == "origin_not_allowed"
        answer = await client.get(f"{server.url}/metrics", headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.json()["code"] == "origin_not_allowed"


async def test_a_wrong_address_is_an_error_at_the_start(start_server: ServerStarter) -> None:
    with pytest.raises(AssertionError, match="CHINWAG_METRICS_FROM: metrics_from: "):
        start_server({"CHINWAG_METRICS_FROM": "10.0.0.1/8"})
