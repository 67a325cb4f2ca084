"""A supervisor: it starts a program, waits for its end and starts it again, until it is stopped."""

import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

import structlog

from chinwag.errors import ChinwagError

BACKOFF_FIRST_SECONDS = 0.1
BACKOFF_LIMIT_SECONDS = 30.0
"""The longest delay before a start. A program that ran longer than this is started again soon, however often
it died before."""

log = structlog.get_logger(__name__)

Launch = Callable[[threading.Event], "subprocess.Popen[bytes]"]
"""A function that starts the program, and returns when it is ready, or soon after the event is set."""

Stop = tuple[tuple[signal.Signals, float | None], ...]
"""Signals, each with the number of seconds for which the end of the program is awaited after it."""


class Supervisor:
    """A thread that forks the program and lives as long as the program is wanted.

    The same thread forks at every start, because PDEATHSIG is sent when the thread that forked ends:
    prctl(2).
    """

    def __init__(self, name: str, launch: Launch, last_words: Callable[[], str]) -> None:
        """
        Args:
            name: what the log calls the program.
            launch: may raise a ChinwagError or an OSError.
            last_words: the end of the program's own log.
        """
        self.process: subprocess.Popen[bytes] | None = None
        self._launch = launch
        self._last_words = last_words
        self._log = log.bind(program=name)
        self._stopping = threading.Event()
        self._first: Future[None] = Future()
        # It is a daemon: a process that ends without stop() need not wait, as the program ends with it.
        self._thread = threading.Thread(target=self._run, name=f"{name} supervisor", daemon=True)

    def start(self) -> None:
        """Start the program, and wait until it is ready. Raises what `launch` raises."""
        self.begin()
        self.wait_until_ready()

    def begin(self) -> None:
        """Begin to start the program."""
        self._thread.start()

    def wait_until_ready(self) -> None:
        """Wait until the first start is done. Raises what `launch` raises."""
        self._first.result()

    def stop(self, steps: Stop) -> None:
        """End the program with one signal after the other, and wait for its end."""
        self._stopping.set()
        for number, patience in steps:
            if process := self.process:
                process.send_signal(number)
            self._thread.join(patience)
            if not self._thread.is_alive():
                break

    def _run(self) -> None:
        try:
            self.process = self._launch(self._stopping)
        except BaseException as error:
            return self._first.set_exception(error)
        self._first.set_result(None)
        delay = BACKOFF_FIRST_SECONDS
        while not self._stopping.is_set():
            if self.process is not None:
                delay = self._until_died(self.process, delay)
            # Jitter, so that several programs on one full disk do not start again at the same moment.
            if not self._stopping.wait(delay * (0.5 + random.random())):
                self._start_again()
            delay = min(2 * delay, BACKOFF_LIMIT_SECONDS)
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)  # stop() may have come before the process was known
            self.process.wait()
            self.process = None

    def _until_died(self, process: "subprocess.Popen[bytes]", delay: float) -> float:
        """Wait for the end of the program, and return the number of seconds after which it is started
        again."""
        began = time.monotonic()
        status = process.wait()
        self.process = None
        if not self._stopping.is_set():
            self._log.error("program_died", status=describe(status), last_words=self._last_words())
        return BACKOFF_FIRST_SECONDS if time.monotonic() - began > BACKOFF_LIMIT_SECONDS else delay

    def _start_again(self) -> None:
        try:
            self.process = self._launch(self._stopping)
        except Exception as error:
            # Any error is caught, because a supervisor that stopped trying would leave the program dead.
            if not self._stopping.is_set():
                is_known = isinstance(error, ChinwagError | OSError)
                self._log.error("program_does_not_start", reason=str(error), exc_info=not is_known)
        else:
            self._log.warning("program_started_again", pid=self.process.pid)


def describe(status: int) -> str:
    """Describe in words how a process ended."""
    return f"exit status {status}" if status >= 0 else f"killed by {signal.Signals(-status).name}"
