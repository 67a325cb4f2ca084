"""What is measured, and what was promised of it."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the report.

    Args:
        taken: all measurements.
        limit: the promise, that the worst of them is at most so much.
    """

    title: str
    unit: str
    taken: list[float]
    limit: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.taken)

    @property
    def worst(self) -> float:
        return max(self.taken)
