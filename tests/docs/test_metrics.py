"""The document about metrics and health has those of the source, and what it names is there."""

import re

from docs.metrics import DOCUMENT, document
from tests.support.repository import ROOT

TEXT = DOCUMENT.read_text(encoding="utf-8")


def test_the_committed_tables_are_those_that_the_source_makes() -> None:
    assert document(TEXT) == TEXT, "run `python -m docs.metrics`"


def test_a_new_meaning_changes_the_document() -> None:
    changed = TEXT.replace("| `deaf` | no |", "| `deaf` | yes |").replace("| counter |", "| gauge |", 1)
    assert changed != TEXT
    assert document(changed) == TEXT


def test_the_files_that_it_names_are_there() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert links
    assert all((ROOT / "docs" / link).resolve().exists() for link in links)
