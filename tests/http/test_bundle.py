"""What opens a page comes in one module, and does what the modules do of which it was made."""

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from chinwag.web.assets import BUNDLES, FILES, MODULES, STATIC
from chinwag.web.bundle import bundle
from chinwag.web.minify import minified_module
from chinwag.web.modules import UnjoinableError
from chinwag.web.source_map import DIGITS
from tests.support.http import http_client
from tests.support.page import Open, complaints_of, none_matters
from tests.support.process import Server, environ_of, find_program
from tests.support.repository import ROOT

ALONE = {"docs.js", "sockets.js"}
"""Modules that import no other, each of a page of its own."""

MODULE_ADDRESS = re.compile(r'<script type="module" src="/static/([^"]+)"></script>')
IMPORT = re.compile(rb"^import\b(?!\()[^;]*;|^export\{[^}]*\}from", re.M)
CHANGED = re.compile(rb"\b(?:import|export)\b")


@pytest.fixture(scope="module")
def bundles() -> Mapping[str, Mapping[str, bytes]]:
    return {space: bundle(first, MODULES) for space, first in BUNDLES.items()}


def test_each_module_can_be_joined_and_is_needed(bundles: Mapping[str, Mapping[str, bytes]]) -> None:
    assert {name for files in bundles.values() for name in files if name in MODULES} | ALONE == set(MODULES)


def test_a_page_is_opened_by_one_module(bundles: Mapping[str, Mapping[str, bytes]]) -> None:
    sent = {f"{space}{name}": code for space, files in bundles.items() for name, code in files.items()}
    opened = set()
    for page in (path.read_text() for name, path in FILES.items() if name.endswith(".html")):
        for address in MODULE_ADDRESS.findall(page):
            opened.add(address)
            assert not IMPORT.search(sent.get(address) or FILES[address].read_bytes()), address
    assert opened == ALONE | {f"{space}{first}" for space, first in BUNDLES.items()}


def test_the_source_maps_name_each_line_once(bundles: Mapping[str, Mapping[str, bytes]]) -> None:
    for files in bundles.values():
        minified = {name: minified_module(MODULES[name].read_bytes()) for name in files if name in MODULES}
        lines = {name: code.split(b"\n") for name, code in minified.items()}
        told: Counter[tuple[str, int]] = Counter()
        for address in (address for address in files if address.endswith(".map")):
            source_map = json.loads(files[address])
            names = [source.removeprefix("/static/") for source in source_map["sources"]]
            assert source_map["sourcesContent"] == [MODULES[name].read_text() for name in names]
            *sent, note = files[address.removesuffix(".map")].split(b"\n")
            assert note == f"//# sourceMappingURL={address.rpartition('/')[2]}".encode()
            for line, origin in zip(sent, origins(source_map["mappings"]), strict=True):
                if origin is not None:
                    name, row = names[origin[0]], origin[1]
                    told[name, row] += 1
                    assert line == lines[name][row] or CHANGED.search(lines[name][row])
        left = {name: IMPORT.sub(line_ends, code).split(b"\n") for name, code in minified.items()}
        missing = {(name, row) for name in left for row, line in enumerate(left[name]) if line} - told.keys()
        assert not missing
        assert set(told.values()) == {1}


def line_ends(found: re.Match[bytes]) -> bytes:
    return b"\n" * found[0].count(b"\n")


def origins(mappings: str) -> list[tuple[int, int] | None]:
    """Read what a source map says: of each line, the number of the file, and the line in it."""
    here = [0, 0, 0, 0]
    found: list[tuple[int, int] | None] = []
    for line in mappings.split(";"):
        if line:
            here = [0, *(old + step for old, step in zip(here[1:], numbers(line)[1:], strict=True))]
            assert here[3] == 0
        found.append((here[1], here[2]) if line else None)
    return found


def numbers(digits: str) -> list[int]:
    found = []
    value = shift = 0
    for digit in map(DIGITS.index, digits):
        value |= (digit & 31) << shift
        shift += 5
        if not digit & 32:
            found.append(-(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    return found


# `first.js` tells in which order all run, and what each has got from the others.
MEANT = {
    "first.js": """
        import "./told.js";
        import { told, tell as say } from "./told.js";
        import {
          Kind, // in several lines
          made as makes,
        } from "./deep/kind.js";
        const find = (x) => `first's own ${x}

          ${Kind.name}`;
        export const own = "own";
        say(find(1));
        say(makes().word)
        say(await_(3))
        function await_(x) { return `${x} waits` }
        const [{ seen }, kind] = await_.call && [await_, Kind];
        say(`${seen} ${kind === Kind}`);
        export const all = (async () => {
          const late = await import("./deep/late.js");
          const [other, again] = await Promise.all([import("./other.js"), import("./deep/late.js")]);
          say(`${late === again} ${other.shared === late.sharedOfLate} ${other.kind === Kind}`);
          say((await late.more()).more);
          return told;
        })();
    """,
    "told.js": """
        const list = []; const tell = (what) => void list.push(what);
        tell("told.js");
        export { list as told, tell };
    """,
    "deep/kind.js": """
        import { tell } from "../told.js";
        import { find } from "./find.js";
        tell(`kind.js ${find()}`);
        export class Kind { static #x = 1; get word() { return `word ${Kind.#x}`; } }
        export function made() { return new Kind(); }
        export async function later() {}
        export function* some() {}
    """,
    "deep/find.js": """
        import { tell } from "../told.js"
        tell("find.js")
        export const find = () => "found", other = 2
    """,
    "deep/late.js": """
        import { tell } from "../told.js";
        import { own } from "../first.js";
        import { shared } from "../shared.js";
        import "../waits.js";
        import { inner } from "./inner.js";
        tell(`late.js ${own} ${inner}`);
        export const sharedOfLate = shared;
        export const more = () => import("../more.js");
    """,
    "deep/inner.js": """
        import { tell } from "../told.js";
        tell("inner.js");
        export const inner = "inner";
    """,
    "waits.js": """
        import { tell } from "./told.js";
        import { shared } from "./shared.js";
        tell(`waits.js begins`);
        await Promise.resolve(shared);
        for await (const one of [1]) tell(`waits.js ends ${one}`);
    """,
    "shared.js": """
        import { tell } from "./told.js";
        import { base } from "./base.js";
        tell("shared.js");
        export const shared = { base };
    """,
    "base.js": """
        import { tell } from "./told.js";
        tell("base.js");
        export const base = {};
    """,
    "other.js": """
        import { shared } from "./shared.js";
        import { Kind as kind } from "./deep/kind.js";
        import { tell } from "./told.js";
        tell("other.js");
        export { shared, kind };
    """,
    "more.js": """
        import { inner } from "./deep/inner.js";
        import { tell } from "./told.js";
        tell("more.js");
        export const more = `more ${inner}`;
    """,
}

DRIVER = """
import { all, own } from "./first.js";
const told = [...(await all), own];
for (const name of process.argv.slice(2)) {
  const names = Object.keys(await import(`./${name}`));
  told.push([name, names.filter((one) => !one.includes("$")).sort()]);
}
console.log(JSON.stringify(told));
"""


def test_a_bundle_does_what_its_modules_do(tmp_path: Path) -> None:
    """They run in the same order, each once, and have the same exports by their own paths."""
    node = find_program("node", "nodejs")
    sources = written(tmp_path / "sources", {name: code.encode() for name, code in MEANT.items()})
    files = bundle("first.js", sources)
    written(tmp_path / "bundle", files)
    told = []
    for folder in ("sources", "bundle"):
        (tmp_path / folder / "package.json").write_text('{"type": "module"}')
        (tmp_path / folder / "driver.js").write_text(DRIVER)
        command = [node, str(tmp_path / folder / "driver.js"), *sorted(MEANT)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        told.append(json.loads(done.stdout))
    assert told[0] == told[1]
    assert told[0][:3] == ["told.js", "find.js", "kind.js found"]
    # What is together, and what stays by itself because two need it, or because it waits.
    assert {name.removesuffix(".map") for name in files if name.endswith(".map")} == {
        "first.js",
        "deep/late.js",
        "deep/inner.js",
        "waits.js",
        "shared.js",
        "other.js",
        "more.js",
    }


def written(folder: Path, files: Mapping[str, bytes]) -> dict[str, Path]:
    """Write files, and return their paths by their names."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return {name: folder / name for name in files}


UNJOINABLE = {
    'import * as a from "./b.js"': "only names in braces can be imported",
    'import a from "./b.js"': "only names in braces can be imported",
    'import { c } from "./b.js"': "b.js exports no c",
    'import { a } from "./none.js"': "there is no static/none.js",
    'import { a } from "../b.js"': "there is no static/../b.js",
    'import { a } from "b"': 'an address is a string that begins with "./" or "../"',
    "import(`./${1}.js`)": 'an address is a string that begins with "./" or "../"',
    'import("./none.js")': "there is no static/none.js",
    'import "./circle.js"': "a.js imports this module, too",
    "export default 1": "a default export has no name",
    "export let a": "only a const can be exported: others would see no change",
    "export const { a } = b": "each exported const is to be declared by its name",
    'export * from "./b.js"': "what another module exports is to be imported from there",
    'export { a } from "./b.js"': "what another module exports is to be imported from there",
    "await 1": "what opens a page may have no await outside of functions",
    "for await (const a of []) {}": "what opens a page may have no await outside of functions",
    "const a$b = 1": "a name with $ could be one that the bundle has made",
    "import.meta.url": "import.meta would be the one of the bundle",
    "const = 1": "this is no JavaScript",
}


@pytest.mark.parametrize("code", UNJOINABLE)
def test_what_cannot_be_joined_is_refused_with_its_line(tmp_path: Path, code: str) -> None:
    files = {"a.js": f"// one\n\n{code}\n", "b.js": "export const a = 1", "circle.js": '\n\nimport "./a.js"'}
    paths = written(tmp_path, {name: code.encode() for name, code in files.items()})
    with pytest.raises(UnjoinableError) as refused:
        bundle("a.js", paths)
    name = "circle.js" if "circle" in code else "a.js"
    assert str(refused.value) == f"static/{name}:3: {UNJOINABLE[code]}"


@pytest.fixture
async def site(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(server.url) as client:
        yield client


async def test_a_source_map_is_json_and_no_part_of_a_page(site: httpx.AsyncClient) -> None:
    answer = await site.get("static/bundle/app/app.js.map")
    assert answer.headers["content-type"] == "application/json"
    assert "content-security-policy" in answer.headers
    assert "/static/app.js" in answer.json()["sources"]


async def test_no_module_runs_twice_on_the_page(open_page: Open, thread: int) -> None:
    """All that the page can load is loaded, each module by its own address too."""
    names = [name for name in bundle("app.js", MODULES) if name in MODULES]
    page = await open_page(f"/threads/{thread}")
    devtools = await page.context.new_cdp_session(page)
    loaded: list[tuple[str, str]] = []
    devtools.on("Debugger.scriptParsed", lambda event: loaded.append((event["url"], event["sourceMapURL"])))
    await devtools.send("Debugger.enable")
    complaints = complaints_of(page.context)
    load = "names => Promise.all(names.map(name => import(`/static/bundle/app/${name}`))).then(() => {})"
    await page.evaluate(load, names)
    await devtools.send("Debugger.disable")  # all that it has to tell comes before its answer
    assert none_matters(complaints), complaints
    modules = {urlsplit(url).path: map_ for url, map_ in loaded if "/static/" in url}
    assert set(modules) == {f"/static/bundle/app/{name}" for name in names}
    assert len(modules) == len([url for url, _ in loaded if "/static/" in url])
    for name, code in bundle("app.js", MODULES).items():
        if name in MODULES and b"sourceMappingURL" in code:
            assert modules[f"/static/bundle/app/{name}"] == f"{name.rpartition('/')[2]}.map"


EDIT = """
import sys
from pathlib import Path
from chinwag.web import assets
events = assets.STATIC / "events.js"
assert Path(sys.argv[1]) in events.parents
before = assets.find("bundle/app/app.js")
assert assets.find("bundle/app/app.js") is before
events.write_text(events.read_text() + "export const joinedAnew = 1;")
after = assets.find("bundle/app/app.js")
assert b"joinedAnew" in after.content and b"joinedAnew" not in before.content and before.etag != after.etag
"""


def test_a_module_that_is_edited_is_joined_anew(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "app", tmp_path / "app")
    shutil.copytree(STATIC, tmp_path / "static")
    environ = environ_of(None, {"PYTHONPATH": str(tmp_path / "app")})
    command = [sys.executable, "-c", EDIT, str(tmp_path)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
