"""The commits per second of concurrent SQL writers, with and without NOTIFY, measured with pgbench."""

import asyncio
import os
import re
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from chinwag.bench.cpu import Cpu
from chinwag.bench.load import Watch
from chinwag.bench.measures import Scale, run
from chinwag.bench.report import Figure
from chinwag.bench.span import Span
from chinwag.bench.subject import Subject, new_threads
from chinwag.db.pool import connect
from chinwag.embedded.binaries import binary, libpq
from chinwag.embedded.initdb import OWNER
from chinwag.errors import LoadFailed
from chinwag.provision import migrate

COUNTS = (1, 4, 16, 64)
UNHEARD = "chinwag_unheard"
SCRIPT = Path(__file__).with_name("writers.sql")
MUTE = Path(__file__).with_name("unheard.sql")

JOBS = 2
"""The number of pgbench's own threads; one thread is busy with 20,000 commits/s."""


def writers(subject: Subject, scale: Scale, watch: Watch) -> list[Figure]:
    """Measure the commits per second of SQL writers, each of which has a thread of its own, so that they
    compete only for the database's commit.

    Without NOTIFY is measured in a second database of our own PostgreSQL, whose `notify_servers` does
    nothing. In a database of somebody else nothing is changed, and so that measurement is left out.
    """
    figures = []
    with new_threads(subject, max(COUNTS)) as threads:
        places = {"with NOTIFY": (subject.database, threads)}
        if subject.superuser_url:
            unheard = _unheard(subject.database, subject.superuser_url, max(COUNTS))
            places["without NOTIFY"] = run(unheard)
        for count in COUNTS:
            for name, (url, ids) in places.items():
                span = run(_pgbench(url, ids[:count], scale, subject.processes, watch))
                label = f"{count} writer{'s' * (count > 1)} {name}"
                figures.append(Figure(label, "commits/s", span.rate, span.cpu))
    return figures


async def _unheard(url: str, superuser_url: str, threads: int) -> tuple[str, list[int]]:
    """Make another database with our schema and some threads, in which nobody is notified."""
    there = urlsplit(url)._replace(path=f"/{UNHEARD}").geturl()
    connection = await connect(superuser_url)
    try:
        await connection.execute(f"drop database if exists {UNHEARD}")
        await connection.execute(f"create database {UNHEARD} owner {OWNER}")
    finally:
        await connection.close()
    await migrate(there)
    connection = await connect(there)
    try:
        await connection.execute(MUTE.read_text())
        rows = await connection.fetch(
            "insert into thread select from generate_series(1, $1) returning id", threads
        )
    finally:
        await connection.close()
    return there, [row["id"] for row in rows]


async def _pgbench(
    url: str, threads: Sequence[int], scale: Scale, processes: dict[str, list[int]], watch: Watch
) -> Span:
    bare, secret = libpq(url)
    seconds = max(1, round(scale.seconds))
    command = [str(binary("pgbench")), "--no-vacuum", "--protocol=prepared", "--progress=1"]
    command += [f"--client={len(threads)}", f"--jobs={min(JOBS, len(threads))}", f"--time={seconds}"]
    command += [f"--define=threads={{{','.join(map(str, threads))}}}", f"--define=content={'x' * scale.size}"]
    command += [f"--file={SCRIPT}", bare]
    process = await asyncio.create_subprocess_exec(
        *command, env=os.environ | secret, stdout=PIPE, stderr=STDOUT
    )
    cpu = Cpu({**processes, "pgbench": [process.pid]})
    said: list[str] = []
    shares: dict[str, float] = {}
    # The CPU time is read while all processes still run: it is not known of one that has just ended.
    reading = asyncio.get_running_loop().call_later(0.9 * seconds, lambda: shares.update(cpu.shares()))
    try:
        assert process.stdout
        async for line in process.stdout:
            said.append(line.decode())
            if progress := re.match(r"progress: ([\d.]+) s, ([\d.]+) tps", said[-1]):
                watch(f"{len(threads)} writers, {float(progress[2]):,.0f} commits/s")
        await process.wait()
    finally:
        reading.cancel()
        if process.returncode is None:
            process.kill()
            await process.wait()
    result = "".join(said)
    if process.returncode or "transactions actually processed" not in result:
        raise LoadFailed(f"pgbench failed:\n{result}")
    rate = re.search(r"^tps = ([\d.]+)", result, re.M)  # no transaction: no line
    return Span(round(float(rate[1]) * seconds) if rate else 0, seconds, shares)
