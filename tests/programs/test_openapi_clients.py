"""Programs are generated from the OpenAPI document, and what it says of signing in is true."""

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.people import nobody
from tests.support.process import Server, skip_for_lack
from tests.support.programs import make_key, with_key

TOOLS = Path(__file__).parent / "tools"
LIMIT_SECONDS = 120

TYPED = """
import type { components, operations } from "./types";

type Answer = operations["listMessages"]["responses"][200]["content"]["application/json"];

export function contents(answer: Answer): string[] {
  return answer.map((message: components["schemas"]["Message"]) => message.content);
}

export const change: components["schemas"]["ThreadChange"] = { pinned: true };

// @ts-expect-error: it is a boolean
export const wrong: components["schemas"]["ThreadChange"] = { pinned: "yes" };
"""


@pytest.fixture(scope="module")
def document(server: Server) -> Any:
    return httpx.get(f"{server.url}/docs/openapi.json").raise_for_status().json()


@pytest.fixture
def file(document: Any, tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document))
    return path


@pytest.fixture
def generated(file: Path, tmp_path: Path) -> Iterator[Path]:
    """The folder from which the generated package `generated_client` can be imported."""
    options = ["--path", str(file), "--output-path", str(tmp_path / "generated_client")]
    # It formats with ruff, if that is beside it.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [sys.executable, "-m", "openapi_python_client", "generate", *options, "--meta", "none"]
    made = subprocess.run(
        command,
        capture_output=True,
        check=False,
        env=os.environ | {"PATH": path},
        text=True,
        timeout=LIMIT_SECONDS,
    )
    said = made.stdout + made.stderr
    assert made.returncode == 0, said
    assert "unsupported" not in said.lower() and "Unable to" not in said, said
    sys.path.insert(0, str(tmp_path))
    yield tmp_path
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.partition(".")[0] == "generated_client"]:
        del sys.modules[name]


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of npm."""
    program = TOOLS / "node_modules" / ".bin" / name
    if not program.exists():
        skip_for_lack(f"{name} is missing: npm ci --prefix tests/programs/tools")
    return subprocess.run(
        [str(program), *arguments],
        capture_output=True,
        check=False,
        env=os.environ | {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"},
        text=True,
        timeout=LIMIT_SECONDS,
    )


def test_operations_have_short_names_and_a_tag(document: Any) -> None:
    tags = {tag["name"] for tag in document["tags"]}
    for method, path, operation in operations(document):
        assert re.fullmatch("[a-z]+([A-Z][a-z]+){0,3}", operation["operationId"]), (method, path)
        assert len(operation["tags"]) == 1 and tags >= {*operation["tags"]}, (method, path)
    names = {operation["operationId"] for *_, operation in operations(document)}
    assert names > {"listMessages", "createThread", "signIn", "sendToWebhook", "checkReadiness"}


def test_no_union_is_of_one_type(document: Any) -> None:
    def unions(part: Any) -> Iterator[Any]:
        if isinstance(part, dict):
            yield from (part[name] for name in ("oneOf", "anyOf") if name in part)
        if isinstance(part, dict | list):
            for one in part.values() if isinstance(part, dict) else part:
                yield from unions(one)

    found = list(unions(document))
    assert found
    assert [union for union in found if len(union) < 2 or {} in union] == []


def test_the_linter_finds_nothing(file: Path) -> None:
    lint = tool("redocly", "lint", "--extends=recommended", "--max-problems=1000", "--format=json", str(file))
    assert lint.returncode == 0, lint.stdout + lint.stderr
    assert json.loads(lint.stdout)["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}


def test_the_types_of_typescript(file: Path, tmp_path: Path) -> None:
    made = tool("openapi-typescript", str(file), "--output", str(tmp_path / "types.ts"))
    assert made.returncode == 0, made.stdout + made.stderr
    (tmp_path / "typed.ts").write_text(TYPED)
    checked = tool("tsc", "--strict", "--noEmit", "--target", "es2022", str(tmp_path / "typed.ts"))
    assert checked.returncode == 0, checked.stdout + checked.stderr


async def test_the_client_of_python(
    server: Server, ada: httpx.AsyncClient, thread: int, generated: Path
) -> None:
    client_module = importlib.import_module("generated_client")
    models = importlib.import_module("generated_client.models")
    threads = importlib.import_module("generated_client.api.threads.list_threads")
    create = importlib.import_module("generated_client.api.messages.create_message")
    read = importlib.import_module("generated_client.api.messages.list_messages")
    key = await make_key(ada)
    async with client_module.AuthenticatedClient(base_url=server.url, token=key, verify_ssl=False) as client:
        assert thread in {one.id for one in await threads.asyncio(client=client)}
        body = models.NewMessage(content="from a generated client")
        written = await create.asyncio(thread, client=client, body=body)
        assert (written.seq, written.role) == (1, "user")
        [message] = await read.asyncio(thread, client=client, after=0)
        assert (message.content, message.id) == ("from a generated client", written.id)
        missing = await read.asyncio(999_999, client=client)
        assert (missing.code, missing.status) == ("no_such_thread", 404)


async def test_what_it_says_of_signing_in_is_true(
    server: Server, ada: httpx.AsyncClient, document: Any, thread: int
) -> None:
    async with nobody(server) as stranger, with_key(server, await make_key(ada)) as program:
        for method, path, operation in operations(document):
            url = server.url + re.sub(r"\{\w+\}", "999999", path)
            asked = await stranger.request(method, url, json={})
            with_a_key = await program.request(method, url, json={})
            schemes = {name for one in operation.get("security", document["security"]) for name in one}
            assert (asked.status_code == 401) == bool(schemes), (method, path)
            if schemes == {"session"}:
                # A body that is wrong is refused before.
                assert with_a_key.json()["code"] in {"not_allowed", "bad_request"}, (method, path)
            elif schemes:
                assert schemes == {"session", "key"}
                assert with_a_key.status_code not in {401, 403}, (method, path)
