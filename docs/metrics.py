"""The tables of docs/metrics.md: `python -m docs.metrics` writes them anew.

They are made from the source: the metrics from chinwag.counts and chinwag.monitoring.gauges, the codes of
health from chinwag.wire. A test fails when the committed document is out of date.
"""

import re
from pathlib import Path

from chinwag.counts import COUNTS, HISTOGRAMS
from chinwag.monitoring.gauges import READINGS
from chinwag.web.monitoring_api import CODES

DOCUMENT = Path(__file__).parent / "metrics.md"

UNITS = {"seconds": "seconds", "bytes": "bytes", "ratio": "0 to 1"}


def metrics() -> str:
    """The table of all metrics."""
    rows = [(one.name, "counter", one.labels, one.meaning) for one in COUNTS]
    rows += [(one.name, "histogram", (), one.meaning) for one in HISTOGRAMS]
    rows += [(one.name, one.kind, one.labels, one.meaning) for one in READINGS]
    lines = ["| metric | kind | unit | labels | meaning |", "|---|---|---|---|---|"]
    for name, kind, labels, meaning in sorted(rows):
        named = ", ".join(f"`{label}`" for label in labels)
        lines.append(f"| `{name}` | {kind} | {_unit(name)} | {named} | {meaning} |")
    return "\n".join(lines)


def document(text: str) -> str:
    """Return the document with the tables of the source, each after the comment with its name."""
    for name, table in (("metrics", metrics()), ("codes", CODES)):
        text, number = re.subn(
            rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)",
            lambda found, table=table: f"{found[1]}{table}{found[2]}",  # type: ignore[misc]
            text,
            flags=re.DOTALL,
        )
        assert number == 1, name
    return text


def _unit(name: str) -> str:
    return UNITS.get(name.removesuffix("_total").rpartition("_")[2], "number")


if __name__ == "__main__":
    DOCUMENT.write_text(document(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
