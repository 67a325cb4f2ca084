"""A model of llama.cpp in a process of its own, which is started again when it dies, and ends with ours."""

import contextlib
import json
import os
import secrets
import select
import signal
import subprocess
import sys
import threading
from collections import deque
from functools import partial
from typing import IO

import msgspec
import structlog

from chinwag.bots.endpoint import Endpoint
from chinwag.embedded.programs import die_with
from chinwag.embedded.supervisor import Supervisor
from chinwag.errors import ChinwagError

NAME = "llama.cpp"

POLL_SECONDS = 0.05

LAST_LINES = 10

STOP = ((signal.SIGINT, 2.0), (signal.SIGKILL, None))

log = structlog.get_logger(__name__)


class LlamaParameters(msgspec.Struct, frozen=True):
    """What the process is told.

    Attributes:
        context: how many tokens a conversation and its reply may have.
        parallel: how many replies are made at the same time.
        threads: how many are used for each step; None leaves it to llama.cpp.
        transcript: whether the model was not tuned for chats, and is shown the transcript of one.
    """

    path: str
    context: int
    parallel: int
    threads: int | None
    transcript: bool


class LlamaFailed(ChinwagError):
    """The process of the model has ended before it was ready."""


class Llama:
    """The process, from begin() to stop().

    Attributes:
        endpoint: where the model is asked; None while it is loaded. Each process has another key.
    """

    def __init__(self, parameters: LlamaParameters) -> None:
        self.endpoint: Endpoint | None = None
        self._parameters = parameters
        self._input: IO[bytes] | None = None
        self._said: deque[str] = deque(maxlen=LAST_LINES)
        self._supervisor = Supervisor(NAME, self._launch, self._last_words)

    @property
    def pid(self) -> int | None:
        process = self._supervisor.process
        return process.pid if process else None

    def begin(self) -> None:
        """Begin to start the process."""
        self._supervisor.begin()

    def wait_until_ready(self) -> None:
        """Wait until the model is loaded for the first time.

        Raises:
            LlamaFailed
        """
        self._supervisor.wait_until_ready()

    def stop(self) -> None:
        """End the process, and wait for its end."""
        self._supervisor.stop(STOP)
        self._close_input()

    def _launch(self, stopping: threading.Event) -> "subprocess.Popen[bytes]":
        self.endpoint = None
        self._close_input()
        key = secrets.token_urlsafe(32)
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "chinwag.bots.llama_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if not _is_ours(name)},
            start_new_session=True,  # Ctrl-C at the terminal is for the server
            preexec_fn=partial(die_with, os.getpid()),
        )
        assert process.stdin and process.stdout and process.stderr
        self._input = process.stdin  # the process ends when it is closed
        threading.Thread(target=self._pass_on, args=(process.stderr,), daemon=True).start()
        given = json.dumps({**msgspec.structs.asdict(self._parameters), "key": key})
        with contextlib.suppress(BrokenPipeError):  # it has died, which is noticed below
            process.stdin.write(f"{given}\n".encode())
            process.stdin.flush()
        with process.stdout as said:
            while not stopping.is_set():
                if select.select([said], [], [], POLL_SECONDS)[0]:
                    self.endpoint = self._read_endpoint(said.readline(), process, key)
                    break
        return process

    def _read_endpoint(self, line: bytes, process: "subprocess.Popen[bytes]", key: str) -> Endpoint:
        if not line:
            process.wait()
            self._close_input()
            raise LlamaFailed(f"the model cannot be loaded: {self._last_words()}")
        return Endpoint(f"{json.loads(line)['url']}/v1", self._parameters.path, key)

    def _close_input(self) -> None:
        if self._input is not None:
            with contextlib.suppress(BrokenPipeError):
                self._input.close()
            self._input = None

    def _pass_on(self, stream: IO[bytes]) -> None:
        """Write what llama.cpp says into our log. It does not say what is in a conversation."""
        with stream:
            for line in stream:
                if text := line.decode(errors="replace").strip():
                    self._said.append(text)
                    log.warning("model_says", program=NAME, line=text)

    def _last_words(self) -> str:
        return "\n".join(self._said)


def _is_ours(name: str) -> bool:
    """Whether a variable of the environment is a setting of ours, which may be a secret."""
    return name == "DATABASE_URL" or name.startswith("CHINWAG_")
