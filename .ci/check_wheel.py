"""Check the wheel that `python -m build` has made: what it holds, and that it chats where nothing else is.

Usage: python .ci/check_wheel.py DIST
"""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from urllib.request import Request, urlopen
from zipfile import ZipFile

PACKAGE = {"app/chinwag": "chinwag", "sql": "chinwag/sql", "static": "chinwag/static"}
"""The folders of the repository that are in the wheel, and where they are there."""

IS_AT = "Chinwag is at "


def main() -> None:
    [wheel] = Path(sys.argv[1]).glob("*.whl")
    check_contents(wheel)
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)  # root's PostgreSQL is run by another user
        check_chat(wheel, Path(directory))
    print(f"{wheel.name} holds one package, and chats.")


def check_contents(wheel: Path) -> None:
    """Check that the wheel holds the tracked files of PACKAGE and nothing else."""
    expected = {
        place + file.removeprefix(folder) for folder, place in PACKAGE.items() for file in tracked(folder)
    }
    with ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert found == expected, sorted(found ^ expected)


def tracked(folder: str) -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z", folder], check=True, capture_output=True, text=True)
    return listed.stdout.split("\0")[:-1]


def check_chat(wheel: Path, directory: Path) -> None:
    """Install the wheel into an empty environment, start it in an empty folder, and store a message."""
    environment, folder = directory / "environment", directory / "folder"
    folder.mkdir()
    venv.create(environment, with_pip=True)
    python = str(environment / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(wheel)], check=True)
    command = [str(environment / "bin" / "chinwag"), "serve", "--port", "0"]
    environ = {"PATH": "/usr/bin:/bin", "CHINWAG_DATA_DIRECTORY": str(directory / "data")}
    with subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            said = next(line for line in iter(server.stdout.readline, "") if line.startswith(IS_AT))
            chat(said.removeprefix(IS_AT).split()[0])
        finally:
            server.terminate()
    assert server.returncode == 0


def chat(url: str) -> None:
    with urlopen(url) as page:
        assert b"<!doctype html>" in page.read()
    thread = post(f"{url}/api/v1/threads", {})["id"]
    assert post(f"{url}/api/v1/threads/{thread}/messages", {"content": "hello"})["seq"] == 1


def post(url: str, data: object) -> dict[str, int]:
    request = Request(url, json.dumps(data).encode(), {"Content-Type": "application/json"})
    with urlopen(request) as answer:
        answered: dict[str, int] = json.load(answer)
    return answered


if __name__ == "__main__":
    main()
