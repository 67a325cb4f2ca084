"""What is measured, and what was promised of it."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the report.

    Args:
        taken: all measurements.
        limit: the promise, that each of them is at most so much.
        of_median: the promise is of the median, as it is of a time that the machine has a large part in.
    """

    title: str
    unit: str
    taken: list[float]
    limit: float | None = None
    of_median: bool = False

    @property
    def median(self) -> float:
        return statistics.median(self.taken)

    @property
    def worst(self) -> float:
        return max(self.taken)

    @property
    def is_kept(self) -> bool:
        return self.limit is None or (self.median if self.of_median else self.worst) <= self.limit
