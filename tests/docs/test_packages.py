"""The picture of the packages in docs/ shows the source as it is."""

import shutil
from pathlib import Path

import pytest

from docs.packages import PICTURE, SOURCE, picture


def test_the_committed_picture_is_the_one_that_the_source_makes() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture(), "run `python -m docs.packages`"


@pytest.fixture
def changed_source(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SOURCE, tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__")))


def test_a_new_import_is_a_new_arrow(changed_source: Path) -> None:
    (changed_source / "chinwag/push/new.py").write_text("import chinwag.embedded.server")
    assert picture(changed_source).count('class="import"') == picture().count('class="import"') + 1


def test_an_import_that_points_upwards_cannot_be_drawn(changed_source: Path) -> None:
    (changed_source / "chinwag/chat/new.py").write_text("from chinwag import web")
    with pytest.raises(ValueError, match="chat imports web"):
        picture(changed_source)
