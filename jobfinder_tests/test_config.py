"""Settings: the commented file states the defaults, variables override it, and mistakes are named."""

from pathlib import Path

import pytest

from jobfinder_assets.config import ConfigError, Home, Settings, load_settings
from jobfinder_assets.ingestion.catalog import build_sources, source_classes

REPOSITORY = Path(__file__).parent.parent


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "jobfinder.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_commented_file_states_the_defaults() -> None:
    shipped = load_settings(REPOSITORY / "jobfinder.toml", environ={})
    defaults = Settings()
    assert shipped.model_dump(exclude={"sources"}) == defaults.model_dump(exclude={"sources"})
    for name, source in source_classes().items():
        stated = shipped.source_section(name, source.settings_model)
        assert stated == defaults.source_section(name, source.settings_model), name
        assert name in shipped.sources, f"[sources.{name}] is missing from jobfinder.toml"


def test_variables_override_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "[training]\ntrials = 5\n")
    environ = {
        "JOBFINDER_TRAINING__TRIALS": "7",
        "JOBFINDER_SOURCES__GREENHOUSE__BOARDS": '["acme"]',
        "JOBFINDER_REFRESH__TIMEZONE": "Europe/Berlin",
        "JOBFINDER_SHARED": "ignored",
    }
    settings = load_settings(path, environ)
    assert settings.training.trials == 7
    assert settings.sources["greenhouse"]["boards"] == ["acme"]
    assert settings.refresh.timezone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[trainin]\ntrials = 5\n", ["unknown key 'trainin'", "allowed here: ", "training"]),
        ("[training]\ntrials = 0\n", ["'training.trials'", "greater than or equal to 1", "not 0"]),
        ("[training]\ntrails = 5\n", ["unknown key 'training.trails'", "minimum_labels"]),
        ('[profiles.me]\nremote = "sometimes"\n', ["'profiles.me.remote'", "'preferred'", "not 'sometimes'"]),
        ('[profiles."My Name"]\n', ["My Name", "match pattern"]),
        ("[training\n", ["not valid TOML"]),
    ],
)
def test_a_mistake_names_the_file_the_key_and_what_is_allowed(tmp_path: Path, text: str, words: list[str]) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_settings(path, {})
    for word in [str(path), *words]:
        assert word in str(caught.value)


def test_a_mistake_in_a_variable_names_the_variable() -> None:
    with pytest.raises(ConfigError, match=r"^JOBFINDER_HTTP__RETRIES: 'http.retries'.*not 99$"):
        load_settings(environ={"JOBFINDER_HTTP__RETRIES": "99"})
    with pytest.raises(ConfigError, match=r"^JOBFINDER_COLOUR: unknown key 'colour'"):
        load_settings(environ={"JOBFINDER_COLOUR": "red"})


def test_a_mistake_in_a_source_names_source_and_keys(tmp_path: Path) -> None:
    path = write(tmp_path, '[sources.greenhouse]\nbords = ["acme"]\n')
    with pytest.raises(ConfigError, match=r"unknown key 'sources.greenhouse.bords'; allowed here: .*boards"):
        build_sources(load_settings(path, {}))
    path = write(tmp_path, "[sources.grenhouse]\n")
    with pytest.raises(ConfigError, match=r"unknown source 'grenhouse'; sources: .*greenhouse"):
        build_sources(load_settings(path, {}))


def test_a_named_file_that_is_missing_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JOBFINDER_CONFIG", str(tmp_path / "nowhere.toml"))
    with pytest.raises(ConfigError, match=r"nowhere\.toml, which is not a file"):
        load_settings()


def test_the_home_comes_from_its_variable(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().lake_location == str(home.root / "lake")
    monkeypatch.delenv("JOBFINDER_HOME")
    assert Home.default().root == Path.home() / ".jobfinder"
