"""ES modules as they are written: what one imports and exports, and where it says so."""

import posixpath
from collections.abc import Iterator

from msgspec import Struct
from tree_sitter import Node, Parser, Query, QueryCursor

from chinwag.web.minify import JAVASCRIPT

INSIDE = Query(
    JAVASCRIPT,
    """
    (call_expression function: (import)) @late
    (await_expression) @await
    (for_in_statement "await") @await
    (meta_property) @meta
    (ERROR) @error
    (MISSING) @error
    ((identifier) @name (#match? @name "[$]"))
    """,
)

UNJOINABLE = {
    "error": "this is no JavaScript",
    "meta": "import.meta would be the one of the bundle",
    "name": "a name with $ could be one that the bundle has made",
}

FUNCTIONS = {
    "arrow_function",
    "function_declaration",
    "function_expression",
    "generator_function",
    "generator_function_declaration",
    "method_definition",
}

Span = tuple[int, int]
"""Where something begins and ends, in bytes."""


class UnjoinableError(Exception):
    """A module that cannot be joined with others. The message has its name and the line."""

    def __init__(self, module: str, line: int, reason: str) -> None:
        super().__init__(f"static/{module}:{line}: {reason}")


class Import(Struct, frozen=True):
    """A static import, of names or of nothing but what the module does."""

    span: Span
    line: int
    module: str
    names: dict[str, str]
    """By the names in the importing module, those that are imported."""


class LateImport(Struct, frozen=True):
    """`import()` of a module. The span is the one of its address, with the quotation marks."""

    span: Span
    line: int
    module: str


class Module(Struct, frozen=True):
    """A module. Modules are named by their paths under `static`, such as `net/api.js`."""

    name: str
    code: bytes
    imports: list[Import]
    late_imports: list[LateImport]
    exports: dict[str, str]
    """By the names that others import, those in the module."""
    export_words: list[Span]
    """What a declaration is without when it is not exported, and lists of what is exported."""
    await_line: int | None
    """The line of an `await` that is outside of all functions."""

    def lines_of_imports(self) -> list[tuple[int, str]]:
        """The line and the module of each import, late ones too."""
        imports = [(one.line, one.module) for one in self.imports]
        return imports + [(one.line, one.module) for one in self.late_imports]


def read_module(name: str, code: bytes) -> Module:
    """Read a module.

    Raises:
        UnjoinableError: it has what cannot be said in the scope of a function, or what is not needed here.
    """
    root = Parser(JAVASCRIPT).parse(code).root_node
    found = QueryCursor(INSIDE).captures(root)
    for what, reason in UNJOINABLE.items():
        for node in found.get(what, ()):
            raise _refusal(name, node, reason)
    exports = [node for node in root.children if node.type == "export_statement"]
    return Module(
        name,
        code,
        [_import(name, node) for node in root.children if node.type == "import_statement"],
        [_late_import(name, node) for node in found.get("late", ())],
        {exported: local for node in exports for exported, local in _exports(name, node)},
        [_export_word(node) for node in exports],
        next((_line(node) for node in found.get("await", ()) if _is_outside_of_functions(node)), None),
    )


def _import(name: str, node: Node) -> Import:
    names: dict[str, str] = {}
    for clause in (child for child in node.named_children if child.type == "import_clause"):
        for part in clause.named_children:
            if part.type != "named_imports":
                raise _refusal(name, part, "only names in braces can be imported")
            names |= {local: imported for imported, local in _specified(part)}
    source = node.child_by_field_name("source")
    assert source is not None
    return Import((node.start_byte, node.end_byte), _line(node), _target(name, source), names)


def _late_import(name: str, node: Node) -> LateImport:
    arguments = node.child_by_field_name("arguments")
    assert arguments is not None
    address = arguments.named_children[0]
    return LateImport((address.start_byte, address.end_byte), _line(address), _target(name, address))


def _target(name: str, address: Node) -> str:
    """The module that has this address in the module of this name."""
    text = _text(address)[1:-1]
    if address.type != "string" or not text.startswith(("./", "../")):
        raise _refusal(name, address, 'an address is a string that begins with "./" or "../"')
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), text))


def _exports(name: str, node: Node) -> Iterator[tuple[str, str]]:
    """The names of one statement: the exported ones, each with the one in the module."""
    declaration = node.child_by_field_name("declaration")
    clauses = [child for child in node.named_children if child.type == "export_clause"]
    if any(child.type == "default" for child in node.children):
        raise _refusal(name, node, "a default export has no name")
    if node.child_by_field_name("source") is not None:
        raise _refusal(name, node, "what another module exports is to be imported from there")
    if declaration is None:
        yield from ((exported, local) for local, exported in _specified(clauses[0]))
        return
    declared = [declaration]
    if declaration.type in {"lexical_declaration", "variable_declaration"}:
        if _text(declaration.children[0]) != "const":
            raise _refusal(name, node, "only a const can be exported: others would see no change")
        declared = [child for child in declaration.named_children if child.type == "variable_declarator"]
    for one in declared:
        identifier = one.child_by_field_name("name")
        if identifier is None or identifier.type != "identifier":
            raise _refusal(name, one, "each exported const is to be declared by its name")
        yield _text(identifier), _text(identifier)


def _specified(braces: Node) -> Iterator[tuple[str, str]]:
    """The names in braces, each with the one that it is given with `as`, or with itself."""
    for specifier in braces.named_children:
        if specifier.type != "comment":
            name = specifier.child_by_field_name("name")
            assert name is not None
            yield _text(name), _text(specifier.child_by_field_name("alias") or name)


def _export_word(node: Node) -> Span:
    declaration = node.child_by_field_name("declaration")
    return node.start_byte, node.end_byte if declaration is None else declaration.start_byte


def _is_outside_of_functions(node: Node) -> bool:
    while node.parent is not None:
        node = node.parent
        if node.type in FUNCTIONS:
            return False
    return True


def _refusal(name: str, node: Node, reason: str) -> UnjoinableError:
    return UnjoinableError(name, _line(node), reason)


def _line(node: Node) -> int:
    return node.start_point.row + 1


def _text(node: Node) -> str:
    assert node.text is not None
    return node.text.decode()
