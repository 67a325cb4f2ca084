"""Reports of a benchmark: a table for people, JSON for programs, and progress on stderr."""

import os
import platform
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import click
import msgspec

from chinwag.bench.cpu import LOAD

LOAD_MAKERS = {LOAD, "inserter", "pgbench"}
BUSY_PERCENT = 90
"""A process that makes the load and uses as much CPU as this may be what limits the result."""


@dataclass(frozen=True)
class Figure:
    """The result of one run, and the CPU time that processes used meanwhile, in percent of one core."""

    name: str
    unit: str
    value: float
    cpu: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """One figure in all runs."""

    name: str
    unit: str
    median: float
    values: list[float]
    cpu: dict[str, float]


class Progress:
    """A line on stderr that changes, on a terminal; else a line for each step."""

    def __init__(self) -> None:
        self._changes = sys.stderr.isatty()
        self._step = ""

    def begin(self, step: str) -> None:
        self._step = step
        click.echo(f"\r{step} \x1b[K" if self._changes else step, nl=not self._changes, err=True)

    def __call__(self, text: str) -> None:
        if self._changes:
            click.echo(f"\r{self._step}: {text}\x1b[K", nl=False, err=True)

    def end(self) -> None:
        if self._changes:
            click.echo("\r\x1b[K", nl=False, err=True)


def summed_up(runs: Sequence[Sequence[Figure]]) -> list[Result]:
    """The figures of several runs, which each gave the same."""
    results = []
    for same in zip(*runs, strict=True):
        values = [figure.value for figure in same]
        names = same[0].cpu.keys()
        cpu = {name: statistics.median(figure.cpu[name] for figure in same) for name in names}
        results.append(Result(same[0].name, same[0].unit, statistics.median(values), values, cpu))
    return results


def table(bench: str, options: Mapping[str, object], results: Sequence[Result]) -> str:
    """Return the results as a table for people, below the command that repeats the measurement."""
    parts = list(dict.fromkeys(name for result in results for name in result.cpu))
    rows = [["", "median", "runs", *(f"{part} CPU" for part in parts)]]
    for result in results:
        values = "  ".join(_number(value) for value in result.values)
        shares = [f"{result.cpu[part]:.0f} %" if part in result.cpu else "" for part in parts]
        rows.append([f"{result.name}, {result.unit}", _number(result.median), values, *shares])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    formats = [f"<{widths[0]}", *(f">{width}" for width in widths[1:])]
    lines = ["  ".join(map(format, row, formats)) for row in rows]
    return "\n".join([_command(bench, options), "", *lines, "", *_remarks(results)])


def as_json(bench: str, options: Mapping[str, Any], results: Sequence[Result]) -> str:
    """Return the results as JSON for programs."""
    machine = {"system": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version()}
    report = {
        "bench": bench,
        "chinwag": version("chinwag"),
        "machine": machine,
        "options": options,
        "results": results,
    }
    return msgspec.json.format(msgspec.json.encode(report)).decode()


def _command(bench: str, options: Mapping[str, object]) -> str:
    words = ["chinwag bench", bench]
    for name, value in options.items():
        option = name.replace("_", "-")
        is_off = value is False
        values = value if isinstance(value, tuple) else ("" if isinstance(value, bool) else value,)
        words += [f"--{'no-' * is_off}{option} {one}".rstrip() for one in values]
    return " ".join(words)


def _remarks(results: Sequence[Result]) -> list[str]:
    busy = [
        f"{result.name}: {name} was busy for {result.cpu[name]:.0f} %: the server may do more."
        for result in results
        for name in LOAD_MAKERS & result.cpu.keys()
        if result.cpu[name] > BUSY_PERCENT
    ]
    return [f"CPU in percent of one core of {os.cpu_count()}; load is the process of the sockets.", *busy]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
