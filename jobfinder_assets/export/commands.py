"""`jobfinder export`, `import`, `erase` and `consent`.

Exit status: 0 done, 1 refused or not proven, 2 the command or a setting is wrong.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from jobfinder_assets.config import ConfigError, Settings, load_settings
from jobfinder_assets.export.columns import CHOICES
from jobfinder_assets.export.errors import ExportError, MissingExtra, Refusal
from jobfinder_assets.export.words import CATEGORIES
from jobfinder_assets.export.work import DEFAULT_K, LEAVE_OUT
from jobfinder_assets.storage.lake import Lake

Command = TypeVar("Command", bound=Callable[..., Any])
_DAY = click.DateTime(["%Y-%m-%d"])


@contextmanager
def _told() -> Iterator[tuple[Settings, Lake]]:
    """Settings and lake; what stops the work is said on one line, with the exit status that it has."""
    try:
        settings = load_settings()
        yield settings, Lake(settings.lake_location)
    except (ConfigError, ExportError) as error:
        _stop(str(error), status=2)
    except (Refusal, MissingExtra) as error:
        _stop(str(error), status=1)


def _stop(message: str, *, status: int) -> None:
    click.echo(f"jobfinder: {message}", err=True)
    sys.exit(status)


def _profile(command: Command) -> Command:
    return click.option("--profile", default=None, help="Whose; default: the first profile.")(command)


def _name(settings: Settings, profile: str | None) -> str:
    return profile or next(iter(settings.profiles), "example")


def _now() -> datetime:
    return datetime.now(UTC)


@click.group()
def export() -> None:
    """Hand your data over: `own` to yourself, whole and always; `product` to somebody else, only by your consent."""


@export.command("own")
@_profile
@click.option("--to", "folder", type=click.Path(path_type=Path), required=True, help="A new folder.")
def export_own_command(profile: str | None, folder: Path) -> None:
    """Write everything that you made and were shown: labels, reasons, wishes, searches, recommendations, consents.

    Parquet, CSV and JSON, with checksums; `jobfinder import own` brings it back.
    """
    with _told() as (settings, lake):
        from jobfinder_assets.export.own_data import export_own

        done = export_own(lake, settings, _name(settings, profile), folder, now=_now())
        for table, count in done.rows.items():
            click.echo(f"{table:<20} {count:>8,} rows")
        click.echo(
            f"label hash {done.label_hash}; {folder.absolute()} is personal data: keep it where only you can read it"
        )


@export.command("product")
@_profile
@click.option("--recipient", required=True, help="Who gets it, in full: the ledger keeps it.")
@click.option("--column", "columns", multiple=True, help="Only these of the columns that the consent names.")
@click.option("--k", default=DEFAULT_K, show_default=True, help="How many openings share what is said of one.")
@click.option("--leave-out", multiple=True, type=click.Choice(LEAVE_OUT), help="Leave out what else is refused.")
@click.option("--without", multiple=True, metavar="POSTING", help="A labelled posting to leave out.")
@click.option("--names-nobody", multiple=True, metavar="TEXT", help="A name, number or address that is nobody's.")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), default=None, help="A new folder; default: in the home."
)
def export_product(
    profile: str | None, recipient: str, columns: tuple[str, ...], k: int, leave_out: tuple[str, ...],
    without: tuple[str, ...], names_nobody: tuple[str, ...], folder: Path | None,
) -> None:  # fmt: skip
    """Make the data product for one recipient, if your live consent covers it; else say why not and write nothing."""
    with _told() as (settings, lake):
        from jobfinder_assets.export.package import make_package
        from jobfinder_assets.export.work import Request, leave_out_of

        request = Request(
            _name(settings, profile), recipient, columns, k, leave_out_of(leave_out), frozenset(without), names_nobody
        )
        done = make_package(lake, settings, request, now=_now(), folder=folder)
        click.echo(f"package {done.id}: {done.rows:,} rows, {len(done.columns)} columns, in {done.folder}")
        for reason, count in done.left_out.items():
            click.echo(f"  left out: {reason}: {count:,}")
        click.echo("Read PRIVACY_REPORT.json before you hand it over; the ledger counts it as handed over.")


@click.group("import")
def import_() -> None:
    """Bring your data back."""


@import_.command("own")
@click.argument("folder", type=click.Path(path_type=Path))
def import_own_command(folder: Path) -> None:
    """Bring back what `jobfinder export own` wrote into FOLDER: labels, wishes, recommendations, consents, the model.

    FOLDER may be a zip file, as the app hands it out.

    Every file is checked before anything is written; importing again changes nothing.
    """
    with _told() as (settings, lake):
        from jobfinder_assets.export.own_data import import_own

        settings.home.create()
        done = import_own(lake, settings, folder)
        for table, count in done.rows.items():
            click.echo(f"{table:<20} {count:>8,} rows")
        click.echo(f"profile {done.profile}: {done.comparison}")
        model = f"model {done.model} is fitted again and in force"
        click.echo(model if done.model else "`jobfinder run` trains the model, unless one is in force")


@click.command()
@click.option("--profile", default=None, help="Whose data; needed unless --everything.")
@click.option("--everything", is_flag=True, help="All profiles, the lake, every model and history.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--planted", default="", metavar="TOKEN", help="Also search for this token afterwards.")
@click.option("--force", is_flag=True, help="Even if Dagster thinks that a run is in progress.")
def erase(profile: str | None, everything: bool, yes: bool, planted: str, force: bool) -> None:
    """Remove a profile: labels, models, lists, histories, logs, packages; or everything.

    Corrections of roles that name no profile are everybody's: they go with the last profile.

    It lists what it removed, and searches every file for a token that it planted before, to prove it.
    """
    with _told() as (settings, lake):
        from jobfinder_assets.export.erase import erase_everything, erase_profile

        if bool(profile) == everything:
            raise ExportError("say whose data: --profile NAME, or --everything")
        what = "everything that jobfinder keeps" if everything else f"everything of profile {profile!r}"
        if not yes and not click.confirm(f"Remove {what} from {settings.home.root}? This cannot be undone"):
            click.echo("nothing was removed")
            return
        if everything:
            done = erase_everything(lake, settings, planted=planted, force=force)
        else:
            done = erase_profile(lake, settings, str(profile), planted=planted, force=force)
        click.echo("removed, the planted token's own rows and files among them:")
        for name, count in done.removed.items():
            click.echo(f"{count:>8,}  {name}")
        for note in done.notes:
            click.echo(f"note: {note}")
        _echo_notify(done.notify, "these hold packages of yours, and should delete them")
        click.echo("open pages of the app forget when the app is started again; what you exported elsewhere is yours")
        if done.traces:
            found = "\n  ".join(str(trace.path) for trace in done.traces)
            raise Refusal(f"not everything is gone: a planted token still stands in\n  {found}")
        click.echo(f"proof: the token {done.token}, planted in all of these places before, is in no file any more")


@click.group()
def consent() -> None:
    """Consent to the data product: give it, read what you gave, withdraw it. Without one nothing is ever made."""


@consent.command("give")
@_profile
@click.option("--purpose", required=True, help="What the data may be used for, in a sentence.")
@click.option("--buyer", default=None, help="Who may get it, by name.")
@click.option("--buyer-class", default=None, help="Or: the class of those who may get it.")
@click.option("--column", "columns", multiple=True, required=True, help=f"Each by its name: {', '.join(CHOICES)}.")
@click.option("--until", type=_DAY, required=True, help="The day on which it ends (UTC).")
@click.option("--price", default=0.0, help="What you get for it.")
@click.option("--currency", default="", help="The price's currency, such as EUR.")
@click.option("--special", multiple=True, help=f"Special words that may stay: {', '.join(CATEGORIES)}.")
@click.option(
    "--read", default="", metavar="HASH", help="The hash of the text that you have read, instead of the question."
)
def consent_give(
    profile: str | None, purpose: str, buyer: str | None, buyer_class: str | None, columns: tuple[str, ...],
    until: datetime, price: float, currency: str, special: tuple[str, ...], read: str,
) -> None:  # fmt: skip
    """Read what you would agree to, then say yes or not. Nothing is chosen for you: name each column yourself."""
    with _told() as (settings, lake):
        from jobfinder_assets.export import consent as consents

        if bool(buyer) == bool(buyer_class):
            raise ExportError("say who may get it: either --buyer NAME or --buyer-class CLASS")
        offer = consents.make_offer(
            profile=_name(settings, profile), purpose=purpose, buyer=buyer or buyer_class,
            buyer_is_class=bool(buyer_class), columns=columns, until=until.replace(tzinfo=UTC), price=price,
            currency=currency, special=special,
        )  # fmt: skip
        consents.require_to_come(offer, now=_now())
        text = consents.read_text(offer)
        digest = consents.text_hash(text)
        click.echo(f"{text}\nThe hash of this text is {digest}")
        if not read:
            answer = click.prompt("Type I agree to agree; anything else is a no", default="", show_default=False)
            if answer.strip().casefold() != "i agree":
                click.echo("nothing was agreed to")
                sys.exit(1)
        done = consents.give(lake, settings.home, offer, read=read or digest, now=_now())
        click.echo(f"consent {done.id} is noted; `jobfinder consent withdraw` ends it at any time")


@consent.command("show")
@_profile
def consent_show(profile: str | None) -> None:
    """Print every consent with its state and text hash, and the ledger of who received what."""
    with _told() as (settings, lake):
        from jobfinder_assets.export.consent import history
        from jobfinder_assets.export.package import kept_packages

        name, now = _name(settings, profile), _now()
        given = history(lake, name)
        for each in given:
            offer = each.offer
            price = f"{offer.price:,.2f} {offer.currency}" if offer.price else "no price"
            click.echo(
                f"{each.id}  {each.state(now)}  given {each.said_at:%Y-%m-%d %H:%M} UTC, until {offer.until:%Y-%m-%d}"
            )
            click.echo(
                f"  for: {offer.purpose}\n  to: {offer.buyer}{' (a class)' if offer.buyer_is_class else ''}; {price}"
            )
            click.echo(f"  columns: {', '.join(offer.columns)}\n  text {each.text_version}, SHA-256 {each.text_hash}")
        ledger = kept_packages(lake, name)
        ledger["ended"] = ledger["withdrawn_at"].dt.strftime(", consent withdrawn %Y-%m-%d").fillna("")
        for row in ledger.itertuples():
            click.echo(
                f"package {row.package_id}: {row.rows:,} rows to {row.recipient}, {row.made_at:%Y-%m-%d}{row.ended}"
            )
        if not given:
            click.echo(f"profile {name!r} has agreed to nothing")


@consent.command("withdraw")
@_profile
@click.option("--consent", "consent_id", default="", metavar="ID", help="Only this one; default: every one.")
def consent_withdraw(profile: str | None, consent_id: str) -> None:
    """Take your consent back, at once and without a question; prints whom to tell."""
    with _told() as (settings, lake):
        from jobfinder_assets.export.consent import withdraw

        done = withdraw(lake, settings.home, _name(settings, profile), now=_now(), consent=consent_id)
        click.echo(f"withdrawn: {', '.join(done.consents)}; no further package is made")
        _echo_notify(done.notify, "these received a package under it; tell them to delete it")
        if done.notify.empty:
            click.echo("nobody received anything under it")


def _echo_notify(ledger: Any, why: str) -> None:
    if len(ledger):
        click.echo(f"{why}:")
        for row in ledger.itertuples():
            click.echo(f"  {row.recipient}: package {row.package_id} of {row.made_at:%Y-%m-%d}, {row.rows:,} rows")


COMMANDS: dict[str, click.Command] = {"consent": consent, "erase": erase, "export": export, "import": import_}
