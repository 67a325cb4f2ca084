"""Servers as the command line starts them: nothing of Chinwag is imported before."""

from collections.abc import Iterator

import pytest

from tests.support.process import ServerStarter


@pytest.fixture(scope="module")
def start_server(database_url: str) -> Iterator[ServerStarter]:
    with ServerStarter(database_url, forks=False) as starter:
        yield starter
