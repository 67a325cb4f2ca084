"""The README's examples do what it says, in the order in which a newcomer tries them."""

import re
import shlex
import subprocess
import sys

from tests.support.client import LIMIT_SECONDS, open_thread
from tests.support.process import Server, ServerStarter, directory_for_all, environ_of, find_program
from tests.support.repository import ROOT

README = ROOT / "README.md"


async def test_http_and_sql_examples_reach_a_reader_from_the_first_minute_on() -> None:
    find_program("curl", "curl")
    with directory_for_all() as data, ServerStarter(None, forks=False) as start:
        settings = {"CHINWAG_DATA_DIRECTORY": str(data), "CHINWAG_BOT": "none"}
        server = start(settings)
        create, *write = examples(server)
        assert '"id":1,' in run(create, settings)
        async with open_thread(server, 1) as client:
            await client.frame("ready")
            for example in write:
                run(example, settings)
            await client.until_seq(len(write))
        contents = [message["content"] for message in client.messages]
        assert contents == ["the build is green", "the backup is done"]


def examples(server: Server) -> list[list[str]]:
    """Return the commands of the section about writing, for this server and this Python."""
    _, after = README.read_text(encoding="utf-8").split("\n## Three ways to write a message\n")
    section, *_ = after.split("\n## ")
    lines = "".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL)).splitlines()
    commands = [shlex.split(line.replace("http://127.0.0.1:8000", server.url)) for line in lines]
    programs = {".venv/bin/chinwag": [sys.executable, "-m", "chinwag.cli"], "curl": ["curl", "-sS"]}
    return [[*programs[program], *arguments] for program, *arguments in commands]


def run(command: list[str], settings: dict[str, str]) -> str:
    environ = environ_of(None, settings)
    return subprocess.check_output(command, env=environ, text=True, timeout=LIMIT_SECONDS)


def test_two_lines_do_all_the_set_up() -> None:
    commands = re.findall(r"^python3 -m venv \.venv && .*$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert [command.split(" && ")[-1] for command in commands] == [".venv/bin/chinwag", ".venv/bin/pytest"]
