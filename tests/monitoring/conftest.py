"""The server of these tests, and one that is reached through nginx."""

from collections.abc import Iterator

import pytest

from tests.support.nginx import nginx_before
from tests.support.process import Server


@pytest.fixture(scope="module")
def proxy(server: Server) -> Iterator[Server]:
    with nginx_before([server], {}) as proxy:
        yield proxy
