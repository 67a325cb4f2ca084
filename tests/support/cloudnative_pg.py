"""The schemas of CloudNativePG's resources, of its custom resource definitions.

They are read in the source of a Rust crate that is generated from these definitions, because no registry that
we use has them as they are: a struct for each object, a field for each property, an enum for each list of
values.
"""

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.repository import ROOT

CRATE = "k8s-crds-cloud-native-pg"
MANIFEST = ROOT / "tests" / "deploy" / "crds" / "Cargo.toml"
HOW = f"{CRATE} is missing: cargo fetch --manifest-path {MANIFEST.relative_to(ROOT)}"

ITEM = re.compile(r"^pub (struct|enum) (\w+)\s*\{(?:\}|\n(.*?)^\})", re.M | re.S)
ATTRIBUTE = r"    #\[[^\n]*\n(?:        [^\n]*\n)*(?:    \)\]\n)?"
FIELD = re.compile(rf"((?:{ATTRIBUTE})*)    pub (?:r#)?(\w+): ?([^\n]+),\n")
VALUE = re.compile(r'(?:    #\[serde\(rename = "([^"]+)"\)\]\n)?    (\w+),\n')
RENAMED = re.compile(r'\brename = "([^"]+)"')
SIMPLE: dict[str, dict[str, Any]] = {
    "String": {"type": "string"},
    "bool": {"type": "boolean"},
    "f64": {"type": "number"},
    "i32": {"type": "integer"},
    "i64": {"type": "integer"},
    "IntOrString": {"type": ["integer", "string"]},
}


@cache
def schema_of(kind: str) -> dict[str, Any]:
    """Return the JSON schema of the `spec` of a kind of resource. Whatever it does not know is wrong."""
    source = (_sources() / f"{kind.lower()}s.rs").read_text(encoding="utf-8")
    code = re.sub(r"^ *///.*\n", "", source, flags=re.M)
    code = re.sub(r",\n *>", ">", re.sub(r"([<:])\n +", r"\1", code))  # types of several lines
    items = {name: _item(sort, body) for sort, name, body in ITEM.findall(code)}
    assert set(re.findall(r"#/\$defs/(\w+)", json.dumps(items))) <= items.keys()
    return {"$ref": f"#/$defs/{kind}Spec", "$defs": items}


def _item(sort: str, body: str) -> dict[str, Any]:
    if sort == "enum":
        return {"enum": [renamed or name for renamed, name in VALUE.findall(body)]}
    properties, required = {}, []
    for attributes, name, of_type in FIELD.findall(body):
        renamed = RENAMED.search(attributes)
        key = renamed[1] if renamed else name
        optional = of_type.removeprefix("Option<")
        properties[key] = _type(optional.removesuffix(">") if optional != of_type else of_type)
        if optional == of_type:
            required.append(key)
    assert len(properties) == body.count("    pub "), body
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _type(name: str) -> dict[str, Any]:
    if name in SIMPLE:
        return SIMPLE[name]
    if of := re.fullmatch(r"Vec<(.*)>", name):
        return {"type": "array", "items": _type(of[1])}
    if of := re.fullmatch(r"BTreeMap<String, (.*)>", name):
        return {"type": "object", "additionalProperties": _type(of[1])}
    return {} if "::" in name or name == "Condition" else {"$ref": f"#/$defs/{name}"}


def _sources() -> Path:
    """Return the folder of the crate's source. The test is skipped if it is missing, even in CI: Debian does
    not have it."""
    if not shutil.which("cargo"):
        pytest.skip(HOW)
    asked = subprocess.run(
        ["cargo", "metadata", "--offline", "--format-version=1", "--manifest-path", MANIFEST],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if asked.returncode:
        pytest.skip(HOW)
    [path] = [one["manifest_path"] for one in json.loads(asked.stdout)["packages"] if one["name"] == CRATE]
    return Path(path).parent / "src"
