"""The document at /docs/openapi.json is true: the server answers as it says, whatever is sent."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.process import Server

WEBHOOK = "/api/v1/hooks/{secret}"

# A date that is none, such as February 30, is refused; no pattern for `before` can say so.
CONFIGURATION = """
[[operations]]
include-name = "GET /api/v1/threads"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400"]

# No password that is made up is right, and too many are not even verified.
[[operations]]
include-name = "POST /api/v1/session"
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "429"]

# No bot that is made up is there.
[[operations]]
include-name = "POST /api/v1/threads/{thread_id}/hooks"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404"]

[[operations]]
include-name = "PUT /api/v1/account/password"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "429"]

# Who leaves a thread that it has created does not find it any more.
[[operations]]
include-name = "DELETE /api/v1/threads/{thread_id}/members/{username}"
phases.stateful.enabled = false

[[operations]]
include-name = "DELETE /api/v1/sessions/{session_id}"
checks.positive_data_acceptance.expected-statuses = ["2xx", "404"]

[[operations]]
include-name = "DELETE /api/v1/invitations/{invitation_id}"
checks.positive_data_acceptance.expected-statuses = ["2xx", "404"]

# The only person may have no password yet.
[[operations]]
include-name = "POST /api/v1/invitations"
checks.positive_data_acceptance.expected-statuses = ["2xx", "409"]

# No secret that is made up is that of a link.
[[operations]]
include-name = "POST /api/v1/join"
checks.positive_data_acceptance.expected-statuses = ["400", "404", "429"]

[[operations]]
include-name = "POST /api/v1/session/link"
checks.positive_data_acceptance.expected-statuses = ["404", "429"]

[[operations]]
include-name = "POST /api/v1/sign-in-links"
checks.positive_data_acceptance.expected-statuses = ["2xx", "404"]

[[operations]]
include-name = "PATCH /api/v1/accounts/{username}"
checks.positive_data_acceptance.expected-statuses = ["2xx", "404", "409"]

[[operations]]
include-name = "DELETE /api/v1/accounts/{username}"
checks.positive_data_acceptance.expected-statuses = ["2xx", "404", "409"]

# Few names that are made up are allowed, and a bot may have one of them.
[[operations]]
include-name = "PATCH /api/v1/account"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "409"]

[[operations]]
include-name = "POST /api/v1/account/deletion"
checks.positive_data_acceptance.expected-statuses = ["401", "409", "429"]
"""


@pytest.fixture(scope="module")
def document(server: Server) -> Any:
    return httpx.get(f"{server.url}/docs/openapi.json").raise_for_status().json()


def test_the_document_is_valid_openapi(document: Any) -> None:
    import schemathesis  # only here: it takes a second, in each process of the tests

    schemathesis.openapi.from_dict(document).validate()


def test_every_error_is_documented_as_a_problem_and_nothing_else(document: Any) -> None:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            errors = {s: one["content"] for s, one in operation["responses"].items() if s >= "400"}
            if path.startswith("/api/v1/") and path != WEBHOOK:
                assert errors.keys() >= {"401", "503"}, (method, path)
                assert errors == dict.fromkeys(errors, problem), (method, path)


def test_the_errors_of_a_webhook_are_text_as_those_of_slack(document: Any) -> None:
    responses = document["paths"][WEBHOOK]["post"]["responses"]
    text = {status for status, one in responses.items() if one["content"].keys() == {"text/plain"}}
    assert text == {"200", "400", "404", "429", "503"}


def test_every_answer_is_as_documented(server: Server, document: Any, tmp_path: Path) -> None:
    # On this computer, the only person needs no session. tests/programs checks what is said of signing in.
    paths = {
        path: {method: {**operation, "security": []} for method, operation in operations.items()}
        for path, operations in document["paths"].items()
    }
    description = tmp_path / "openapi.json"
    description.write_text(json.dumps(document | {"paths": paths}))
    file = tmp_path / "schemathesis.toml"
    file.write_text(CONFIGURATION)
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(file), "--no-color"]
    options = ["--checks=all", "--max-examples=10", "--generation-deterministic", f"--url={server.url}"]
    run = subprocess.run(
        [*command, "run", str(description), *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Traceback" not in server.log.read_text()
