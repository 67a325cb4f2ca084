"""Which bots the settings name, and how what is wrong with them is said."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chinwag.bots.loading import NamedBot, load_bots
from chinwag.bots.pieces import pieces_of
from chinwag.errors import SettingsInvalid
from chinwag.settings import Settings, load_settings

OWN = """
class Own:
    def __init__(self, greeting="Hi", times=1):
        self.greeting = times * greeting

    async def reply(self, conversation):
        return self.greeting
"""

SEVERAL = """
bot = "wise"

[bots.fast]
class = "echo"
pace = 0.5

[bots.wise]
class = "openai"
display_name = "Wise One"
model = "big"
temperature = 0.2

[bots.own]
class = "own_bot:Own"
greeting = "Ahoy"
times = 2
"""

ENDPOINT = {"CHINWAG_LLM_URL": "http://127.0.0.1:1/v1", "CHINWAG_LLM_MODEL": "small"}


@pytest.fixture(autouse=True)
def own_bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_bot.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)


def loaded(tmp_path: Path, text: str = "", **environ: str) -> list[NamedBot]:
    file = tmp_path / "litestar.toml"
    file.write_text(text)
    return load_bots(load_settings(file, environ))


def names(bots: list[NamedBot]) -> list[tuple[str, str]]:
    return [(one.username, one.display_name) for one in bots]


def test_a_name_alone_is_a_bot(tmp_path: Path) -> None:
    assert names(loaded(tmp_path)) == [("random", "Random")]
    assert names(loaded(tmp_path, CHINWAG_BOT="none")) == []
    assert names(loaded(tmp_path, CHINWAG_BOT="own_bot:Own")) == [("own", "Own")]
    assert names(loaded(tmp_path, CHINWAG_BOT="openai", **ENDPOINT)) == [("openai", "Assistant")]


async def test_several_have_names_and_options_and_the_default_one_is_first(tmp_path: Path) -> None:
    bots = loaded(tmp_path, SEVERAL, **ENDPOINT)
    assert names(bots) == [("wise", "Wise One"), ("fast", "Fast"), ("own", "Own")]
    assert [piece async for piece in pieces_of(bots[2].bot, None)] == ["AhoyAhoy"]  # type: ignore[arg-type]


def test_the_environment_names_another_default_one(tmp_path: Path) -> None:
    bots = loaded(tmp_path, SEVERAL, CHINWAG_BOT="random", **ENDPOINT)
    assert [one.username for one in bots] == ["random", "fast", "wise", "own"]
    assert loaded(tmp_path, SEVERAL, CHINWAG_BOT="none", **ENDPOINT) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[bots.x]\nclass = 'echo'\npace = 'fast'", "bots.x: pace: Expected `float`, got `str`"),
        ("[bots.x]\nclass = 'echo'\ncolour = 1", "bots.x: there is no option 'colour': there are "),
        ("[bots.x]\nclass = 'openai'\ntemperature = 3", "bots.x: temperature: Expected `float` <= 2.0"),
        ("[bots.x]\nclass = 'openai'\nkey = 'sk'", "bots.x: there is no option 'key': there are "),
        ("[bots.x]\nclass = 'openai'\nurl = 'http://x'", "bots.x: there is no option 'url': there are "),
        ("[bots.x]\nclass = 'local'\nmodel = 'nowhere'", "bots.x: model: there is no file nowhere"),
        ("[bots.x]\nclass = 'own_bot:Own'\ncolour = 1", "bots.x: own_bot:Own: got an unexpected keyword"),
        ("[bots.x]\nclass = 'own_bot:None'", "bots.x: there is no 'own_bot:None'"),
        ("[bots.x]\nclass = 'nothing'", "bots.x: there is no 'nothing': it is random, echo, openai, local"),
        ("[bots.x]\npace = 1", "bots.x: the key class is missing"),
        ("[bots.x]\nclass = 'echo'\ndisplay_name = ''", "bots.x: display_name: it cannot be shown"),
        ("[bots.x]\nclass = 'echo'\ndisplay_name = 1", "bots.x: display_name: it cannot be shown"),
        ("[bots.'Big Bot']\nclass = 'echo'", "bots.Big Bot: the name of a bot is a username"),
        ("[bots.none]\nclass = 'echo'", "bots.none: the name of a bot is a username"),
        ("bot = 'own_bot:Own'\n[bots.own]\nclass = 'echo'", "bots: two of them have the username 'own'"),
        ("bots = 1", "litestar.toml: bots: Expected `object`, got `int`"),
        ("[bots]\nx = 1", "litestar.toml: bots: Expected `object`, got `int`"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_key(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsInvalid) as error:
        loaded(tmp_path, text, **ENDPOINT)
    assert str(error.value).startswith(says)


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({}, "bot: the environment lacks CHINWAG_LLM_URL and CHINWAG_LLM_MODEL"),
        ({"CHINWAG_LLM_URL": "http://127.0.0.1/v1"}, "bot: the environment lacks CHINWAG_LLM_MODEL"),
        ({"CHINWAG_LLM_URL": "127.0.0.1:8080"}, "CHINWAG_LLM_URL: llm_url: Expected `str` matching"),
        ({"CHINWAG_LLM_URL": "http://me:secret@x/v1"}, "CHINWAG_LLM_URL: llm_url: Expected `str` matching"),
        ({"CHINWAG_LLM_KEY": "two words\n"}, "CHINWAG_LLM_KEY: llm_key: Expected `str` matching"),
        ({"CHINWAG_BOTS": "x"}, "CHINWAG_BOTS: bots: they are tables of the file only"),
    ],
)
def test_what_the_environment_lacks_is_said(tmp_path: Path, environ: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsInvalid) as error:
        loaded(tmp_path, CHINWAG_BOT="openai", **environ)
    assert str(error.value).startswith(says)
    assert "secret" not in str(error.value)
    assert "two words" not in str(error.value)


@pytest.mark.parametrize("key", ["llm_url", "llm_model", "llm_key"])
def test_the_file_cannot_hold_what_is_for_the_environment(tmp_path: Path, key: str) -> None:
    with pytest.raises(SettingsInvalid) as error:
        loaded(tmp_path, f"{key} = 'http://secret/v1'")
    assert str(error.value) == (
        f"litestar.toml: {key}: it is taken from the environment only: CHINWAG_{key.upper()}"
    )


def test_settings_do_not_show_their_secrets() -> None:
    shown = repr(Settings(llm_key="secret", oidc_client_secret="secret", database_url="secret"))
    assert "secret" not in shown


def test_a_server_without_a_model_does_not_import_what_one_needs() -> None:
    program = "import sys; import chinwag.asgi; print({'httpx2', 'chinwag.bots.openai'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout
    assert said == "set()\n"
