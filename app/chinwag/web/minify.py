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
    lines = [b""] * (code.count(b"\n") + 1)
    for row, line in lines_of(code, tree.root_node):
        lines[row] = line
    return b"\n".join(lines)


def lines_of(code: bytes, root: Node) -> Iterator[tuple[int, bytes]]:
    """The lines of code in which there is something, minified, each with its number in the code, from 0."""
    row, line = 0, b""
    end = 0
    for token in tokens(root):
        gap = code[end : token.start_byte]
        first, *others = code[token.start_byte : token.end_byte].split(b"\n")
        if b"\n" in gap:
            if line:
                yield row, line
            row, line = token.start_point.row, b""
        elif gap and CLASH.match(line[-1:] + first[:1]):
            line += b" "
        line += first
        for other in others:  # of a string or a template: its empty lines belong to it
            yield row, line
            row, line = row + 1, other
        end = token.end_byte
    if line:
        yield row, line


def tokens(root: Node) -> Iterator[Node]:
    """The tokens of a syntax tree, in order; comments are none."""
    left = [root]
    while left:
        node = left.pop()
        if node.type not in WHOLE and node.children:
            left += reversed(node.children)
        elif node.type != "comment":
            yield node


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
