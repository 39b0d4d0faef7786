"""The `jobfinder` command. Exit status: 0 done, 1 the work failed, 2 the command or a setting is wrong."""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console

from jobfinder_assets.config import ConfigError, Settings, find_file, load_settings

# In a file or a pipe tables are wide enough to be read; on a terminal they follow its width.
# No markup, no names of pictures: titles, messages and file names are shown as they are.
console = Console(width=None if sys.stdout.isatty() else 130, markup=False, emoji=False)
errors = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)

_COUNT = click.IntRange(min=1)
_PORT = click.IntRange(1, 65535)


def _settings() -> Settings:
    try:
        return load_settings()
    except ConfigError as error:
        _fail(str(error), status=2)


def _fail(message: str, *, status: int = 1) -> NoReturn:
    errors.print(f"jobfinder: {message}", style="red")
    sys.exit(status)


class _Main(click.Group):
    """The commands of the room `export` are loaded when they are asked for: their libraries take a second."""

    later = ("consent", "erase", "export", "import")

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *self.later])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.later:
            return super().get_command(ctx, cmd_name)
        from jobfinder_assets.export import commands

        return commands.COMMANDS[cmd_name]


@click.group(cls=_Main, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="jobfinder")
def main() -> None:
    """Find the jobs worth your time: pull postings, clean them, tell the roles apart, learn your taste.

    Settings are read from jobfinder.toml (here or in $JOBFINDER_HOME) and JOBFINDER_* variables.
    """


@main.command()
@click.option("--top", type=_COUNT, default=10, show_default=True, help="How many recommendations to print.")
@click.option("--plain", is_flag=True, help="No live progress display.")
def run(top: int, plain: bool) -> None:
    """Materialize every asset, from the sources to the recommendations, and print the results."""
    settings = _settings()
    from jobfinder_assets import console as show
    from jobfinder_assets.launch import materialize_everything, prepare_environment

    home = prepare_environment(settings)
    console.print(f"home {home.root} · settings {find_file() or 'defaults'}", highlight=False, soft_wrap=True)
    try:
        outcome = materialize_everything(settings, console, live=not plain)
    except ConfigError as error:
        _fail(str(error), status=2)
    show.run_summary(console, settings, top=top)
    if not outcome.success:
        for failure in outcome.failures:
            errors.print(f"failed: {failure}", style="red")
        _fail("the run did not finish; what was stored before stays, and the next run goes on from there")
    show.where_next(console, settings)


@main.command()
@click.option("--query", default="", help="What to search for; without it every source is refreshed.")
@click.option("--location", default="", help="Where: a city, a region, a country, or Remote.")
@click.option("--top", type=_COUNT, default=20, show_default=True, help="How many jobs to print.")
@click.option("--plain", is_flag=True, help="No live progress display.")
def fetch(query: str, location: str, top: int, plain: bool) -> None:
    """Fetch now: sources that can search are asked for the query, the others are read, and what fits is printed."""
    settings = _settings()
    from jobfinder_assets import console as show
    from jobfinder_assets.launch import materialize_everything, prepare_environment

    prepare_environment(settings)
    try:
        outcome = materialize_everything(settings, console, live=not plain, query=query, location=location)
    except ConfigError as error:
        _fail(str(error), status=2)
    for failure in () if outcome.success else outcome.failures:
        errors.print(f"failed: {failure}", style="red")
    show.found(console, settings, query, location=location, top=top)
    if not outcome.success:
        _fail("not everything could be fetched; what was stored before stays")


@main.command()
@click.argument("query", nargs=-1)
@click.option("--location", default="", help="Where: a city, a region, a country, or Remote.")
@click.option("--top", type=_COUNT, default=20, show_default=True, help="How many jobs to print.")
def search(query: tuple[str, ...], location: str, top: int) -> None:
    """Search everything kept: words, "a phrase", -without; without words the newest.

    A word to leave out begins like an option: write -- before the words.

    \b
        jobfinder search -- data -python
        jobfinder search --location Berlin -- '"data engineer" -senior'
    """
    settings = _settings()
    from jobfinder_assets import console as show

    show.found(console, settings, " ".join(query), location=location, top=top)


@main.command()
@click.option("--profile", default=None, help="Whose model; default: the first profile.")
@click.option("--plain", is_flag=True, help="No live progress display.")
def train(profile: str | None, plain: bool) -> None:
    """Consume waiting labels, train and judge the model, and rank anew; nothing is fetched."""
    settings = _settings()
    from jobfinder_assets import console as show
    from jobfinder_assets.launch import materialize_learning, prepare_environment

    name = profile or next(iter(settings.profiles), "example")
    if profile and profile not in (known := _known_profiles(settings)):
        _fail(f"nothing is known of a profile {profile!r}; profiles: {', '.join(sorted(known)) or 'none'}", status=2)
    prepare_environment(settings)
    outcome = materialize_learning(settings, console, name, live=not plain)
    for failure in () if outcome.success else outcome.failures:
        errors.print(f"failed: {failure}", style="red")
    if not outcome.success:
        _fail("the training did not finish; the model before stays in force")
    show.scoreboard(console, settings, name)
    show.quarantined(console, settings)


def _known_profiles(settings: Settings) -> set[str]:
    """Who is in the settings, has labels, or is named by a label file that waits."""
    from jobfinder_assets.labels.files import scan_inbox
    from jobfinder_assets.labels.sensor import profiles_in
    from jobfinder_assets.storage.lake import Lake

    now = datetime.now(UTC)
    labelled = Lake(settings.lake_location).read("label_events", ["profile"])["profile"]
    return {*settings.profiles, *labelled, *profiles_in(scan_inbox(settings.home, now=now), now=now)}


@main.command()
@click.argument("version", required=False)
@click.option("--profile", default=None, help="Whose model; default: the first profile.")
def rollback(version: str | None, profile: str | None) -> None:
    """Put an earlier model VERSION in force and rank your list by it.

    Without a VERSION: the latest one before that can still rank. Without any to go back to, they are listed.
    """
    settings = _settings()
    from jobfinder_assets.training import registry
    from jobfinder_assets.training.features import load_encoder

    name = profile or next(iter(settings.profiles), "example")
    known, current = registry.versions(settings, name), registry.champion(settings, name)
    in_force = current.version if current else ""
    encoder = load_encoder(settings.home)
    encoder_version = encoder.version if encoder else ""

    def can_rank(each: str) -> bool:
        return not registry.why_unusable(registry.read_version(settings, name, each), encoder_version)

    earlier = [each for each in reversed(known) if not in_force or int(each) < int(in_force)]
    wanted = version or next(filter(can_rank, earlier), None)
    if wanted is None or wanted not in known:
        told = {each: "" if can_rank(each) else " (cannot rank now)" for each in known} | {in_force: " (in force)"}
        listed = ", ".join(f"{each}{told[each]}" for each in known) or "none"
        _fail(f"no model {wanted or 'before this one'} of profile {name!r}; there are: {listed}", status=2)
    try:
        registry.promote(settings, name, wanted)
    except registry.UnusableVersion as error:
        _fail(str(error), status=2)
    ranked = _rank_anew(settings, name)
    console.print(f"model {wanted} of {name} is in force; {ranked}", soft_wrap=True, highlight=False)


def _rank_anew(settings: Settings, profile: str) -> str:
    """Rank the profile's list by what is in force now, and say so."""
    from jobfinder_assets.recommendations.recommender import refresh
    from jobfinder_assets.storage.lake import Lake

    listed = refresh(Lake(settings.lake_location), settings, profile, now=datetime.now(UTC)).recommendations
    return f"the list of {len(listed):,} jobs is ranked by it (`jobfinder recommend --profile {profile}`)"


@main.command()
@click.option("--port", type=_PORT, default=8501, show_default=True)
def app(port: int) -> None:
    """Open the app on localhost: recommendations, labels, search, model, sources."""
    settings = _settings()
    from jobfinder_assets.launch import LaunchError, open_app

    try:
        sys.exit(open_app(settings, console, port=port))
    except LaunchError as error:
        _fail(str(error))


@main.command()
@click.option("--app-port", type=_PORT, default=8501, show_default=True)
@click.option("--dagster-port", type=_PORT, default=3000, show_default=True)
@click.option("--mlflow-port", type=_PORT, default=5000, show_default=True)
def serve(app_port: int, dagster_port: int, mlflow_port: int) -> None:
    """Open the app, Dagster's UI with its daemon, and MLflow's UI on localhost; Ctrl-C stops all."""
    settings = _settings()
    from jobfinder_assets.launch import LaunchError
    from jobfinder_assets.launch import serve as serve_all

    try:
        ports = {"app_port": app_port, "dagster_port": dagster_port, "mlflow_port": mlflow_port}
        sys.exit(serve_all(settings, console, **ports))
    except LaunchError as error:
        _fail(str(error))


@main.command()
def status() -> None:
    """What is in the lake: tables, rows in = kept + rejected by source and rule, labels, models."""
    settings = _settings()
    from jobfinder_assets import console as show

    show.status(console, settings)


@main.command()
@click.option("--rule", default=None, help="Only what this rule threw out.")
@click.option("--source", default=None, help="Only this source's.")
@click.option("--top", type=_COUNT, default=20, show_default=True, help="How many rows.")
def rejected(rule: str | None, source: str | None, top: int) -> None:
    """What cleaning threw out, each row with its rule and the evidence."""
    settings = _settings()
    from jobfinder_assets import console as show

    show.rejected(console, settings, rule=rule, source=source, top=top)


@main.command()
@click.argument("posting", nargs=-1, required=True)
@click.option("--undo", is_flag=True, help="Let the rules hold again for a restored POSTING.")
def restore(posting: tuple[str, ...], undo: bool) -> None:
    """Keep a rejected POSTING (its id, from `jobfinder rejected`) whatever rule it broke."""
    settings = _settings()
    from jobfinder_assets.cleaning.clean import RestoreError, clean_pending, utc_now
    from jobfinder_assets.cleaning.clean import restore as remember
    from jobfinder_assets.storage.lake import Lake

    lake = Lake(settings.lake_location)
    try:
        remember(lake, posting, now=utc_now(), undo=undo)
    except RestoreError as error:
        _fail(f"{error}; `jobfinder rejected` lists what can be restored", status=2)
    clean_pending(lake, settings, now=utc_now())
    outcome = "back under the rules" if undo else "kept from now on"
    console.print(f"{len(set(posting))} {outcome}; `jobfinder run` takes it from there")


@main.group(invoke_without_command=True)
@click.pass_context
def sources(context: click.Context) -> None:
    """Each source's boards: health at the last fetch, rows, and what to do; or add and leave out boards."""
    if context.invoked_subcommand is not None:
        return
    settings = _settings()
    from jobfinder_assets import console as show
    from jobfinder_assets.ingestion.boards import BoardsError

    try:
        show.sources(console, settings)
    except (ConfigError, BoardsError) as error:
        _fail(str(error), status=2)


@sources.command("add")
@click.argument("url")
@click.option("--company", default="", help="The employer's name, for your own list.")
@click.option("--unchecked", is_flag=True, help="Add it without reading it, for example without network.")
def sources_add(url: str, company: str, unchecked: bool) -> None:
    """Read the employer's jobs at URL from now on: a board's address, a careers page, or an RSS feed."""
    settings = _settings()
    from jobfinder_assets.ingestion.boards import BoardsError, keep_board
    from jobfinder_assets.ingestion.contract import SourceError
    from jobfinder_assets.ingestion.recognise import UnknownSystem, look, recognise

    try:
        board = replace(recognise(url, settings, read=not unchecked), company=company)
        sighted = None if unchecked else look(board, settings)
        path = keep_board(settings.home, board)
    except (UnknownSystem, BoardsError) as error:
        _fail(str(error), status=2)
    except SourceError as error:
        remedy = "" if unchecked else " (--unchecked adds it all the same)"
        _fail(f"{error}; nothing was added{remedy}")
    if sighted is not None:
        console.print(f"{sighted.postings:,} postings, such as: {'; '.join(sighted.titles)}", highlight=False)
    console.print(f"{board.source} board {board.board!r} is in {path}", highlight=False, soft_wrap=True)
    console.print("`jobfinder fetch`, `jobfinder run` or the schedule reads it")


@sources.command("remove")
@click.argument("source")
@click.argument("board")
def sources_remove(source: str, board: str) -> None:
    """Leave out a BOARD of SOURCE from now on; what is stored of it stays."""
    settings = _settings()
    from jobfinder_assets.ingestion.boards import Board, BoardsError, keep_board
    from jobfinder_assets.ingestion.catalog import build_sources

    try:
        found = build_sources(settings).get(source)
        if found is None or board not in found.boards():
            _fail(f"no board {board!r} of {source!r} is read; `jobfinder sources` lists them", status=2)
        path = keep_board(settings.home, Board(source, board, read=False))
    except BoardsError as error:
        _fail(str(error), status=2)
    console.print(f"{source} board {board!r} is left out by {path}", highlight=False, soft_wrap=True)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--roles", is_flag=True, help="FILE corrects what postings are: posting, role[, profile, time].")
def label(file: Path, roles: bool) -> None:
    """Check a label FILE (CSV or JSONL: profile, posting, label[, role, reason, time]) and hand it to the inbox.

    It is read as it will be when it is taken in: bad rows are told with their lines, and the others count all the same.
    """
    settings = _settings()
    from jobfinder_assets.labels.events import PostingIndex
    from jobfinder_assets.labels.files import LabelFileError, check, drop, told
    from jobfinder_assets.storage.lake import Lake

    home, lake = settings.home.create(), Lake(settings.lake_location)
    # Before the first fetch no posting is known: the run that takes the file in fetches first.
    fetched = lake.count("postings") > 0
    try:
        rows = check(file, roles=roles, find=PostingIndex(lake).resolve if fetched else None)
        dropped = drop(file, home, roles=roles)
    except LabelFileError as error:
        _fail(str(error), status=2)
    console.print(f"dropped {dropped.name} into {dropped.parent}", highlight=False, soft_wrap=True)
    count = len(rows.labels) + len(rows.bad)
    console.print(f"rows that can be used: {len(rows.labels):,} of {count:,}", highlight=False)
    if rows.bad:
        where = f"the bad ones go to {home.quarantine}, to be mended and handed over again"
        console.print(f"{told(rows.bad)}\n{where}", highlight=False, soft_wrap=True)
    if not fetched:
        console.print("no jobs are stored yet: whether there are those that it names shows when it is taken in")
    console.print("`jobfinder run`, or the sensor of `jobfinder serve`, takes it from there")


@main.command()
@click.option("--profile", default=None, help="Whose list; default: the first profile.")
@click.option("--top", type=_COUNT, default=20, show_default=True, help="How many rows.")
def recommend(profile: str | None, top: int) -> None:
    """Print the latest recommendations with their reasons."""
    settings = _settings()
    from jobfinder_assets import console as show

    name = profile or next(iter(settings.profiles), "")
    if not show.recommendations(console, settings, name, top=top):
        known = ", ".join(settings.profiles)
        _fail(f"no recommendations for profile {name!r} yet: run `jobfinder run`; profiles: {known}")


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("name", required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(name: str | None, arguments: tuple[str, ...]) -> None:
    """Run a benchmark of the repository's benchmarks/ folder by NAME; without a name, list them."""
    import subprocess

    folder = Path(__file__).resolve().parent.parent / "benchmarks"
    found = {file.stem: file for file in sorted(folder.glob("[a-z]*.py"))}
    if name is None:
        for stem, file in found.items():
            console.print(f"{stem:<12} {file.read_text(encoding='utf-8').split(chr(34) * 3)[1].splitlines()[0]}")
        return
    if name not in found:
        _fail(f"no benchmark {name!r}; there are: {', '.join(found) or 'none, outside a checkout'}", status=2)
    sys.exit(subprocess.run([sys.executable, str(found[name]), *arguments], check=False).returncode)


@main.group()
def encoder() -> None:
    """The optional transformer (pip install "jobfinder[encoder]"): labels out, a fine-tuned model back."""


@encoder.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--profile", default=None, help="Whose labels; default: the first profile.")
def encoder_export(file: Path | None, profile: str | None) -> None:
    """Write texts, labels and folds into one FILE for notebooks/03_finetune_on_gpu.ipynb. It holds your labels."""
    settings = _settings()
    from jobfinder_assets.storage.lake import Lake
    from jobfinder_assets.training.challenger import ChallengerError, export_bundle

    name = profile or next(iter(settings.profiles), "example")
    path = file or Path(f"jobfinder-{name}-training.zip")
    try:
        written = export_bundle(settings, Lake(settings.lake_location), name, path)
    except ChallengerError as error:
        _fail(str(error))
    size = written.stat().st_size / 1e6
    console.print(
        f"{written} ({size:.1f} MB): train on it here (`jobfinder encoder train`) or on a GPU", soft_wrap=True
    )


@encoder.command("train")
@click.argument("bundle", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--repeats", type=_COUNT, default=1, show_default=True, help="Repeats of the folds to measure on.")
@click.option("--strategies", is_flag=True, help="Also compare what is done about a rare class (8 times as long).")
def encoder_train(bundle: Path, file: Path | None, repeats: int, strategies: bool) -> None:
    """Fine-tune on the training BUNDLE here, on a GPU if there is one, and write the model bundle to FILE."""
    settings = _settings()
    from jobfinder_assets.encoder import bundle as files
    from jobfinder_assets.encoder.finetune import STRATEGIES, Recipe
    from jobfinder_assets.encoder.weights import EncoderUnavailable, find_weights, require_extra

    try:
        require_extra()
        weights = find_weights(settings.encoder)
        training = files.read_training_bundle(bundle)
        path = file or Path(f"jobfinder-{training.facts['profile']}-model.zip")
        files.train_bundle(
            training, weights, path, recipe=Recipe(), strategies=STRATEGIES if strategies else None, repeats=repeats,
            device=settings.encoder.device, say=lambda text: console.print(text, highlight=False),
        )  # fmt: skip
    except (EncoderUnavailable, files.BundleError) as error:
        _fail(str(error))
    console.print(f"{path}: `jobfinder encoder import {path}` verifies it and logs it", soft_wrap=True, highlight=False)


@encoder.command("import")
@click.argument("bundle", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--profile", default=None, help="Whose model; default: the first profile.")
def encoder_import(bundle: Path, profile: str | None) -> None:
    """Verify a model BUNDLE and log it to MLflow; it is put in force if it is not worse than the model that is."""
    settings = _settings()
    from jobfinder_assets.encoder.bundle import BundleError
    from jobfinder_assets.encoder.weights import EncoderUnavailable, require_extra
    from jobfinder_assets.storage.lake import Lake
    from jobfinder_assets.training.challenger import ChallengerError, import_bundle

    name = profile or next(iter(settings.profiles), "example")
    try:
        require_extra()
        verdict = import_bundle(settings, Lake(settings.lake_location), bundle, profile=name)
    except (BundleError, ChallengerError, EncoderUnavailable) as error:
        _fail(f"not imported: {error}")
    console.print(f"{verdict}; version {verdict.version} in MLflow, alias challenger", soft_wrap=True, highlight=False)
    if verdict.promoted:
        told = f"{_rank_anew(settings, name)}; `jobfinder rollback --profile {name}` puts the model before it in force"
        console.print(told, soft_wrap=True, highlight=False)
