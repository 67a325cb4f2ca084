"""HAProxy as in deploy/haproxy.cfg, in front of server processes."""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.nginx import EMPTY, is_open
from tests.support.process import Server, find_program, free_port, wait_until
from tests.support.repository import ROOT

CONFIGURATION = ROOT / "deploy" / "haproxy.cfg"


@contextmanager
def haproxy_before(servers: Sequence[Server], changes: Mapping[str, str] = EMPTY) -> Iterator[Server]:
    """Run an HAProxy that balances between these servers, and give the block the HAProxy as if it were a
    server.

    Args:
        changes: replaces parts of its configuration, each of which must be there.
    """
    program, port = find_program("haproxy", "haproxy"), free_port()
    text = CONFIGURATION.read_text()
    named = "".join(f"    server s{server.port} 127.0.0.1:{server.port}\n" for server in servers)
    text, replaced = re.subn(r"(    server \w+ 127\.0\.0\.1:\d+\n)+", named, text)
    assert replaced == 1
    for old, new in {"bind :8000": f"bind 127.0.0.1:{port}", **changes}.items():
        assert old in text, old
        text = text.replace(old, new)
    with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
        file.write(text)
        file.flush()
        command = [program, "-db", "-f", file.name]  # in the foreground
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            try:
                wait_until(lambda: process.poll() is not None or is_open(port))
                assert process.poll() is None, process.communicate()[1]
                yield Server(process, f"http://127.0.0.1:{port}", Path(os.devnull))
            finally:
                process.terminate()
