"""The close codes are one table: the server's, and what the page and the documents say of it."""

import re

from chinwag.web.assets import STATIC
from chinwag.wire import CloseCode
from tests.support.repository import ROOT

[ON_THE_PAGE] = STATIC.rglob("close-codes.js")


def test_the_page_knows_the_codes_by_their_names() -> None:
    codes = dict(re.findall(r"^export const (\w+) = (\d+);$", ON_THE_PAGE.read_text(), re.M))
    assert codes
    assert codes == {name: str(CloseCode[name].value) for name in codes}


def test_the_page_gives_up_after_the_same_codes() -> None:
    found = re.search(r"^export const GIVE_UP = new Set\(\[(.*)\]\);$", ON_THE_PAGE.read_text(), re.M)
    assert found
    assert set(found[1].split(", ")) == {code.name for code in CloseCode if code.advice == "give up"}


def test_no_other_file_of_the_page_has_a_close_code() -> None:
    number = re.compile(rf"\b({'|'.join(str(code.value) for code in CloseCode)})\b")
    assert [file for file in STATIC.rglob("*.js") if number.search(file.read_text())] == [ON_THE_PAGE]


def test_the_document_has_the_table() -> None:
    rows = [f"| {one.value} | `{one.name.lower()}` | {one.meaning} | {one.advice} |" for one in CloseCode]
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| (?:1|4)\d{3} \|.*$", text, re.M) == rows
