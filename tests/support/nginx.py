"""nginx as in deploy/nginx.conf, in front of server processes."""

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from tests.support.process import Server, find_program, free_port, wait_until
from tests.support.repository import ROOT

CONFIGURATION = ROOT / "deploy" / "nginx.conf"

EMPTY: Mapping[str, str] = MappingProxyType({})

TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
"""The temporary directories of nginx, which it makes in any case, and by default where only root may."""


@contextmanager
def nginx_before(servers: Sequence[Server], changes: Mapping[str, str] = EMPTY) -> Iterator[Server]:
    """Run an nginx that balances between these servers, and give the block the nginx as if it were a server.

    Args:
        changes: replaces parts of its configuration, each of which must be there.
    """
    program, port = find_program("nginx", "nginx-light"), free_port()
    with tempfile.TemporaryDirectory(prefix="chinwag-nginx-") as name:
        directory = Path(name)
        directory.chmod(0o755)  # root's nginx has workers that are not root
        paths = "".join(f"{kind}_temp_path {kind};" for kind in TEMPORARY)
        text = CONFIGURATION.read_text()
        assert text.count("listen 8000") == 2
        text = text.replace("listen 8000", f"listen 127.0.0.1:{port}").replace("http {", f"http {{ {paths}")
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new)
        (directory / "nginx.conf").write_text(text)
        lines = [f"server 127.0.0.1:{server.port} fail_timeout=1s;" for server in servers]
        (directory / "servers.conf").write_text("\n".join(lines))
        options = ["-p", name, "-c", "nginx.conf", "-g", "daemon off; pid pid; error_log stderr crit;"]
        with subprocess.Popen([program, *options], stderr=subprocess.PIPE, text=True) as process:
            try:
                wait_until(lambda: process.poll() is not None or is_open(port))
                assert process.poll() is None, process.communicate()[1]
                yield Server(process, f"http://127.0.0.1:{port}", Path(os.devnull))
            finally:
                process.terminate()


def is_open(port: int) -> bool:
    """Whether somebody listens on a port of this computer."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == os.EX_OK
