"""Directories and servers, one for all tests where they leave it as they like."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chinwag.embedded.server import EmbeddedPostgres
from tests.support.owner import QUICK, sql
from tests.support.process import directory_for_all


@pytest.fixture
def empty() -> Iterator[Path]:
    """A directory for a first start."""
    with directory_for_all() as directory:
        yield directory


@pytest.fixture(scope="module")
def cluster() -> Iterator[EmbeddedPostgres]:
    """One for all tests but those of a first start: each leaves it as it likes."""
    with directory_for_all() as directory:
        cluster = EmbeddedPostgres(directory, options=QUICK)
        try:
            sql(cluster.start(), "create table kept (word uuid)")
            yield cluster
        finally:
            cluster.stop()


@pytest.fixture
def server(cluster: EmbeddedPostgres) -> EmbeddedPostgres:
    """A server that runs."""
    cluster.start()
    return cluster


@pytest.fixture
def directory(cluster: EmbeddedPostgres) -> Path:
    """The directory of a server that was stopped."""
    cluster.stop()
    return cluster.directory
