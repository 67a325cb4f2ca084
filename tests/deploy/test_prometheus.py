"""The alerts and the dashboard ask for metrics that there are, and what Prometheus itself checks is right."""

import itertools
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from chinwag.counts import COUNTS, HISTOGRAMS
from chinwag.monitoring.gauges import READINGS
from chinwag.wire import CloseCode, HealthCode
from tests.support.metrics import Scraped, scrape
from tests.support.process import Server, find_program
from tests.support.repository import ROOT

ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "chinwag.json"

RULES = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
PANELS = json.loads(DASHBOARD.read_text())["panels"]
GRAPHS = [panel for panel in PANELS if panel["type"] != "row"]

OF_PROMETHEUS = {"job", "instance"}
"""The labels that Prometheus adds to all samples."""

UNITS = {"seconds": "s", "bytes": "bytes", "ratio": "percentunit"}
"""Grafana's names of the base units, by the ends of the names of metrics."""


def label_names() -> dict[str, set[str]]:
    """Return the labels of each name that a selector may have."""
    found: dict[str, set[str]] = {"up": set()}
    for one in (*COUNTS, *READINGS):
        found[one.name] = set(one.labels)
    for histogram in HISTOGRAMS:
        found |= {f"{histogram.name}_{part}": set() for part in ("count", "sum")}
        found[f"{histogram.name}_bucket"] = {"le"}
    return found


def selectors(expression: str) -> list[Any]:
    """Return the selectors of an expression, which must be right. Grafana's variables are filled in."""
    parsed = promql_parser.parse(expression.replace("$__rate_interval", "5m"))
    found: list[Any] = []

    def look(node: Any) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        return True

    promql_parser.walk(parsed, look)
    return found


def check(expression: str, scraped: Scraped) -> None:
    """Check that an expression asks for metrics of the server, and for labels that they have."""
    names = scraped.names() | {"up"}
    found = selectors(expression)
    assert found
    for selector in found:
        assert selector.name in names, expression
        asked = {matcher.name for matcher in selector.matchers.matchers}
        assert asked <= label_names()[selector.name] | OF_PROMETHEUS, expression


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
async def test_an_alert_asks_for_what_there_is_and_says_what_to_do(server: Server, rule: Any) -> None:
    check(rule["expr"], await scrape(server))
    assert re.fullmatch(r"Chinwag[A-Z][A-Za-z]+", rule["alert"])
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"]
    assert len(rule["annotations"]["description"].split()) >= 10


def test_the_codes_in_the_alerts_are_codes_of_chinwag() -> None:
    text = ALERTS.read_text()
    codes = set(re.findall(r'health_problems\{code="(\w+)"', text))
    assert codes and codes <= {code.value for code in HealthCode}
    numbers = set(re.findall(r'closed_by_server_total\{code="(\d+)"', text))
    assert numbers and numbers <= {str(code.value) for code in CloseCode}


@pytest.mark.parametrize("panel", GRAPHS, ids=lambda panel: panel["title"])
async def test_a_panel_asks_for_what_there_is_and_has_a_unit(server: Server, panel: Any) -> None:
    scraped = await scrape(server)
    assert panel["description"]
    unit = panel["fieldConfig"]["defaults"]["unit"]
    for target in panel["targets"]:
        check(target["expr"], scraped)
        assert target["legendFormat"] or panel["type"] == "stat"
        if "histogram_quantile" in target["expr"]:
            assert unit == "s"
        [*_, end] = re.sub(r"(_total|_bucket)?\{.*", "", target["expr"]).split("_")
        if end in UNITS and "rate(" not in target["expr"]:
            assert unit == UNITS[end], target["expr"]


def test_the_rows_of_the_dashboard_are_questions_and_nothing_overlaps() -> None:
    rows = [panel["title"] for panel in PANELS if panel["type"] == "row"]
    assert rows == ["Is it up?", "Is it fast?", "Is it full?", "What does it do?"]
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    places = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in PANELS
        for x, y in itertools.product(range(panel["gridPos"]["w"]), range(panel["gridPos"]["h"]))
    ]
    assert len(set(places)) == len(places)
    assert max(x for x, _ in places) < 24


def test_the_dashboard_has_no_data_source_of_its_own() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    variables = {one["name"] for one in dashboard["templating"]["list"]}
    assert variables == {"datasource", "job", "instance"}
    sources = {panel["datasource"]["uid"] for panel in GRAPHS}
    assert sources == {"${datasource}"}
    assert dashboard.get("id") is None  # it is the number in one Grafana


def promtool(*arguments: str | Path, input: str | None = None) -> str:
    program = find_program("promtool", "prometheus")
    run = subprocess.run(
        [program, *arguments], input=input, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == os.EX_OK, run.stdout + run.stderr
    return run.stdout + run.stderr


async def test_prometheus_takes_the_metrics(server: Server) -> None:
    text = (await scrape(server)).text
    assert promtool("check", "metrics", input=text) == ""


def test_prometheus_takes_the_alerts() -> None:
    assert f"{len(RULES)} rules found" in promtool("check", "rules", ALERTS)


def test_the_alerts_fire_when_they_should_and_not_before() -> None:
    promtool("test", "rules", Path(__file__).parent / "alerts_test.yml")
