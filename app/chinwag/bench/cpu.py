"""The CPU time and the memory of processes, read from /proc on Linux. Elsewhere only the CPU time of our own
process is known."""

import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

PROC = Path("/proc")

LOAD = "load"
"""The name of this process, which holds the sockets."""


class Cpu:
    """The CPU time that processes with all their descendants use, and that this process uses, in percent of
    one core."""

    def __init__(self, processes: Mapping[str, Sequence[int]]) -> None:
        self._processes = {name: pids for name, pids in processes.items() if pids}
        self._began = time.monotonic()
        self._before = self._seconds()

    def shares(self) -> dict[str, float]:
        """Return the shares since this was made, or since the last call."""
        now, seconds = time.monotonic(), self._seconds()
        elapsed = max(now - self._began, 1e-9)
        shares = {name: 100 * (seconds[name] - self._before[name]) / elapsed for name in seconds}
        self._began, self._before = now, seconds
        return shares

    def _seconds(self) -> dict[str, float]:
        known = _processes()
        seconds = {name: _seconds(pids, known) for name, pids in self._processes.items()}
        return seconds | {LOAD: time.process_time()}


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the CPU time that processes and their descendants have used."""
    return _seconds(pids, _processes())


def resident_bytes(pids: Iterable[int]) -> int:
    """Return the memory of processes and their descendants. Memory that they share is counted for each of
    them."""
    page = os.sysconf("SC_PAGE_SIZE")
    trees = _trees(pids, _processes())
    return sum(int((PROC / str(pid) / "statm").read_text().split()[1]) * page for pid in trees)


def postmaster_of(backend: int) -> int | None:
    """Return the process that started a backend of PostgreSQL; None if that is not on this computer."""
    with contextlib.suppress(OSError):
        if (PROC / str(backend) / "comm").read_text().startswith("postgres"):
            return _processes()[backend][0]
    return None


def _seconds(pids: Iterable[int], known: Mapping[int, tuple[int, float]]) -> float:
    return sum(known[pid][1] for pid in _trees(pids, known))


def _trees(pids: Iterable[int], known: Mapping[int, tuple[int, float]]) -> list[int]:
    """Return the processes and all their descendants."""
    children = defaultdict(list)
    for pid, (parent, _) in known.items():
        children[parent].append(pid)
    found, todo = [], [pid for pid in pids if pid in known]
    while todo:
        found.append(pid := todo.pop())
        todo += children[pid]
    return found


def _processes() -> dict[int, tuple[int, float]]:
    """Return, for each process, its parent and the seconds of CPU time of itself and of its children that
    have ended."""
    tick = 1 / os.sysconf("SC_CLK_TCK")
    found = {}
    for path in PROC.glob("[0-9]*/stat"):
        try:
            # What follows the name, which may contain blanks, is proc_pid_stat(5) from field 3 on.
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        found[int(path.parent.name)] = int(fields[1]), sum(map(int, fields[11:15])) * tick
    return found
