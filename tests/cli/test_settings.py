"""Where settings come from, and how what is wrong at the start is said."""

import re
import socket
import tomllib
from pathlib import Path

import pytest

from chinwag.errors import SettingsInvalid
from chinwag.settings import ENVIRONMENT_ONLY, Settings, load_settings
from tests.support.command import chinwag
from tests.support.repository import ROOT

FILE = ROOT / "litestar.toml"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"CHINWAG_COLOUR": "red"}, "CHINWAG_COLOUR: there is no setting 'colour'"),
        ({"CHINWAG_POOL_SIZE": "many"}, "CHINWAG_POOL_SIZE: pool_size: Expected `int`"),
        ({"CHINWAG_SIGN_IN": "nobody"}, "CHINWAG_SIGN_IN: sign_in: Invalid enum value 'nobody'"),
        ({"CHINWAG_SIGN_IN": "proxy"}, "CHINWAG_SIGN_IN: sign_in: the setting proxies is missing"),
        ({"CHINWAG_PROXIES": "10.0.0.1/8"}, "CHINWAG_PROXIES: proxies: 10.0.0.1/8 has host bits set"),
        ({"CHINWAG_PROXIES": "nginx"}, "CHINWAG_PROXIES: proxies: 'nginx' does not appear to be an IPv4"),
        ({"CHINWAG_READ_URL": "standby.example"}, "CHINWAG_READ_URL: read_url: Expected `str` matching"),
        ({"CHINWAG_BOT": "nobody"}, "bot: there is no 'nobody'"),
        ({"CHINWAG_BOT": "chinwag.bots.echo:Nobody"}, "bot: there is no 'chinwag.bots.echo:Nobody'"),
        ({"DATABASE_URL": "postgresql://me@127.0.0.1:1/none"}, "the database cannot be reached: "),
        ({"DATABASE_URL": "mysql://me@127.0.0.1/none"}, "the database cannot be reached: invalid DSN"),
        ({"CHINWAG_DATA_DIRECTORY": "/dev/null/data"}, "the embedded PostgreSQL cannot run: "),
    ],
)
def test_what_is_wrong_at_the_start_is_said_in_a_line(settings: dict[str, str], says: str) -> None:
    failed = chinwag("serve", "--port", "0", **settings)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.startswith(f"chinwag: {says}")
    assert failed.stderr.count("\n") == 1


def test_a_port_in_use_is_said_in_a_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        failed = chinwag("serve", "--port", str(port))
    assert failed.returncode == 1
    assert failed.stderr == f"chinwag: cannot listen on 127.0.0.1 port {port}: Address already in use\n"


def test_a_database_that_does_not_exist_is_said_in_a_line(postgres_url: str) -> None:
    failed = chinwag("migrate", DATABASE_URL=postgres_url.rpartition("/")[0] + "/nowhere")
    assert failed.returncode == 1
    assert failed.stderr == 'chinwag: the database cannot be reached: database "nowhere" does not exist\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("colour = 'red'", "litestar.toml: there is no setting 'colour'"),
        ("pool_size = 'many'", "litestar.toml: pool_size: Expected `int`, got `str`"),
        ("pool_size = ", "litestar.toml: Invalid value"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "litestar.toml"
    file.write_text(text)
    with pytest.raises(SettingsInvalid) as error:
        load_settings(file, {})
    assert str(error.value).startswith(says)


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    file = tmp_path / "litestar.toml"
    file.write_text("pool_size = 3\naccount = 'file'")
    origins = "https://a.example, https://b.example"
    settings = load_settings(file, {"CHINWAG_ACCOUNT": "us", "CHINWAG_ALLOWED_ORIGINS": origins, "HOME": "/"})
    assert (settings.pool_size, settings.account) == (3, "us")
    assert settings.allowed_origins == ("https://a.example", "https://b.example")


def test_the_file_in_the_repository_has_every_setting_and_its_default() -> None:
    text = FILE.read_text(encoding="utf-8")
    values = tomllib.loads(text)
    defaults = Settings()
    assert load_settings(FILE, {}) == defaults
    without_default = re.findall(r"^# (?:\[(bots)\.\w+\]$|(\w+) = )", text.partition("\n\n")[2], re.M)
    named = {*values, *("".join(names) for names in without_default), *ENVIRONMENT_ONLY}
    assert named >= set(Settings.__struct_fields__)
    assert all(f"CHINWAG_{key.upper()}" in text for key in ENVIRONMENT_ONLY)


def test_the_readme_has_every_setting_and_its_name_in_the_environment() -> None:
    _, after = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## Settings\n")
    table, *_ = after.split("\n## ")
    rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| ")]
    keys, variables = ([re.findall(r"`([^`]+)`", row[column]) for row in rows] for column in (0, 1))
    known = {key for names in keys for key in names}
    shown = {name.removeprefix("CHINWAG_").lower() for names in variables for name in names}
    assert known | set(ENVIRONMENT_ONLY) == set(Settings.__struct_fields__)
    assert shown >= set(ENVIRONMENT_ONLY)
    assert not known & set(ENVIRONMENT_ONLY)
