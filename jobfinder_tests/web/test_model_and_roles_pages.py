"""The pages Model and Roles without a browser: what they say of nothing, and of the sample."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from jobfinder_assets.config import load_settings
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.web.actions import People


def model_page() -> None:
    from jobfinder_assets.web.pages import model

    model.page()


def roles_page() -> None:
    from jobfinder_assets.web.pages import roles

    roles.page()


@pytest.mark.parametrize(
    ("page", "words"), [(model_page, "There is no model yet"), (roles_page, "No posting is tagged")]
)
def test_an_empty_home_says_what_to_do(page: object, words: str) -> None:
    app = AppTest.from_function(page, default_timeout=60).run()  # type: ignore[arg-type]
    assert not app.exception
    assert words in app.info[0].value


def test_the_model_tells_how_good_it_is_and_what_it_learnt(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBFINDER_HOME", str(copied))
    monkeypatch.chdir(copied)
    app = AppTest.from_function(model_page, default_timeout=60).run()
    assert not app.exception
    assert "Average precision" in app.markdown[0].value
    assert any(text.value.startswith("in the text: ") for text in app.text)
    assert app.button(key="train")


def test_a_role_is_corrected_by_one_key(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBFINDER_HOME", str(copied))
    monkeypatch.chdir(copied)
    app = AppTest.from_function(roles_page, default_timeout=60).run()
    assert not app.exception
    app.button(key="role-ml_engineer").click().run()
    app.button(key="skip_role").click().run()
    assert not app.exception
    settings = load_settings()
    assert len(People(Lake(settings.lake_location), settings.home).corrected()) == 1
