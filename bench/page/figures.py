"""The figures of the page, and what is promised about each."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the report.

    Attributes:
        taken: all measurements.
        limit: the promise: each of them is at most this.
        of_median: whether the promise is about the median, as it is for a time in which the machine has
            a large part.
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
    def is_met(self) -> bool:
        return self.limit is None or (self.median if self.of_median else self.worst) <= self.limit
