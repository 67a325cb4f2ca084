"""The results of the curves: a number for each round."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

from bench.growth.curve import Curve


@dataclass
class Outcome:
    """The results of the curves that were measured."""

    curves: list[Curve]
    points: dict[str, tuple[int, ...]]
    """The points of each curve, by its name."""
    rounds: int
    values: dict[tuple[str, int, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    """The numbers, by the name of the curve, the point and the key of the figure."""
    failures: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def record(self, curve: Curve, point: int, values: Mapping[str, float]) -> int:
        """Record what one round has measured at a point, and return which round of the point it was."""
        for key, value in values.items():
            self.values[curve.name, point, key].append(value)
        return max(len(self.values[curve.name, point, key]) for key in values)

    def all(self, curve: Curve, point: int, key: str) -> list[float]:
        return self.values.get((curve.name, point, key), [])

    def middle(self, curve: Curve, point: int, key: str) -> float | None:
        """Return the median of the rounds; None if there is no number."""
        numbers = self.all(curve, point, key)
        return median(numbers) if numbers else None

    def ratio(self, curve: Curve, point: int, baseline: int, key: str) -> float | None:
        """Return the ratio of two medians."""
        value, base = self.middle(curve, point, key), self.middle(curve, baseline, key)
        return value / base if value is not None and base else None

    def shown(self, curve: Curve, key: str) -> list[int]:
        """Return the points at which there is a number."""
        return [point for point in self.points[curve.name] if self.all(curve, point, key)]
