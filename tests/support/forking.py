"""Servers and other commands that are forked from a process that has imported Chinwag already.

They run as from the command line. To import it takes more processor time than all else that a
server does in most tests, and the tests start hundreds of them.
"""

import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, TextIO

from tests.support.repository import ROOT

IMPORTED = [
    "chinwag.cli",
    "chinwag.account_command",
    "chinwag.key_command",
    "chinwag.relay_command",
    "chinwag.asgi",
    "chinwag.push.uvicorn.protocol",
    "uvloop",
    "uvicorn.lifespan.on",
    "uvicorn.supervisors",
    "litestar.plugins.pydantic",
]
"""Chinwag's modules, and those that are imported when a command starts."""

REQUEST_BYTES = 1 << 17

CAN_FORK = hasattr(os, "pidfd_open")
"""Whether the end of a process can be awaited by its descriptor, which macOS cannot."""


class Forked:
    """A process that was forked, with what the tests use of `subprocess.Popen`."""

    def __init__(self, pid: int, stdout: TextIO, ending: socket.socket) -> None:
        self.pid = pid
        self.stdout: IO[str] | None = stdout
        self.returncode: int | None = None
        self._ending = ending

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status; negative, the number of the signal that has ended it."""
        if self.returncode is None:
            ending = select.poll()
            ending.register(self._ending, select.POLLIN)
            if not ending.poll(None if timeout is None else timeout * 1000):
                assert timeout is not None
                raise subprocess.TimeoutExpired("chinwag", timeout)
            self.returncode = os.waitstatus_to_exitcode(int(self._ending.recv(16)))
            self._ending.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        # The process that has forked it may have taken its exit status already.
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Forkery:
    """Starts the process that forks when it is first needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None

    def fork(
        self,
        arguments: list[str],
        environ: dict[str, str],
        stdin: int,
        stderr: int,
        directory: Path | None = None,
    ) -> Forked:
        """A new process in a session of its own and in a directory, with stdin and stderr on these
        descriptors."""
        requests = self._requests or self._start()
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        with theirs:
            request = json.dumps([arguments, environ, str(directory or ROOT)]).encode()
            socket.send_fds(requests, [request], [stdin, writing, stderr, theirs.fileno()])
        os.close(writing)
        return Forked(int(requests.recv(16)), open(reading, encoding="utf-8"), ours)

    def end(self) -> None:
        if self._process and self._requests:
            self._requests.close()
            self._process.wait()
            self._process = self._requests = None

    def _start(self) -> socket.socket:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                cwd=ROOT,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
                stdin=theirs.fileno(),
                start_new_session=True,
            )
        return self._requests


FORKERY = Forkery()


def main() -> None:
    """Fork a server for each request on stdin, and tell of its end, until there can be no more requests."""
    for name in IMPORTED:
        importlib.import_module(name)
    sys.modules["chinwag.web.assets"].prepare()  # each server would do it, and it takes a second
    gc.freeze()  # so that collections in the children do not copy its pages
    arguments, environ, directory = Forking(socket.socket(fileno=os.dup(0))).request_of_a_child()
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["chinwag", *arguments]
    sys.modules["chinwag.cli"].main()


class Forking:
    """The loop of the process that forks, and what each child must not keep of it."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._endings: dict[int, tuple[int, socket.socket]] = {}
        """By the descriptor of a child: its id, and where its end is told."""
        self._poll = select.poll()
        self._poll.register(requests, select.POLLIN)

    def request_of_a_child(self) -> tuple[list[str], dict[str, str], str]:
        """Returns in each child that is forked, and never in this process."""
        while True:
            for ready, _ in self._poll.poll():
                if ready != self._requests.fileno():
                    self._tell_the_end(ready)
                    continue
                request, descriptors, _, _ = socket.recv_fds(self._requests, REQUEST_BYTES, 4)
                if not request:
                    sys.exit()
                if pid := os.fork():
                    self._remember(pid, *descriptors)
                else:
                    self._let_go(*descriptors)
                    arguments, environ, directory = json.loads(request)
                    return arguments, environ, directory

    def _remember(self, pid: int, stdin: int, stdout: int, stderr: int, ending: int) -> None:
        for descriptor in (stdin, stdout, stderr):
            os.close(descriptor)
        child = os.pidfd_open(pid)
        self._endings[child] = pid, socket.socket(fileno=ending)
        self._poll.register(child, select.POLLIN)
        self._requests.send(b"%d" % pid)

    def _tell_the_end(self, child: int) -> None:
        pid, ending = self._endings.pop(child)
        self._poll.unregister(child)
        os.close(child)
        _, status = os.waitpid(pid, 0)
        with suppress(BrokenPipeError), ending:  # nobody may wait for it any more
            ending.send(b"%d" % status)

    def _let_go(self, stdin: int, stdout: int, stderr: int, ending: int) -> None:
        os.setsid()
        self._requests.close()
        os.close(ending)
        for child, (_, other) in self._endings.items():
            os.close(child)
            other.close()
        for descriptor, standard in (stdin, 0), (stdout, 1), (stderr, 2):
            os.dup2(descriptor, standard)
            os.close(descriptor)


if __name__ == "__main__":
    main()
