"""What is sent of a file means the same as the file, without its comments and most of its white space."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.async_api import Browser
from tree_sitter import Parser

from chinwag.web.assets import FILES
from chinwag.web.minify import JAVASCRIPT, minified_module, tokens
from tests.support.http import http_client
from tests.support.process import Server

MODULES, STYLES, PAGES = (
    {name: path for name, path in FILES.items() if path.suffix == suffix}
    for suffix in (".js", ".css", ".html")
)

RULES = r"""(sources) => sources.map((source) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(source);
    return [...sheet.cssRules].map((rule) => rule.cssText.replace(/([,:])\s+/g, "$1"));
})"""

ELEMENTS = r"""(sources) => sources.map((source) => {
    const { documentElement } = new DOMParser().parseFromString(source, "text/html");
    return documentElement.outerHTML.replace(/<!--.*?-->/gs, "").replace(/\s+/g, " ");
})"""

HARD = {
    "nested templates": "const a = `x // y  ${ b + `in // ner  ${ c }` } /* z */   z\n   two` ;",
    "what begins like a comment": "const u = 'http://x' , v = \"/* no */\" , w = `a\\`b // c` ;",
    "regular expressions": "const r = /[/*]  x/g ; f = () => /a  b/u ; if ( x ) /re  x/.test(y)",
    "division": "const t = a / b / c , u = a / /b/.source.length , v = (a) / 2 / b",
    "private names": "class A { #x = 1 ; static #y ; has(o) { return #x in o } get #z() { this . #x } }",
    "signs": "x = y++ + ++z ; u = - -1 ; v = a - --b ; w = + +a",
    "numbers": "const n = 1 .toFixed( ) , m = 1. .toFixed() , q = a ? .5 : 1 , o = a?.b ?? c?.[0]",
    "line ends": "a = 1\n++k\nfor ( const x of y )\n  z ( )\nfoo()\n;[1].map(x => ({}))",
    "a comment that ends a line": "const f = () => { return /* of\n two lines */ }\nf ( ) // one\n/ 2",
    "names": "export { a as default } ; import { c as d } from './x.js' ; if (typeof a in b) throw new  É( )",
}


def tokens_of(code: bytes) -> list[tuple[str, bytes, int]]:
    """The type, the text and the line of each token."""
    tree = Parser(JAVASCRIPT).parse(code)
    assert not tree.root_node.has_error
    return [(one.type, one.text or b"", one.start_point.row) for one in tokens(tree.root_node)]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_the_same_tokens_in_the_same_lines(name: str) -> None:
    code = MODULES[name].read_bytes()
    sent = minified_module(code)
    assert tokens_of(sent) == tokens_of(code)
    assert sent.count(b"\n") == code.count(b"\n")
    assert len(sent) < len(code)


@pytest.mark.parametrize("name", HARD)
def test_hard_code_has_the_same_tokens_in_the_same_lines(name: str) -> None:
    code = HARD[name].encode()
    assert tokens_of(minified_module(code)) == tokens_of(code)


def test_what_is_no_javascript_is_left_as_it_is() -> None:
    assert minified_module(b"const  = `  ; // not") == b"const  = `  ; // not"


async def test_style_sheets_have_the_same_rules_and_pages_the_same_elements(
    server: Server, browser: Browser
) -> None:
    async with http_client(server.url) as site:
        for files, script, comment in ((STYLES, RULES, "/*"), (PAGES, ELEMENTS, "<!--")):
            sent = [(await site.get(f"static/{name}")).text for name in files]
            page = await browser.new_page()
            assert await page.evaluate(script, sent) == await page.evaluate(script, written(files))
            await page.close()
            assert not [text for text in sent if comment in text or re.search(r"^\s", text, re.M)]


def written(files: Mapping[str, Path]) -> list[str]:
    """The files, and in the place of an import the style sheet."""
    imports = re.compile(r'@import "\./(.*)";')
    return [
        "".join(
            (file.parent / part).read_text() if number % 2 else part
            for number, part in enumerate(imports.split(file.read_text()))
        )
        for file in files.values()
    ]


async def test_a_style_sheet_is_sent_with_those_that_it_imports(server: Server) -> None:
    async with http_client(server.url) as site:
        sent = (await site.get("static/style/index.css")).text
        tokens = (await site.get("static/style/tokens.css")).text
    assert sent.startswith(tokens)
    assert "@import" not in sent
    imported = re.findall(r'"\./(.*)"', STYLES["style/index.css"].read_text())
    pages = ["account.css", "index.css", "not-found.css", "sign-in.css", "sockets.css"]
    later = ["bot-choice.css", "replies.css"]
    assert sorted([*imported, *pages, *later]) == sorted(file.name for file in STYLES.values())
