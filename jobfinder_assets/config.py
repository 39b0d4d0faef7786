"""Typed settings: `jobfinder.toml`, overridden by `JOBFINDER_*` environment variables.

The file is looked for in `$JOBFINDER_CONFIG`, the working folder, then `$JOBFINDER_HOME`; with
none, the defaults below hold (a test keeps them equal to the commented file of the repository).
A variable's name is the path of its key: `JOBFINDER_SOURCES__GREENHOUSE__ENABLED=false`.
"""

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

FILE_NAME = "jobfinder.toml"
PREFIX = "JOBFINDER_"
# Read outside the settings: where the home and the file are, and the tests' shared data.
RESERVED_VARIABLES = ("HOME", "CONFIG", "SHARED", "MAIL_PASSWORD", "DAGSTER_ADDRESS")

Role = Literal["data_engineer", "data_analyst", "ml_engineer", "data_scientist", "other"]
PROFILE_NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"
PROFILE_NAME_WORDS = "lower-case letters, digits, - and _, at most 64"
ProfileName = Annotated[str, Field(pattern=PROFILE_NAME)]


SectionModel = TypeVar("SectionModel", bound="Section")


class ConfigError(ValueError):
    """A setting is unknown or has a bad value; the message names the file, the key, and what is allowed."""


class Section(BaseModel):
    """A part of the settings: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Http(Section):
    """How live sources are asked: patiently, not too often, and never for ever."""

    offline: bool = False
    interval_minutes: Annotated[float, Field(ge=0, le=10_080)] = 60.0
    connect_timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0
    read_timeout_seconds: Annotated[float, Field(gt=0, le=120)] = 30.0
    total_timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 60.0
    retries: Annotated[int, Field(ge=0, le=5)] = 2
    connections: Annotated[int, Field(ge=1, le=64)] = 8
    max_retry_after_seconds: Annotated[float, Field(ge=0, le=600)] = 20.0
    max_response_megabytes: Annotated[int, Field(ge=1, le=512)] = 64
    user_agent: str = "jobfinder/0.1 (personal job search; one user)"


class Training(Section):
    """How the preference model is tuned and judged."""

    trials: Annotated[int, Field(ge=1, le=1000)] = 25
    outer_folds: Annotated[int, Field(ge=2, le=10)] = 5
    seed: int = 0
    minimum_labels: Annotated[int, Field(ge=10)] = 30
    minimum_per_class: Annotated[int, Field(ge=2)] = 5


class Encoder(Section):
    """The optional transformer: where its weights are, what it runs on, and what it makes of postings."""

    weights: str = ""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    words: Annotated[int, Field(ge=0, le=20_000)] = 1000
    vectors: Literal["static", "transformer", "none"] = "static"
    most_per_run: Annotated[int, Field(ge=1)] = 2000


class Compute(Section):
    """Where batches are mapped: joblib's backend and how many workers (-1: every core)."""

    backend: Literal["sequential", "loky", "threading", "dask", "ray"] = "loky"
    workers: int = -1
    batch_rows: Annotated[int, Field(ge=100, le=100_000)] = 4000


class Checks(Section):
    """What stops a run. A share of 1 accepts any loss, for a run after rows were taken out on purpose."""

    largest_drop: Annotated[float, Field(gt=0, le=1)] = 0.5


class Refresh(Section):
    """When the schedules run (cron, in the given time zone): everything, and between times the feeds alone."""

    cron: str = "30 6 * * *"
    feeds_cron: str = "30 10,14,18 * * *"
    timezone: str = "UTC"


class Mail(Section):
    """Where news is sent from; no host: nothing is sent. The password is in JOBFINDER_MAIL_PASSWORD."""

    host: str = ""
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    starttls: bool = True
    user: str = ""
    sender: str = ""


class Profile(Section):
    """What one person looks for. Words are matched case-insensitively; empty means no wish."""

    roles: tuple[Role, ...] = ()
    keywords: tuple[str, ...] = ()
    blocked_words: tuple[str, ...] = ()
    blocked_companies: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    country: str = ""
    pay_floor_usd: Annotated[float, Field(ge=0)] = 0
    remote: Literal["any", "preferred", "only", "no"] = "any"
    searches: tuple[str, ...] = ()
    # Postings like those wanted, by id or URL, and a CV as a text file: they rank before there are labels.
    examples: tuple[str, ...] = ()
    cv: str = ""
    recommendations: Annotated[int, Field(ge=1, le=10_000)] = 200
    per_company: Annotated[int, Field(ge=1)] = 3
    email: str = ""


EXAMPLE_PROFILE = Profile(
    roles=("data_engineer", "ml_engineer"),
    keywords=("python", "spark", "airflow", "dbt", "streaming"),
    places=("Berlin", "Remote"),
    pay_floor_usd=60_000,
    remote="preferred",
    searches=("data engineer", "analytics engineer"),
)


class Settings(Section):
    """Everything a user may set. `home` comes from `JOBFINDER_HOME`."""

    # Each source's own module types its section: `section("sources.NAME", model)`.
    sources: dict[str, dict[str, Any]] = {}
    http: Http = Http()
    training: Training = Training()
    encoder: Encoder = Encoder()
    compute: Compute = Compute()
    checks: Checks = Checks()
    refresh: Refresh = Refresh()
    mail: Mail = Mail()
    profiles: dict[ProfileName, Profile] = {"example": EXAMPLE_PROFILE}
    lake_uri: str = ""
    mlflow_uri: str = ""

    _where: str = PrivateAttr(default="defaults")
    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def home(self) -> "Home":
        return Home.default()

    def source_section(self, name: str, model: type[SectionModel]) -> SectionModel:
        """The settings of source `name`, typed by the source's own model."""
        try:
            return model.model_validate(self.sources.get(name, {}))
        except ValidationError as error:
            raise _config_error(error, self._where, self._origins, model=model, under=("sources", name)) from error

    def unknown_source(self, name: str, known: Iterable[str]) -> ConfigError:
        """The error for a section of `[sources]` that no source answers to."""
        origin = _origin(f"sources.{name}", self._origins, self._where)
        return ConfigError(f"{origin}: unknown source {name!r}; sources: {', '.join(sorted(known))}")

    @property
    def lake_location(self) -> str:
        return self.lake_uri or str(self.home.lake)

    @property
    def mlflow_location(self) -> str:
        return self.mlflow_uri or f"sqlite:///{self.home.mlflow / 'mlflow.db'}"


@dataclass(frozen=True)
class Home:
    """The folders under `JOBFINDER_HOME`: everything of the user's that jobfinder keeps."""

    root: Path

    @classmethod
    def default(cls) -> "Home":
        value = os.environ.get(f"{PREFIX}HOME", "").strip()
        return cls(Path(value).expanduser().absolute() if value else Path.home() / ".jobfinder")

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def inbox(self) -> Path:
        return self.root / "labels" / "inbox"

    @property
    def consumed(self) -> Path:
        return self.root / "labels" / "consumed"

    @property
    def quarantine(self) -> Path:
        return self.root / "labels" / "quarantine"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def mlflow(self) -> Path:
        return self.root / "mlflow"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def search(self) -> Path:
        return self.root / "search.sqlite"

    @property
    def digests(self) -> Path:
        return self.root / "digests"

    def create(self) -> "Home":
        for folder in (
            self.lake, self.inbox, self.consumed, self.quarantine, self.models, self.mlflow, self.dagster, self.digests,
        ):  # fmt: skip
            folder.mkdir(parents=True, exist_ok=True)
        return self


def find_file() -> Path | None:
    """The configuration file in force, or None when the defaults hold."""
    named = os.environ.get(f"{PREFIX}CONFIG", "").strip()
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise ConfigError(f"JOBFINDER_CONFIG names {path}, which is not a file; name a jobfinder.toml or unset it")
        return path
    for candidate in (Path.cwd() / FILE_NAME, Home.default().root / FILE_NAME):
        if candidate.is_file():
            return candidate
    return None


def load_settings(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings in force.

    Raises
    ------
    ConfigError
        When a key is unknown or a value is not allowed; the message names file or variable, key,
        and what is allowed.
    """
    path = path or find_file()
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: not valid TOML: {error}") from error
    origins = _overlay(values, os.environ if environ is None else environ)
    where = str(path) if path is not None else "defaults"
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise _config_error(error, where, origins, model=Settings) from error
    settings._where, settings._origins = where, origins
    return settings


def _overlay(values: dict[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Write the environment's settings into `values`; returns the variable behind each dotted key."""
    origins: dict[str, str] = {}
    for variable, text in environ.items():
        name = variable.removeprefix(PREFIX)
        if name == variable or name in RESERVED_VARIABLES:
            continue
        parts = name.lower().split("__")
        target = values
        for part in parts[:-1]:
            child = target.setdefault(part, {})
            if not isinstance(child, dict):
                raise ConfigError(f"{variable}: {'.'.join(parts[:-1])} is a value, not a section")
            target = child
        target[parts[-1]] = _value(text)
        origins[".".join(parts)] = variable
    return origins


def _value(text: str) -> Any:
    """A variable's text as a TOML value (`3`, `true`, `["a", "b"]`), else as the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _config_error(
    error: ValidationError,
    where: str,
    origins: Mapping[str, str],
    *,
    model: type[BaseModel],
    under: tuple[str, ...] = (),
) -> ConfigError:
    lines = []
    for problem in error.errors():
        location = [str(part) for part in problem["loc"]]
        key = ".".join([*under, *location])
        origin = _origin(key, origins, where)
        if problem["type"] == "extra_forbidden":
            allowed = _allowed_keys(model, location[:-1])
            lines.append(f"{origin}: unknown key {key!r}; allowed here: {', '.join(allowed)}")
        else:
            lines.append(f"{origin}: {key!r}: {problem['msg'].lower()}, not {problem['input']!r}")
    return ConfigError("\n".join(lines))


def _origin(key: str, origins: Mapping[str, str], where: str) -> str:
    """The variable that set `key`, else the file."""
    return next(
        (variable for dotted, variable in origins.items() if key == dotted or key.startswith(f"{dotted}.")), where
    )


def _allowed_keys(model: Any, location: list[str]) -> list[str]:
    for part in location:
        if part in getattr(model, "model_fields", {}):
            annotation = model.model_fields[part].annotation
            candidates = (annotation, *getattr(annotation, "__args__", ()))
            models = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
            model = models[0] if models else annotation
    return sorted(getattr(model, "model_fields", {}))
