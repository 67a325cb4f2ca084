"""The picture of the packages and their imports: `python -m docs.packages` writes docs/packages.svg.

Everything in it but the places of the boxes is read from the source: the modules, the imports, and the text
of each box, which is the docstring of its package. A test fails when the committed picture is out of date.
"""

import ast
import textwrap
from html import escape
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
PICTURE = REPOSITORY / "docs" / "packages.svg"
SOURCE = REPOSITORY / "app"

PLACES = {
    "cli": (2.5, 0),
    "push.uvicorn": (0, 1),
    "asgi": (1, 1),
    "account_command": (2, 1),
    "key_command": (3, 1),
    "relay_command": (4, 1),
    "bench": (5, 1),
    "web": (0.8, 2),
    "provision": (2.4, 2),
    "monitoring": (1, 3),
    "relay": (4.5, 4),
    "push": (0.4, 4),
    "bots": (1.8, 4),
    "chat": (1.1, 5),
    "db": (1.1, 6),
    "embedded": (2.6, 6),
}
"""The column and the row of each box. What has no place here is a module that everything may import."""

SHARED_ROW = 7
WIDTH, COLUMN, ROW = 1470, 245, 120
"""Pixels: the picture, and the distances between the centres of two columns and the tops of two rows."""
BOX, BOX_HEIGHT = 226, 76
LINE = 34
"""Characters of a docstring in a line of a box."""

NOTE = "An arrow means “imports”. An import between packages that a chain of arrows connects is not drawn."
STYLE = """
    .box{fill:#f6f7f9;stroke:#c4c9d2} .shared{fill:none;stroke:#c4c9d2;stroke-dasharray:4 3}
    text{fill:#57606a;font-size:12px} .name{fill:#1f2328;font-size:15px;font-weight:600}
    .import{fill:none;stroke:#336791;stroke-width:1.6;marker-end:url(#head)} #head path{fill:#336791}
    @media (prefers-color-scheme:dark){.box{fill:#22262e;stroke:#454c59} .shared{stroke:#454c59}
    text{fill:#9aa4af} .name{fill:#e6edf3} .import{stroke:#6fa8dc} #head path{fill:#6fa8dc}}
"""


def imports(source: Path = SOURCE) -> dict[str, set[str]]:
    """The units that each unit imports. A unit is a box of the picture, or a module that all may import."""
    found: dict[str, set[str]] = {}
    for file in sorted(source.glob("chinwag/**/*.py")):
        module = ".".join(file.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
        unit = unit_of(module)
        if unit is None:
            continue
        targets = {target for name in _imported(file) if (target := unit_of(name)) is not None}
        found[unit] = found.get(unit, set()) | targets - {unit}
    return found


def unit_of(module: str) -> str | None:
    """The unit that a module is in, and None for what is not Chinwag's, and for the root package."""
    package, _, name = module.partition(".")
    if package != "chinwag" or not name:
        return None
    return "push.uvicorn" if f"{name}.".startswith("push.uvicorn.") else name.partition(".")[0]


def _imported(file: Path) -> set[str]:
    """The modules that a file imports, and those that uvicorn imports for it ("chinwag.asgi:create_app")."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # `from chinwag import wire` imports a module, and not a name of the root package.
            names.update({node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names})
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            module, colon, name = node.value.partition(":")
            if colon and module.startswith("chinwag.") and name.isidentifier():
                names.add(module)
    return names


def without_implied(found: dict[str, set[str]]) -> list[tuple[str, str]]:
    """The imports between boxes that no chain of other imports implies, from the top to the bottom.

    Raises:
        ValueError: if an import does not point to a lower row.
    """
    for unit, targets in found.items():
        row = PLACES[unit][1] if unit in PLACES else SHARED_ROW
        for target in targets:
            if target in PLACES and PLACES[target][1] <= row:
                raise ValueError(f"{unit} imports {target}, which is not below it in PLACES")
    boxes = {unit: found[unit] & PLACES.keys() for unit in PLACES}

    def reached(unit: str) -> set[str]:
        return {unit}.union(*(reached(target) for target in boxes[unit]))

    return [
        (unit, target)
        for unit in PLACES
        for target in PLACES
        if target in boxes[unit] and not any(target in reached(other) for other in boxes[unit] - {target})
    ]


def picture(source: Path = SOURCE) -> str:
    """The SVG."""
    found = imports(source)
    arrows = "".join(_arrow(PLACES[unit], PLACES[target]) for unit, target in without_implied(found))
    boxes = "".join(_box(unit, source) for unit in PLACES)
    shared = ", ".join(sorted(unit for unit in found if unit not in PLACES))
    top = 10 + SHARED_ROW * ROW
    height = top + 110
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'font-family="system-ui, sans-serif"><title>The packages of Chinwag and their imports</title>'
        f"<style>{STYLE}</style><defs>"
        '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>\n'
        f"{arrows}{boxes}"
        f'<rect class="shared" x="10" y="{top}" width="{WIDTH - 20}" height="56" rx="8"/>\n'
        f"{_text(WIDTH / 2, top + 23, shared, 'name')}"
        f"{_text(WIDTH / 2, top + 43, 'Modules that every package may import.')}"
        f"{_text(WIDTH / 2, top + 82, NOTE)}</svg>\n"
    )


def _box(unit: str, source: Path) -> str:
    file = source / "chinwag" / unit.replace(".", "/")
    file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    first = said.split("\n\n")[0].replace("`", "")
    lines = textwrap.wrap(first, LINE, max_lines=3, placeholder=" …")
    x, y = _centre(PLACES[unit])
    name = unit.replace(".", "/")
    return (
        f'<rect class="box" x="{x - BOX / 2:.0f}" y="{y}" width="{BOX}" height="{BOX_HEIGHT}" rx="8"/>\n'
        + _text(x, y + 20, name, "name")
        + "".join(_text(x, y + 37 + 15 * place, line) for place, line in enumerate(lines))
    )


def _arrow(start: tuple[float, int], end: tuple[float, int]) -> str:
    (x, y), (to_x, to_y) = _centre(start), _centre(end)
    y += BOX_HEIGHT
    # Each arrow leaves and arrives towards the other box, so that arrows of one box are told apart.
    lean = max(-80.0, min(80.0, (to_x - x) / 4))
    bend = min(40, (to_y - y) / 2)
    x, to_x = x + lean, to_x - lean
    return (
        f'<path class="import" d="M{x:.0f} {y}C{x:.0f} {y + bend:.0f} '
        f'{to_x:.0f} {to_y - bend:.0f} {to_x:.0f} {to_y - 1}"/>\n'
    )


def _centre(place: tuple[float, int]) -> tuple[float, int]:
    column, row = place
    return COLUMN / 2 + column * COLUMN, 10 + row * ROW


def _text(x: float, y: float, text: str, name: str = "") -> str:
    kind = f' class="{name}"' if name else ""
    return f'<text{kind} x="{x:.0f}" y="{y:.0f}" text-anchor="middle">{escape(text)}</text>\n'


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
