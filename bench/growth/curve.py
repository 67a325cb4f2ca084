"""What a curve is: points on an axis, and what is measured at each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.databases import Databases


@dataclass(frozen=True)
class Figure:
    """A column of the curve's table."""

    key: str
    """The name under which it is recorded."""
    title: str
    """With its unit."""


SHARES = (
    Figure("server_share", "server, % of a core"),
    Figure("load_share", "load generator, % of a core"),
)
"""Where the second is near 100, the load generator is what was measured."""


@dataclass(frozen=True)
class Panel:
    """A small chart of one or two figures."""

    title: str
    unit: str
    lines: tuple[tuple[str, str], ...]
    """The figures' keys, and what each line is called where there are two."""
    is_log: bool = False
    """The vertical axis. If not, it begins at zero."""


@dataclass(frozen=True)
class Scale:
    """How often and how long."""

    rounds: int
    seconds: float
    """Of one measurement, warm-up aside."""
    repeats: int
    """How often a round does what is timed one at a time, such as a join."""


Record = Callable[[int, Mapping[str, float]], None]
"""Called with a point of the axis and what one round has measured there, by the figures' keys."""

Measure = Callable[[Databases, "tuple[int, ...]", Scale, Record], None]
"""Measures all points in each of the scale's rounds, so that what disturbs a round disturbs all of them."""


@dataclass(frozen=True)
class Curve:
    """One of the five."""

    name: str
    title: str
    about: str
    """For the page: what is done, and what the figures mean."""
    axis: str
    points: tuple[int, ...]
    small: tuple[int, ...]
    """The points of a run that is as small as can be."""
    figures: tuple[Figure, ...]
    panels: tuple[Panel, ...]
    measure: Measure
    label: Callable[[int], str] = "{:,}".format
    baselines: tuple[int, ...] = ()
    """The points to which the others are compared in tables of their own."""
    sockets: Callable[[int], int] = lambda point: 0
    """How many sockets a point opens: a process may be allowed fewer."""
