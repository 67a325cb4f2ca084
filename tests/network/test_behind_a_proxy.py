"""A server that signs in everybody, as behind a proxy: which names and origins it takes."""

import httpx
import pytest

from tests.support.cases import refused
from tests.support.http import http_client
from tests.support.process import Server, ServerStarter
from tests.support.raw import ask, request, statuses

SITE = "chat.example"
KEY = ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13")


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    return {"CHINWAG_BOT": "none", "CHINWAG_SIGN_IN": "anyone", "CHINWAG_ALLOWED_HOSTS": SITE}


OWN_NAMES = [SITE, "CHAT.example:8443", "localhost", "127.0.0.1", "[::1]:80", "192.0.2.7:8000"]
OTHER_NAMES = ["evil.example", f"{SITE}.evil.example", f"evil.{SITE}", "1.2.3.4.evil.example", ""]


@pytest.mark.parametrize("host", OWN_NAMES)
async def test_a_name_of_the_site_and_an_address_are_taken(http: httpx.AsyncClient, host: str) -> None:
    assert (await http.get("/account", headers={"host": host})).status_code == 200


@pytest.mark.parametrize("host", OTHER_NAMES)
async def test_another_name_is_refused(server: Server, http: httpx.AsyncClient, host: str) -> None:
    refused(await http.get("/account", headers={"host": host}), 421, "host_not_allowed")
    path = "/api/v1/ws/threads"
    handshake = request("GET", path, "Upgrade: websocket", "Connection: Upgrade", *KEY, host=host)
    assert statuses(await ask(server, handshake)) == [403]


async def test_a_health_check_may_use_any_name(server: Server) -> None:
    async with http_client(server.url) as client:
        for path in ("/health/live", "/health/ready"):
            assert (await client.get(path, headers={"host": "pod-7.cluster.local"})).status_code == 200


@pytest.mark.parametrize(
    ("proto", "scheme", "status"),
    [("https", "https", 201), ("https", "http", 403), ("http", "https", 403), ("http", "http", 201)],
)
async def test_the_scheme_of_an_origin_is_compared(
    http: httpx.AsyncClient, proto: str, scheme: str, status: int
) -> None:
    """A proxy on this computer is believed when it says which scheme the browser uses."""
    headers = {"host": SITE, "x-forwarded-proto": proto, "origin": f"{scheme}://{SITE}"}
    assert (await http.post("/threads", json={}, headers=headers)).status_code == status


async def test_a_name_that_cannot_be_a_host_is_refused_at_the_start(start_server: ServerStarter) -> None:
    for name in ("Chat.example", "chat.example:8000", "https://chat.example", "*"):
        with pytest.raises(AssertionError, match="CHINWAG_ALLOWED_HOSTS: allowed_hosts"):
            start_server({"CHINWAG_ALLOWED_HOSTS": name})
