"""The hosts of a setting that names several databases, such as relays or standbys."""

import re
from urllib.parse import urlsplit


def urls_in(text: str) -> list[str]:
    """Return a URL for each host of a setting.

    It has one or several URLs, with commas between them, and a URL may name several hosts.
    """
    return [url for one in re.split(r",(?=postgres(?:ql)?://)", text) for url in _hosts_in(one)]


def host_in(url: str) -> str:
    """Return the host and the port of a URL, without the name and the password."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _hosts_in(url: str) -> list[str]:
    parts = urlsplit(url)
    if "," not in parts.netloc:
        return [url]  # as it is: urlunsplit() would change the URL of a Unix socket
    login, at, hosts = parts.netloc.rpartition("@")
    return [parts._replace(netloc=f"{login}{at}{host}").geturl() for host in hosts.split(",")]
