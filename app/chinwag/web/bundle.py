"""Bundles: the modules of a page, joined so that what opens the page comes in one answer.

A bundle has a space of addresses of its own. In it each module that the page can load has the same path as
under `static`, but the module with which the page begins has in it all that it imports, and a module that is
loaded later has in it what nothing else needs. A module that was joined into another one can be imported by
its own path, too, and is then taken from there. So no module runs twice on a page.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tree_sitter import Parser

from chinwag.web.minify import JAVASCRIPT, lines_of
from chinwag.web.modules import Import, Module, UnjoinableError, read_module
from chinwag.web.source_map import Origin, source_map

Line = tuple[bytes, Origin | None]
"""A line that is sent, and what it was made of."""


def bundle(first: str, paths: Mapping[str, Path]) -> Mapping[str, bytes]:
    """The files of the bundle that begins with a module, by their paths in it.

    Args:
        first: the name of the module.
        paths: all modules that there are, by their names.

    Raises:
        UnjoinableError
    """
    modules, starts = _reachable(first, paths)
    homes = _homes(modules, starts)
    files = {}
    for name, home in homes.items():
        if name == home:
            inside = [one for one in _imported(modules, home) if homes[one] == home]
            lines = list(_Part(modules, homes, home, inside).lines())
            note = f"//# sourceMappingURL={posixpath.basename(home)}.map"
            files[home] = b"\n".join([*(line for line, _ in lines), note.encode()])
            sources = {one: modules[one].code for one in inside}
            files[f"{home}.map"] = source_map((origin for _, origin in lines), sources)
        else:
            files[name] = _facade(modules[name], home)
    return files


def _reachable(first: str, paths: Mapping[str, Path]) -> tuple[dict[str, Module], list[str]]:
    """All modules that the first one can load, and those of them that are imported late, after the first."""
    modules: dict[str, Module] = {}
    starts = [first]
    left = [first]
    while left:
        name = left.pop()
        if name in modules:
            continue
        module = modules[name] = read_module(name, paths[name].read_bytes())
        starts += [one.module for one in module.late_imports if one.module not in starts]
        for line, imported in module.lines_of_imports():
            if imported not in paths:
                raise UnjoinableError(name, line, f"there is no static/{imported}")
            left.append(imported)
    return modules, starts


def _homes(modules: Mapping[str, Module], starts: list[str]) -> dict[str, str]:
    """By each module, the one into which it is joined, which may be itself.

    What the first module needs is joined into it. Any other is joined into the only one that needs it; it
    stays by itself where several do, where it is imported late, or where it waits for something.
    """
    first, *late = starts
    homes = dict.fromkeys(_imported(modules, first), first)
    for name in homes:
        if (line := modules[name].await_line) is not None:
            # It would stay by itself and be waited for, and wait itself for what it imports from the bundle.
            raise UnjoinableError(name, line, "what opens a page may have no await outside of functions")
    needed_by: dict[str, set[str]] = {}
    order = [name for start in late for name in _imported(modules, start)]
    for name in reversed(list(dict.fromkeys(order))):  # those who import before what they import
        if name in homes:
            continue
        needing = needed_by.get(name, set())
        stays = name in late or modules[name].await_line is not None or len(needing) > 1
        homes[name] = name if stays else next(iter(needing))
        for one in modules[name].imports:
            needed_by.setdefault(one.module, set()).add(homes[name])
    return homes


def _imported(modules: Mapping[str, Module], start: str) -> list[str]:
    """The modules that one imports, directly or not, and itself, in the order in which they run."""
    order: list[str] = []
    entered: set[str] = set()

    def enter(name: str) -> None:
        entered.add(name)
        for one in modules[name].imports:
            if one.module not in entered:
                enter(one.module)
            elif one.module not in order:
                raise UnjoinableError(name, one.line, f"{one.module} imports this module, too")
        order.append(name)

    enter(start)
    return order


class _Part:
    """A module with those that are joined into it: each of these in the scope of a function. The module
    itself comes last and is in none, as it may wait for something."""

    def __init__(
        self, modules: Mapping[str, Module], homes: Mapping[str, str], name: str, inside: list[str]
    ) -> None:
        self._modules = modules
        self._homes = homes
        self._name = name
        self._inside = inside

    def lines(self) -> Iterator[Line]:
        yield from ((line, None) for line in self._imports())
        for name in self._inside[:-1]:
            module = self._modules[name]
            given = ",".join(f"{exported}:{_variable(name, exported)}" for exported in module.exports)
            start, end = (f"export const{{{given}}}=", self._return(module)) if given else ("", "")
            yield f"{start}(()=>{{".encode(), None
            yield from self._body(module)
            yield f"{end}}})();".encode(), None
        yield from self._body(self._modules[self._name])

    def _return(self, module: Module) -> str:
        pairs = module.exports.items()
        return f"return{{{','.join(name if name == local else f'{name}:{local}' for name, local in pairs)}}}"

    def _imports(self) -> Iterator[bytes]:
        """What is taken from other parts, once for each of them."""
        taken: dict[str, dict[str, None]] = {}
        for name in self._inside:
            for one in self._modules[name].imports:
                home = self._homes[one.module]
                if home == self._name:
                    continue
                names = taken.setdefault(home, {})
                for exported in one.names.values():
                    variable = _variable(one.module, exported)
                    names[f"{exported} as {variable}" if home == one.module else variable] = None
        for home, specifiers in taken.items():
            names_ = f"{{{','.join(specifiers)}}}from" if specifiers else ""
            yield f'import{names_}"{_address(home, self._name)}";'.encode()

    def _body(self, module: Module) -> Iterator[Line]:
        changes = [(one.span, self._taken(module, one)) for one in module.imports]
        changes += [(one.span, f'"{_address(one.module, self._name)}"') for one in module.late_imports]
        if module.name != self._name:
            changes += [(span, "") for span in module.export_words]
        code = bytearray(module.code)
        for (start, end), text in sorted(changes, reverse=True):
            # The lines stay the same, for the source map.
            code[start:end] = text.encode() + b"\n" * module.code.count(b"\n", start, end)
        root = Parser(JAVASCRIPT).parse(bytes(code)).root_node
        return ((line, (module.name, row)) for row, line in lines_of(bytes(code), root))

    def _taken(self, module: Module, one: Import) -> str:
        """What stands in the place of an import."""
        for exported in one.names.values():
            if exported not in self._modules[one.module].exports:
                raise UnjoinableError(module.name, one.line, f"{one.module} exports no {exported}")
        pairs = [f"{local}={_variable(one.module, exported)}" for local, exported in one.names.items()]
        return f"const {','.join(pairs)};" if pairs else ""


def _facade(module: Module, home: str) -> bytes:
    """What a module is by its own path that is joined into another one."""
    names = ",".join(f"{_variable(module.name, exported)} as {exported}" for exported in module.exports)
    return f'{f"export{{{names}}}from" if names else "import"}"{_address(home, module.name)}";'.encode()


def _variable(module: str, exported: str) -> str:
    """The name in a bundle for what a module exports."""
    return f"{re.sub(r'[^/0-9A-Za-z]', '_', module.removesuffix('.js')).replace('/', '$')}${exported}"


def _address(module: str, importing: str) -> str:
    """A module's address for another one."""
    path = posixpath.relpath(module, posixpath.dirname(importing) or ".")
    return path if path.startswith("../") else f"./{path}"
