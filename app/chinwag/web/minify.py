"""The page's files without what only their readers need: comments and white space. Names stay."""

import re
from collections.abc import Callable, Iterator, Mapping

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

JAVASCRIPT = Language(tree_sitter_javascript.language())

WHOLE = {"string", "template_string", "regex"}
"""Nodes of the syntax tree in which white space has a meaning."""

CLASH = re.compile(rb"[\w$\x80-\xff][\w$\x80-\xff#\\]|\+\+|--|//|/\*|<!|\d\.")
"""The last and the first character of two tokens that would be read as something else side by side."""

PAGE_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
LINE_ENDS = re.compile(rb"\s*\n\s*")

STYLE_COMMENT = re.compile(rb"/\*.*?\*/", re.DOTALL)
STYLE_SPACE = re.compile(rb"\s+(?=[{}])|(?<=[{};:,])\s+")


def minified_module(code: bytes) -> bytes:
    """A module; or the code as it is, if it is no JavaScript. Line ends remain, so that a browser's messages
    tell the lines of the file."""
    tree = Parser(JAVASCRIPT).parse(code)
    if tree.root_node.has_error:
        return code
    sent = bytearray()
    end = 0
    for token in tokens(tree.root_node):
        gap = code[end : token.start_byte]
        text = code[token.start_byte : token.end_byte]
        if b"\n" in gap:
            sent += b"\n" * gap.count(b"\n")
        elif gap and CLASH.match(sent[-1:] + text[:1]):
            sent += b" "
        sent += text
        end = token.end_byte
    return bytes(sent + b"\n" * code.count(b"\n", end))


def tokens(node: Node) -> Iterator[Node]:
    """The tokens of a syntax tree, in order; comments are none."""
    if node.type in WHOLE or not node.children:
        if node.type != "comment":
            yield node
        return
    for child in node.children:
        yield from tokens(child)


def minified_style(code: bytes) -> bytes:
    """A style sheet. No string in it may hold what looks like a comment, or a space behind one of `{};:,`."""
    return STYLE_SPACE.sub(b"", STYLE_COMMENT.sub(b"", code)).strip()


def minified_page(code: bytes) -> bytes:
    """A page, with its lines not indented. It may have no text that is preformatted."""
    return LINE_ENDS.sub(b"\n", PAGE_COMMENT.sub(b"", code))


MINIFIERS: Mapping[str, Callable[[bytes], bytes]] = {
    ".js": minified_module,
    ".css": minified_style,
    ".html": minified_page,
}
"""By the end of a file's name."""
