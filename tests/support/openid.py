"""An OpenID provider as a process, and a person who signs in at it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.support.http import http_client
from tests.support.process import free_port, wait_until


@contextmanager
def provider_running() -> Iterator[str]:
    """Run a provider, and give the block its issuer."""
    port = free_port()
    program = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            issuer = f"http://127.0.0.1:{port}"
            wait_until(lambda: process.poll() is not None or _answers(issuer))
            assert process.poll() is None
            yield issuer
        finally:
            process.terminate()


def set_claims(issuer: str, subject: str, **claims: object) -> None:
    """Have the provider say this about a person."""
    httpx.put(f"{issuer}/users/{subject}", json=claims).raise_for_status()


async def begin(client: httpx.AsyncClient, next: str = "/") -> str:
    """Have a browser begin to sign in, and return the address at the provider to which it is sent."""
    sent = await client.get("/openid/start", params={"next": next})
    assert sent.status_code == 303, sent.text
    return sent.headers["location"]


async def consent(url: str, subject: str) -> str:
    """Sign in at the provider, and return the address to which it sends the browser."""
    async with http_client() as at_provider:
        answer = await at_provider.post(url, data={"sub": subject})
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


async def sign_in_at(client: httpx.AsyncClient, subject: str, next: str = "/") -> httpx.Response:
    """Sign in by the provider, and return the answer with which the browser comes to where it wants to be."""
    return await client.get(await consent(await begin(client, next), subject))


def query_of(url: str) -> dict[str, Any]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def _answers(issuer: str) -> bool:
    try:
        return httpx.get(f"{issuer}/.well-known/openid-configuration").is_success
    except httpx.TransportError:
        return False
