"""The document about bots has every option, and every way in which a reply can fail."""

import re
from typing import get_args

from chinwag import wire
from chinwag.bots.local import LocalOptions
from chinwag.bots.openai import OpenAIOptions
from chinwag.bots.pieces import PacedOptions
from tests.support.repository import ROOT

TEXT = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")


def first_column(heading: str) -> list[str]:
    section, *_ = TEXT.partition(f"\n## {heading}\n")[2].split("\n## ")
    return re.findall(r"^\| `(\w+)` \|", section, re.M)


def test_every_option_is_there_once() -> None:
    options = first_column("Options")
    ours = {
        *OpenAIOptions.__struct_fields__,
        *LocalOptions.__struct_fields__,
        *PacedOptions.__struct_fields__,
    }
    assert sorted(options) == sorted({"class", "display_name", *ours})


def test_every_failure_is_there_in_the_order_of_the_wire() -> None:
    assert first_column("What can go wrong") == list(get_args(wire.Failure))


def test_the_three_commands_are_those_of_the_readme() -> None:
    commands = re.findall(r"```sh\n(python3 -m venv \.venv\n.*?)```", TEXT, re.S)
    assert len(commands) == 1
    assert commands[0].count("\n") == 3
    assert commands[0] in (ROOT / "README.md").read_text(encoding="utf-8")
