"""The contest: every contestant is measured in turn, round after round."""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import median

import msgspec

from bench.contestants import ROOT, Contestant, running
from bench.databases import Databases
from bench.measures import Figure, Measurement, figures, measurements
from bench.wire import Result, Task
from chinwag.embedded.programs import die_with

LIMIT_SECONDS = 300


class MeasureFailed(Exception):
    """The load generator has no result; the error has its output."""


@dataclass
class Outcome:
    """The results of a contest, one number for each round."""

    contestants: list[Contestant]
    measurements: list[Measurement]
    figures: list[Figure]
    values: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    """The numbers, by the name of the contestant and the key of the figure."""
    shares: dict[tuple[str, str], list[tuple[float, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """The shares of a core that the load generator and the server have used, by the name of the contestant
    and that of the measurement."""
    failures: list[str] = field(default_factory=list)

    def record(self, contestant: Contestant, measurement: Measurement, result: Result) -> None:
        for name, value in result.values.items():
            self.values[contestant.name, f"{measurement.name}.{name}"].append(value)
        self.shares[contestant.name, measurement.name].append((result.load, result.server))

    def middle(self, contestant: str, key: str) -> float | None:
        """Return the median of the rounds; None if there is no number."""
        numbers = self.values.get((contestant, key))
        return median(numbers) if numbers else None


@dataclass(frozen=True)
class Contest:
    """How long and how large the measurements of a contest are."""

    rounds: int
    seconds: float
    most_sockets: int
    starts_once: bool = False
    """Whether one server of a contestant does all measurements of a round. What one measurement leaves behind
    may disturb the next."""

    def hold(
        self, contestants: Sequence[Contestant], databases: Databases, tell: Callable[[str], None]
    ) -> Outcome:
        """Measure everything in each round. A measurement that fails is reported, and the others go on."""
        outcome = Outcome(list(contestants), measurements(self.most_sockets), figures(self.most_sockets))
        for number in range(self.rounds):
            # Each is first in turn: what runs behind another may find the machine warmer.
            shift = number % len(contestants)
            order = [*contestants[shift:], *contestants[:shift]]
            every = outcome.measurements
            say = partial(_say, tell, f"round {number + 1}/{self.rounds}")
            for several in [every] if self.starts_once else [[one] for one in every]:
                for contestant in order:
                    self._measure(outcome, databases, contestant, several, say)
        return outcome

    def _measure(
        self,
        outcome: Outcome,
        databases: Databases,
        contestant: Contestant,
        several: Sequence[Measurement],
        say: Callable[[Measurement, Contestant, str], None],
    ) -> None:
        """Make those of several measurements that fit, with one server, up to the first that fails."""
        fitting = [measurement for measurement in several if measurement.fits(contestant)]
        if not fitting:
            return
        measurement = fitting[0]
        try:
            with databases.fresh(contestant) as url, running(contestant, url) as (pid, sockets_url):
                for measurement in fitting:
                    task = Task(
                        measure=measurement.measure,
                        dialect=contestant.dialect,
                        url=sockets_url,
                        database_url=url,
                        hears_sql=contestant.hears_sql,
                        pid=pid,
                        sockets=measurement.sockets,
                        seconds=self.seconds,
                        batch=measurement.batch,
                    )
                    result = _generate_load(task)
                    outcome.record(contestant, measurement, result)
                    numbers = "  ".join(f"{name} {value:,.2f}" for name, value in result.values.items())
                    cpu = f"(CPU: load {result.load:.0%}, server {result.server:.0%})"
                    say(measurement, contestant, f"{numbers}  {cpu}")
        except Exception as error:
            # Whatever it is, it is one contestant's: the others are still worth comparing.
            told = "\n".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", [])])
            outcome.failures.append(f"{contestant.name}, {measurement.title}: {told}")
            say(measurement, contestant, f"failed: {told}")


def _say(
    tell: Callable[[str], None], when: str, measurement: Measurement, contestant: Contestant, told: str
) -> None:
    tell(f"{when}  {measurement.title:31} {contestant.title:28} {told}")


def _generate_load(task: Task) -> Result:
    command = [sys.executable, "-m", "bench.load"]
    done = subprocess.run(
        command,
        input=msgspec.json.encode(task),
        capture_output=True,
        cwd=ROOT,
        timeout=LIMIT_SECONDS,
        check=False,
        preexec_fn=partial(die_with, os.getpid()),
    )
    if done.returncode != 0:
        raise MeasureFailed(done.stderr.decode()[-2000:])
    return msgspec.json.decode(done.stdout, type=Result)
