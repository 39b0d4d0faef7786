"""A person's own data: out and back in, consent to handing it over, erasure. Nothing is chosen for them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from jobfinder_assets.config import Settings
from jobfinder_assets.export import consent as consents
from jobfinder_assets.export.columns import CHOICES, COLUMNS
from jobfinder_assets.export.erase import Erased, erase_everything, erase_profile
from jobfinder_assets.export.errors import ExportError, Refusal
from jobfinder_assets.export.folders import unzipped, zipped
from jobfinder_assets.export.own_data import Imported, import_files, own_data
from jobfinder_assets.export.package import kept_packages
from jobfinder_assets.export.words import CATEGORIES
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.web import session

_LARGEST_IMPORT_MEGABYTES = 500
_ALL = "everything of everybody, and all postings"
_ONE, _CLASS = "one recipient, by name", "anyone of a class"


def page() -> None:
    st.title("My data")
    name = session.profile_name()
    st.caption(f"What jobfinder knows of {name} lies on this machine, in {session.home().root}. No server has a copy.")
    _told("erase")
    _export(name)
    _import()
    _consent(name)
    _erase(name)


def _export(name: str) -> None:
    st.header("Take it with you")
    st.write(
        "Labels and reasons, wishes and searches, recommendations, marks, consents, and the recipe of the model: as "
        "Parquet, CSV and JSON in one zip file. It is personal data: keep it where only you can read it."
    )
    st.download_button(
        "download my data",
        # Made when it is asked for, and never written to a disk of this machine.
        partial(own_zip, session.lake(), session.settings(), name),
        file_name=f"jobfinder-{name}-{session.now():%Y-%m-%d}.zip",
        mime="application/zip",
        on_click="ignore",
        icon=":material/download:",
        key="own_download",
    )


def own_zip(lake: Lake, settings: Settings, profile: str) -> bytes:
    """Everything of a profile as one zip file."""
    return zipped(own_data(lake, settings, profile, now=datetime.now(UTC)).files)


def _import() -> None:
    st.header("Bring it back")
    turn = st.session_state.get("own_turn", 0)
    uploaded = st.file_uploader(
        "A zip file that was downloaded here, or one of a folder of `jobfinder export own`",
        ["zip"],
        max_upload_size=_LARGEST_IMPORT_MEGABYTES,
        key=f"own_file_{turn}",
    )
    wanted = st.button("import", disabled=uploaded is None or _busy(), icon=":material/upload:", key="own_import")
    if wanted and uploaded is not None:
        _bring_back(Path(uploaded.name), uploaded.getvalue(), turn)
    _told("import")


def _bring_back(name: Path, content: bytes, turn: int) -> None:
    """Import an uploaded file, and draw the page anew: the profile may be a new one."""
    settings = session.settings()
    settings.home.create()
    try:
        with st.spinner("checking every file, then importing"):
            done = import_files(session.lake(), settings, unzipped(content, name), name)
    except ExportError as error:
        st.error("Nothing was imported.")
        st.text(str(error))
        return
    st.session_state["own_turn"] = turn + 1
    _tell("import", imported_words(done))
    st.rerun()


def imported_words(done: Imported) -> str:
    """What an import brought, in words."""
    rows = ", ".join(f"{count:,} of {table}" for table, count in done.rows.items() if count)
    model = "The model is fitted again." if done.model else "The next run trains the model."
    comparison = done.comparison[:1].upper() + done.comparison[1:]
    return f"{done.profile} is back: {rows or 'no rows'}. {comparison}. {model}"


def _consent(name: str) -> None:
    st.header("Consent")
    st.write(
        "Nothing of this leaves the machine unless you agree to it here or with `jobfinder consent give`, to one "
        "purpose and one recipient, for a time. Only then can `jobfinder export product` make a package."
    )
    try:
        given = consents.history(session.lake(), name)
    except Refusal as error:
        st.error("The record of consents cannot be read.")
        st.text(str(error))
        return
    _given(name, given)
    _told("consent")
    _ask(name)


def _given(name: str, given: Sequence[consents.Consent]) -> None:
    """What was agreed to, one button that ends it all, and who received what."""
    if not given:
        st.info(f"{name} has agreed to nothing.")
    for each in given:
        offer = each.offer
        label = f"{each.state(session.now())} · given {each.said_at:%Y-%m-%d} · until {offer.until:%Y-%m-%d}"
        with st.expander(label, key=f"consent-{each.id}"):
            st.text(f"{each.text}\nSHA-256 of this text: {each.text_hash}\nConsent: {each.id}")
    if any(each.withdrawn_at is None for each in given):
        # As easy as giving it: no question, no reason.
        st.button(
            "withdraw my consent", on_click=_withdraw, args=(name,), icon=":material/undo:", key="consent_withdraw"
        )
    ledger = kept_packages(session.lake(), name)
    if len(ledger):
        st.write("Who received a package:")
        st.dataframe(
            ledger[["recipient", "made_at", "rows", "columns", "package_id", "withdrawn_at"]],
            hide_index=True,
            column_config={"withdrawn_at": "consent withdrawn", "made_at": "made (UTC)"},
            key="ledger",
        )


def _withdraw(name: str) -> None:
    try:
        done = consents.withdraw(session.lake(), session.home(), name, now=session.now())
    except (ExportError, Refusal) as error:
        _tell("consent", str(error))
        return
    words = "Withdrawn: no further package is made."
    _tell("consent", f"{words} {_notify(done.notify) or 'Nobody received anything under it.'}")


def _notify(ledger: pd.DataFrame) -> str:
    """Whom to ask for deletion; empty when nobody holds a package."""
    lines = [f"\n– {row.recipient}: package {row.package_id} of {row.made_at:%Y-%m-%d}" for row in ledger.itertuples()]
    return f"These hold a package; ask them to delete it:{''.join(lines)}" if lines else ""


def _ask(name: str) -> None:
    """The form of an offer, then its text to be read, then a yes. Nothing is ticked, filled or named beforehand."""
    turn = f"{name}-{st.session_state.get('consent_turn', 0)}"
    with (
        st.expander("Agree to something", key=f"consent-ask-{turn}", on_change="rerun"),
        st.form(f"offer-{turn}", border=False),
    ):
        values = _offer_fields(turn)
        wanted = st.form_submit_button("show me what I would agree to", key=f"offer-show-{turn}")
    if wanted:
        st.session_state.pop("offer", None)
        st.session_state.pop("offer_read", None)
        try:
            asked = consents.make_offer(profile=name, **_complete(values))
            consents.require_to_come(asked, now=session.now())
            st.session_state["offer"] = asked
        except ExportError as error:
            st.error("This is no offer yet.")
            st.text(str(error))
    offer = st.session_state.get("offer")
    if offer is not None and offer.profile == name:
        _read_and_agree(offer)


def _offer_fields(turn: str) -> dict[str, Any]:
    values: dict[str, Any] = {
        "purpose": st.text_input("What it may be used for, in a sentence", key=f"offer-purpose-{turn}"),
        "kind": st.radio("Who may get it", [_ONE, _CLASS], index=None, key=f"offer-kind-{turn}"),
        "buyer": st.text_input("Their name, or the class", key=f"offer-buyer-{turn}"),
        "until": st.date_input("Until the beginning of this day (UTC)", None, key=f"offer-until-{turn}"),
        "price": st.number_input("What you get for it (0: nothing)", min_value=0.0, key=f"offer-price-{turn}"),
        "currency": st.text_input("Currency of the price, such as EUR", key=f"offer-currency-{turn}"),
    }
    st.write("What they may get, for each job that you labelled:")
    values["columns"] = [
        name for name in CHOICES if st.checkbox(f"{name}: {COLUMNS[name].meaning}", key=f"offer-{name}-{turn}")
    ]
    st.write("Words that are left out of searches and reasons unless you let them in:")
    values["special"] = [
        category for category in CATEGORIES if st.checkbox(f"words of {category}", key=f"offer-{category}-{turn}")
    ]
    return values


def _complete(values: dict[str, Any]) -> dict[str, Any]:
    """The form's values as those of an offer. Raises `ExportError` that names what is not said yet."""
    kind, until = values.pop("kind"), values.pop("until")
    if kind is None:
        raise ExportError("say who may get it: one recipient or a class")
    if not isinstance(until, date):
        raise ExportError("say until when")
    return values | {"buyer_is_class": kind == _CLASS, "until": datetime.combine(until, time(), UTC)}


def _read_and_agree(offer: consents.Offer) -> None:
    text = consents.read_text(offer)
    digest = consents.text_hash(text)
    with st.container(border=True, key="offer-text"):
        st.text(text)
        st.caption(f"SHA-256 of this text: {digest}")
        read = st.checkbox("I have read this text", key="offer_read")
        with st.container(horizontal=True):
            st.button("I agree", on_click=_agree, args=(offer, digest), disabled=not read, key="offer_agree")
            st.button("no", on_click=_forget, key="offer_no")


def _agree(offer: consents.Offer, read: str) -> None:
    try:
        done = consents.give(session.lake(), session.home(), offer, read=read, now=session.now())
    except (ExportError, Refusal) as error:
        _tell("consent", str(error))
        return
    _forget()
    _tell("consent", f"Your consent {done.id} is noted. It ends on {offer.until:%Y-%m-%d}, or when you withdraw it.")


def _forget() -> None:
    """The fields begin anew, empty."""
    st.session_state.pop("offer", None)
    st.session_state["consent_turn"] = st.session_state.get("consent_turn", 0) + 1


def _erase(name: str) -> None:
    st.header("Erase")
    st.write(
        "Labels, wishes, recommendations, models, histories, logs, digests, marks and packages are removed, old "
        "versions and backups of the tables with them. A token is planted in all of these places before, and searched "
        "for afterwards. Dagster's history goes for everybody, since it cannot be told apart. This cannot be undone."
    )
    phrases = {f"everything of {name}": f"erase profile {name}", _ALL: "erase everything"}
    with st.form("erase", enter_to_submit=False):
        what = st.radio("What", list(phrases), index=None, key=f"erase_what_{name}")
        asked = " or ".join(phrases.values())
        typed = st.text_input(f"To be sure, type: {asked}", autocomplete="off", key="erase_typed")
        wanted = st.form_submit_button("erase", icon=":material/delete_forever:", disabled=_busy(), key="erase_now")
    if wanted and (what is None or typed.strip() != phrases[what]):
        st.warning("Nothing was removed: choose what to erase, and type its words exactly.")
    elif wanted:
        _remove(None if what == _ALL else name)


def _remove(profile: str | None) -> None:
    """Erase a profile (None: everything), and draw the page anew with what was removed."""
    lake, settings = session.lake(), session.settings()
    try:
        with st.spinner("erasing, then searching for what may be left"):
            done = erase_profile(lake, settings, profile) if profile else erase_everything(lake, settings)
    except (ExportError, Refusal) as error:
        st.error("Nothing was removed.")
        st.text(str(error))
        return
    # What pages keep in memory goes as well: tables of every session, what this one typed.
    st.cache_data.clear()
    st.cache_resource.clear()
    for key in list(st.session_state):
        del st.session_state[key]
    _tell("erase", erased_words(done))
    st.rerun()


def erased_words(done: Erased) -> str:
    """What an erasure removed, what it left, whom to tell, and whether the proof holds."""
    lines = ["Removed, the planted token's own rows and files among them:"]
    lines += [f"{count:,} {name}" for name, count in done.removed.items()]
    lines += [f"note: {note}" for note in done.notes]
    if words := _notify(done.notify):
        lines.append(words)
    if done.traces:
        lines.append("Not everything is gone: a planted token still stands in")
        lines += [str(trace.path) for trace in done.traces]
    else:
        lines.append(f"Proof: the token {done.token}, planted in all of these places before, is in no file any more.")
    return "\n".join(lines)


def _busy() -> bool:
    """Whether a run of the app is under way: it would write back what is erased."""
    run = session.background()
    return run is not None and run.running


def _tell(where: str, words: str) -> None:
    st.session_state["my_data_told"] = (where, words)


def _told(where: str) -> None:
    """What came of the last click, beside what was clicked."""
    about, words = st.session_state.get("my_data_told", (None, ""))
    if about == where:
        del st.session_state["my_data_told"]
        st.text(words)
