"""A curve: points on an axis, and what is measured at each of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.databases import Databases


@dataclass(frozen=True)
class Figure:
    """A column of the table of a curve."""

    key: str
    """The name under which it is recorded."""
    title: str
    """Its title, with the unit."""


SHARES = (
    Figure("server_share", "server, % of a core"),
    Figure("load_share", "load generator, % of a core"),
)
"""The shares of a core. If the second one is near 100, the load generator was what limited the result."""


@dataclass(frozen=True)
class Panel:
    """A small chart of one or two figures."""

    title: str
    unit: str
    lines: tuple[tuple[str, str], ...]
    """The keys of the figures, and the name of each line if there are two."""
    is_log: bool = False
    """Whether the vertical axis is logarithmic. If not, it begins at zero."""


@dataclass(frozen=True)
class Scale:
    """How often and for how long is measured."""

    rounds: int
    seconds: float
    """The seconds of one measurement, without the warm-up."""
    repeats: int
    """How often a round does what is timed one at a time, such as a join."""


Record = Callable[[int, Mapping[str, float]], None]
"""A function that is called with a point of the axis and what one round has measured there, by the keys of
the figures."""

Measure = Callable[[Databases, "tuple[int, ...]", Scale, Record], None]
"""A function that measures all points in each round of the scale, so that what disturbs a round disturbs all
of them."""


@dataclass(frozen=True)
class Curve:
    """One of the curves."""

    name: str
    title: str
    about: str
    """The text for the page: what is done, and what the figures mean."""
    axis: str
    points: tuple[int, ...]
    small: tuple[int, ...]
    """The points of a run that is as small as can be."""
    figures: tuple[Figure, ...]
    panels: tuple[Panel, ...]
    measure: Measure
    label: Callable[[int], str] = "{:,}".format
    baselines: tuple[int, ...] = ()
    """The points with which the others are compared, in tables of their own."""
    sockets: Callable[[int], int] = lambda point: 0
    """The number of sockets that a point opens, because a process may be allowed fewer."""
