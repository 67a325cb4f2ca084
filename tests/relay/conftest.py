"""A primary of its own for each module, whose slots and settings are nobody else's, and a relay."""

import asyncio
from collections.abc import Iterator

import pytest

from chinwag.db.migrate import migrate
from chinwag.embedded.server import EmbeddedPostgres
from tests.support.owner import QUICK
from tests.support.process import directory_for_all
from tests.support.relays import Relay, running_relay, switch


@pytest.fixture(scope="module")
def primary() -> Iterator[EmbeddedPostgres]:
    with directory_for_all() as directory:
        postgres = EmbeddedPostgres(directory, port=0, options=QUICK)
        try:
            postgres.start()
            asyncio.run(migrate(postgres.url))
            yield postgres
        finally:
            postgres.stop()


@pytest.fixture(scope="module")
def database_url(primary: EmbeddedPostgres) -> str:
    return primary.superuser_url


@pytest.fixture(scope="module")
def relay(database_url: str) -> Iterator[Relay]:
    with running_relay("one", database_url) as relay:
        yield relay


@pytest.fixture(scope="module")
def settings(relay: Relay) -> dict[str, str]:
    return {"CHINWAG_BOT": "none", "CHINWAG_POSTS_PER_SECOND": "0", "CHINWAG_RELAY_URL": relay.url}


@pytest.fixture
def relays_alone(relay: Relay) -> Iterator[None]:
    """Relays alone notify messages during the test."""
    switch(relay.primary_url, "on")
    yield
    switch(relay.primary_url, "off")
