"""Settings, from litestar.toml and from the environment, which overrides the file."""

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from chinwag.errors import SettingsInvalid

FILE = Path("litestar.toml")
"""The file of the settings, in the folder in which the program was started."""

SAFE_ISSUER = re.compile(r"https://|http://(127\.0\.0\.1|\[::1\]|localhost)(:[0-9]+)?(/|$)")
"""What is not encrypted, and not on this computer, can be forged on the way."""

ENVIRONMENT_ONLY = ("llm_url", "llm_model", "llm_key")
"""A file is copied and committed, and with it the key would be. Whoever could change the URL there would be
sent the key."""

HostName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$")]
"""A host name in lower case, without a port."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The settings and their defaults. litestar.toml says what each key means."""

    database_url: str | None = None
    listen_url: str | None = None
    relay_url: Annotated[str, msgspec.Meta(pattern="^postgres(ql)?://")] | None = None
    relay_password: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{8,}\Z")] | None = None
    needs_relay: bool = False
    read_url: Annotated[str, msgspec.Meta(pattern="^postgres(ql)?://")] | None = None
    data_directory: str | None = None
    pool_size: Annotated[int, msgspec.Meta(ge=2, le=200)] = 8
    bot: str = "random"
    bots: dict[str, dict[str, Any]] = {}
    llm_url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?\Z")] | None = None
    llm_model: str | None = None
    llm_key: Annotated[str, msgspec.Meta(pattern=r"^[!-~]*\Z")] | None = None
    bot_pace: Annotated[float, msgspec.Meta(ge=0, le=60)] = 1.2
    max_content: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 32_000
    posts_per_second: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 50
    ping_seconds: Annotated[float, msgspec.Meta(ge=0.1, le=300)] = 20
    account: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] = "me"
    sign_in: Literal["auto", "loopback", "required", "proxy", "anyone"] = "auto"
    proxies: tuple[str, ...] = ()
    proxy_header: Annotated[str, msgspec.Meta(pattern="^[a-z0-9-]+$")] = "remote-user"
    oidc_issuer: str | None = None
    oidc_client_id: str = "chinwag"
    oidc_client_secret: str | None = None
    oidc_name: Annotated[str, msgspec.Meta(min_length=1, max_length=40)] = "single sign-on"
    oidc_may_join: bool = True
    public_url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/?#]+$")] | None = None
    session_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] = 90
    session_idle_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] = 30
    allowed_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[HostName, ...] = ()
    request_seconds: Annotated[float, msgspec.Meta(ge=0.1, le=300)] = 20
    max_connections: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 20_000
    metrics_from: tuple[str, ...] = ()
    metrics_directory: str | None = None
    drain_seconds: Annotated[float, msgspec.Meta(ge=0, le=300)] = 0
    log_format: Literal["text", "json"] = "text"

    def __repr__(self) -> str:
        return "Settings(…)"  # there are secrets in it


def load_settings(file: Path = FILE, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the file if it is there, and let the environment override it.

    In the environment, a list is written with commas between its items.

    Raises:
        SettingsInvalid: with the place, the key and what is wrong with it.
    """
    values, places = _from_file(file), {}
    for key, name, text in _from_environment(environ):
        values[key], places[key] = text, name
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        key, complaint = _key_and_complaint(error)
        raise SettingsInvalid(f"{places.get(key, file.name)}: {key}: {complaint}") from None
    for key in ("proxies", "metrics_from"):
        try:
            networks(getattr(settings, key))
        except ValueError as error:
            raise SettingsInvalid(f"{places.get(key, file.name)}: {key}: {error}") from None
    if settings.oidc_issuer is not None and not SAFE_ISSUER.match(settings.oidc_issuer):
        place = places.get("oidc_issuer", file.name)
        raise SettingsInvalid(f"{place}: oidc_issuer: an https:// URL is taken")
    if settings.sign_in == "proxy" and not settings.proxies:
        raise SettingsInvalid(f"{places.get('sign_in', file.name)}: sign_in: the setting proxies is missing")
    return settings


@lru_cache
def networks(addresses: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    """Return the networks that addresses such as `10.0.0.0/8` or `::1` mean.

    Raises ValueError.
    """
    return tuple(ipaddress.ip_network(address) for address in addresses)


def _from_file(file: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{file.name}: {error}") from None
    for key in values:
        if key not in Settings.__struct_fields__:
            raise SettingsInvalid(f"{file.name}: there is no setting {key!r}")
        if key in ENVIRONMENT_ONLY:
            name = f"CHINWAG_{key.upper()}"
            raise SettingsInvalid(f"{file.name}: {key}: it is taken from the environment only: {name}")
    return values


def _from_environment(environ: Mapping[str, str]) -> list[tuple[str, str, str | list[str]]]:
    found: list[tuple[str, str, str | list[str]]] = []
    for name, text in environ.items():
        if name == "DATABASE_URL":
            key = "database_url"
        elif name.startswith("CHINWAG_"):
            key = name.removeprefix("CHINWAG_").lower()
        else:
            continue
        if key not in Settings.__struct_fields__:
            raise SettingsInvalid(f"{name}: there is no setting {key!r}")
        if key == "bots":
            raise SettingsInvalid(f"{name}: bots: they are tables of the file only: [bots.NAME]")
        is_list = isinstance(getattr(Settings(), key), tuple)
        found.append((key, name, _items(text) if is_list else text))
    return found


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _key_and_complaint(error: msgspec.ValidationError) -> tuple[str, str]:
    """Read msgspec's error, whose message ends in " - at `$.key`"."""
    complaint, _, path = str(error).rpartition(" - at `$.")
    return path.rstrip("`").partition("[")[0], complaint
