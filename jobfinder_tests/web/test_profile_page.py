"""The page Profile: wishes written into the person's file, errors at their fields, people, and words from a CV."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from jobfinder_assets.background import AlreadyRunning
from jobfinder_assets.config import EXAMPLE_PROFILE, Home, Profile, load_settings
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.web.screens import profile
from jobfinder_assets.web.screens.profile import title_words

WRITTEN = """\
# mine
[profiles.ann]
roles = ["data_engineer"]
keywords = ["spark", "dbt"]  # streaming, too
pay_floor_usd = 60_000
"""
CV = "Ann Lee. Data engineer: Python, Kafka, spark and Snowflake. Fraud detection at a bank; team lead."


@pytest.fixture
def file(home: Home) -> Path:
    path = home.root / "jobfinder.toml"
    path.write_text(WRITTEN, encoding="utf-8")
    return path


def ann() -> Profile:
    return load_settings().profiles["ann"]


def opened(**state: Any) -> AppTest:
    def script() -> None:
        from jobfinder_assets.web.screens import profile

        profile.page()

    app = AppTest.from_function(script, default_timeout=30)
    for key, value in state.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


def words(app: AppTest) -> str:
    elements: Sequence[Any] = [*app.text, *app.caption, *app.info, *app.error, *app.success, *app.warning]
    return "\n".join(str(element.value) for element in elements)


def save(app: AppTest) -> str:
    app.button(key="save_wishes").click().run()
    assert not app.exception
    return words(app)


def test_every_wish_has_a_field_and_nothing_is_written_without_a_change(file: Path) -> None:
    app = opened()
    fields = [*app.multiselect, *app.text_area, *app.selectbox, *app.number_input, *app.text_input]
    assert {f"wish-{key}-ann" for key in Profile.model_fields} <= {str(field.key) for field in fields}
    assert app.text_area(key="wish-keywords-ann").value == "spark\ndbt"
    assert "Nothing was different" in save(app)
    assert file.read_text(encoding="utf-8") == WRITTEN


def test_wishes_are_saved_and_the_rest_of_the_file_stays(file: Path) -> None:
    app = opened()
    app.multiselect(key="wish-roles-ann").set_value(["ml_engineer", "data_engineer"])
    app.text_area(key="wish-places-ann").set_value("Berlin, Remote\n\nEurope\nBerlin")
    app.text_area(key="wish-searches-ann").set_value(' "data  engineer", senior \nrust')
    app.text_area(key="wish-blocked_companies-ann").set_value("Foo, Inc.\nBar")
    app.text_area(key="wish-blocked_words-ann").set_value("clearance")
    app.selectbox(key="wish-country-ann").set_value("DE")
    app.number_input(key="wish-pay_floor_usd-ann").set_value(70_000)
    app.selectbox(key="wish-remote-ann").set_value("only")
    app.number_input(key="wish-recommendations-ann").set_value(50)
    app.number_input(key="wish-per_company-ann").set_value(1)
    app.text_input(key="wish-email-ann").set_value(" ann@mail.example ")
    app.text_area(key="wish-examples-ann").set_value("0123456789abcdef\nhttps://jobs.example/a,b\n")
    app.text_input(key="wish-cv-ann").set_value(" cv.txt")
    assert f"Saved in {file}" in save(app)
    expected = {
        "roles": ("ml_engineer", "data_engineer"), "keywords": ("spark", "dbt"),
        "places": ("Berlin", "Remote", "Europe"), "searches": ('"data engineer", senior', "rust"),
        "blocked_companies": ("Foo, Inc.", "Bar"),
        "blocked_words": ("clearance",), "country": "DE", "pay_floor_usd": 70_000, "remote": "only",
        "recommendations": 50, "per_company": 1, "email": "ann@mail.example", "cv": "cv.txt",
        "examples": ("0123456789abcdef", "https://jobs.example/a,b"),
    }  # fmt: skip
    assert ann().model_dump() == expected
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# mine\n") and 'keywords = ["spark", "dbt"]  # streaming, too' in text


@pytest.mark.parametrize(
    ("key", "value"), [("pay_floor_usd", -1), ("recommendations", 0), ("recommendations", 20_000), ("per_company", 0)]
)
def test_a_wrong_value_is_told_under_its_field(file: Path, key: str, value: int) -> None:
    app = opened()
    field = app.number_input(key=f"wish-{key}-ann")
    field.set_value(value)
    assert f"{key}: input should be" in save(app) and f"not {value}" in words(app)
    assert file.read_text(encoding="utf-8") == WRITTEN
    order = numbers_and_errors(app.main)
    assert order[order.index(f"wish-{key}-ann") + 1] == "error"
    app.number_input(key=f"wish-{key}-ann").set_value(1)
    assert "not saved" not in save(app)


def numbers_and_errors(block: Any) -> list[str]:
    """Keys of the number fields, and "error" for each error, as they stand on the page."""
    found: list[str] = []
    for child in block.children.values():
        if hasattr(child, "children"):
            found += numbers_and_errors(child)
        elif child.type in ("number_input", "error"):
            found.append(child.key if child.type == "number_input" else "error")
    return found


def test_an_emptied_number_is_the_default(file: Path) -> None:
    app = opened()
    app.number_input(key="wish-pay_floor_usd-ann").set_value(None)
    save(app)
    assert ann().pay_floor_usd == 0


def test_the_list_is_ranked_anew(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Sequence[str]] = []
    monkeypatch.setattr(profile, "start", lambda home, arguments: asked.append(arguments))
    opened().button(key="rank_anew").click().run()
    assert asked == [["train", "--profile", "ann", "--plain"]]

    def refuse(home: Home, arguments: Sequence[str]) -> None:
        raise AlreadyRunning("`jobfinder run` is still running")

    monkeypatch.setattr(profile, "start", refuse)
    app = opened()
    app.button(key="rank_anew").click().run()
    assert "still running" in words(app)


def create(name: str) -> AppTest:
    app = opened()
    app.text_input(key="new_profile").set_value(name)
    app.button(key="create_profile").click().run()
    assert not app.exception
    return app


def test_a_profile_is_created_and_chosen(file: Path) -> None:
    app = create("ben")
    assert set(load_settings().profiles) == {"ann", "ben"} and "What ben looks for" in words(app)
    assert app.text_area(key="wish-keywords-ben").value == ""
    app.text_area(key="wish-keywords-ben").set_value("sql")
    save(app)
    profiles = load_settings().profiles
    assert profiles["ben"].keywords == ("sql",) and profiles["ann"].keywords == ("spark", "dbt")


def test_the_profile_of_the_defaults_stays_when_another_is_created(home: Home) -> None:
    create("ben")
    assert load_settings(home.root / "jobfinder.toml").profiles == {"example": EXAMPLE_PROFILE, "ben": Profile()}


@pytest.mark.parametrize(
    ("name", "told"), [("Ann Lee", "Ann Lee"), ("ann", "there is a profile 'ann' already"), ("", "''")]
)
def test_a_name_that_is_not_allowed_is_told_under_its_field(file: Path, name: str, told: str) -> None:
    app = create(name)
    assert "not saved" in words(app) and told in words(app) and set(load_settings().profiles) == {"ann"}


def test_a_profile_is_deleted_after_a_confirmation(file: Path) -> None:
    assert not [button for button in opened().button if "sure" in button.label], "the last one stays"
    create("ben")
    app = opened(profile="ben")
    app.button(key="delete-ben-sure").click().run()
    assert set(load_settings().profiles) == {"ann"} and file.read_text(encoding="utf-8").startswith(WRITTEN)
    assert "What ann looks for" in words(app) and "ben is taken out" in words(app)


def test_a_profile_that_stands_in_no_file_cannot_be_deleted(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBFINDER_PROFILES__BEN__KEYWORDS", '["sql"]')
    monkeypatch.setenv("JOBFINDER_PROFILES__ANN__KEYWORDS", '["spark"]')
    app = opened(profile="ben")
    app.button(key="delete-ben-sure").click().run()
    assert "stands in no settings file" in words(app)


@pytest.mark.parametrize("way", ["pasted", "uploaded"])
def test_chosen_words_of_a_cv_are_added_and_nothing_else_is_kept(file: Path, home: Home, way: str) -> None:
    app = opened()
    assert "nothing of it is stored but the words that you choose" in words(app)
    if way == "pasted":
        app.text_area(key="cv_text_0").set_value(CV).run()
    else:
        app.file_uploader(key="cv_file_0").set_value(("cv.md", CV.encode(), "text/markdown")).run()
    assert app.pills(key="cv_skills_0").options == [
        "Python",
        "Kafka",
        "Snowflake",
        "Fraud detection",
    ], "spark is there already"
    assert app.button(key="cv_add").disabled, "nothing is chosen for the person"
    app.pills(key="cv_skills_0").set_value(["Kafka", "Snowflake"]).run()
    app.button(key="cv_add").click().run()
    assert ann().keywords == ("spark", "dbt", "Kafka", "Snowflake")
    assert app.text_area(key="wish-keywords-ann").value == "spark\ndbt\nKafka\nSnowflake"
    assert app.text_area(key="cv_text_1").value == "" and not app.pills
    kept = [path for path in home.root.rglob("*") if path.is_file() and b"Ann Lee" in path.read_bytes()]
    assert kept == []


def test_a_cv_without_a_new_word_says_so(file: Path) -> None:
    app = opened()
    app.text_area(key="cv_text_0").set_value("Spark, spark and dbt.").run()
    assert "no skill that is not among your words already" in words(app) and not app.pills


def test_words_of_a_cv_that_tell_jobs_apart(file: Path, lake: Lake) -> None:
    titles = ["Data Engineer"] * 90 + ["Fraud Analyst"] * 4 + ["Risk & Fraud Lead"] * 2 + ["Snowflake Bank"] * 3
    lake.merge(
        "postings", pd.DataFrame({"posting_id": map(str, range(len(titles))), "title": titles, "source": "told"})
    )
    found = title_words(CV, {"snowflake"})
    assert found == ["bank"], "fraud is in too many of these, engineer in most, lead in too few"
    app = opened()
    app.text_area(key="cv_text_0").set_value(CV).run()
    assert app.pills(key="cv_words_0").options == ["bank"]
