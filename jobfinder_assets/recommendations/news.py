"""What is new since the last time, each opening once: Markdown, HTML, an RSS feed, and an e-mail if one is configured.

Files are written first, then the mail is sent, and what was told is noted last: whoever is killed in between is told
again, never left out. An opening is known by the ids of its cluster and of the posting shown: the first changes when a
posting with a smaller id joins.
"""

import ipaddress
import json
import os
import re
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd

from jobfinder_assets.config import Home, Mail
from jobfinder_assets.ingestion.contract import Terms
from jobfinder_assets.recommendations.digest import Job, as_html, as_markdown, jobs_of
from jobfinder_assets.storage.files import write_json, write_text

# What is worth a word: the rest of the list stands in the digest.
WORTH_TELLING = ("strong", "good")
PASSWORD = "JOBFINDER_MAIL_PASSWORD"
_IN_FEED = 200
_SECONDS = 30.0
_NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")


class MailError(RuntimeError):
    """The mail could not be sent; the message says why and what to do."""


@dataclass(frozen=True)
class Told:
    """What was told: the new openings' jobs, the files written, and to whom a mail went (empty: to nobody)."""

    jobs: Sequence[Job]
    files: Sequence[Path]
    mailed_to: str = ""


def tell(
    recommendations: pd.DataFrame,
    terms: Mapping[str, Terms],
    home: Home,
    *,
    profile: str,
    mail: Mail,
    to: str = "",
    cluster_of: "pd.Series[str] | None" = None,
) -> Told:
    """Tell what the list has that was never told before; nothing is written when there is nothing new.

    `cluster_of` maps posting ids to the clusters of now, which may be called otherwise than when they were told.

    Raises
    ------
    MailError
        When a mail is configured and cannot be sent; its openings will be told again next time.
    """
    folder = home.digests / profile / "news"
    known = _known(folder)
    fresh = recommendations[
        recommendations["band"].isin(WORTH_TELLING)
        & ~recommendations["cluster_id"].isin(_told_clusters(known, cluster_of))
    ].sort_values("rank")
    if fresh.empty:
        return Told((), ())
    made: datetime = fresh["recommended_at"].max().to_pydatetime()
    jobs = jobs_of(fresh)
    texts = {
        "md": as_markdown(jobs, terms, profile=profile, made=made),
        "html": as_html(jobs, terms, profile=profile, made=made),
    }
    files = [write_text(folder / f"{made:%Y-%m-%d-%H%M%S}.{suffix}", text) for suffix, text in texts.items()]
    if mail.host and to:
        send(mail, to, f"{len(jobs)} new jobs for {profile}", text=texts["md"], page=texts["html"])
    shown = zip(fresh["cluster_id"], fresh["posting_id"], jobs, strict=True)
    told = {str(cluster): _entry(job, made) | {"posting_id": str(posting)} for cluster, posting, job in shown}
    everything = known | told
    files.append(write_text(folder / "feed.rss", as_rss(list(everything.values())[-_IN_FEED:], profile=profile)))
    write_json(folder / "told.json", everything)
    return Told(jobs, files, to if mail.host else "")


def as_rss(entries: Sequence[Mapping[str, str]], *, profile: str) -> str:
    """An RSS 2.0 feed of what was told, newest first."""
    feed = ElementTree.Element("rss", version="2.0")
    channel = ElementTree.SubElement(feed, "channel")
    for name, text in (
        ("title", f"Jobs for {profile}"),
        ("link", "http://127.0.0.1:8501"),
        ("description", "jobfinder"),
    ):
        ElementTree.SubElement(channel, name).text = text
    for entry in reversed(entries):
        item = ElementTree.SubElement(channel, "item")
        for name in ("title", "link", "description", "pubDate"):
            if entry.get(name):
                ElementTree.SubElement(item, name).text = entry[name]
        ElementTree.SubElement(item, "guid", isPermaLink="false").text = entry["guid"]
    ElementTree.indent(feed)
    return ElementTree.tostring(feed, encoding="unicode", xml_declaration=True) + "\n"


def send(mail: Mail, to: str, subject: str, *, text: str, page: str) -> None:
    """One mail of both forms over the configured server; its password comes from the environment only.

    Raises
    ------
    MailError
        When it cannot be sent, or when the password would go over the network unencrypted.
    """
    if mail.user and not mail.starttls and not _is_this_machine(mail.host):
        raise MailError(
            f"the mail to {to} was not sent: the password of {mail.user} would go to {mail.host} unencrypted; set "
            "starttls = true in [mail] of jobfinder.toml; it is tried again with the next list"
        )
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, mail.sender or mail.user, to
    message.set_content(text)
    message.add_alternative(page, subtype="html")
    try:
        with smtplib.SMTP(mail.host, mail.port, timeout=_SECONDS) as server:
            if mail.starttls:
                # Before Python 3.13 no certificate is verified without a context.
                server.starttls(context=ssl.create_default_context())
            if mail.user:
                server.login(mail.user, os.environ.get(PASSWORD, ""))
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise MailError(
            f"the mail to {to} could not be sent over {mail.host}:{mail.port}: {error}; check [mail] in jobfinder.toml "
            f"and {PASSWORD}; it is tried again with the next list"
        ) from error


def _is_this_machine(host: str) -> bool:
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _entry(job: Job, made: datetime) -> dict[str, str]:
    facts = " · ".join(part for part in (job.company, job.where, job.pay, job.role, *job.reasons) if part)
    return {
        "title": _xml(job.title),
        "link": job.link or "",
        "description": _xml(facts),
        "pubDate": format_datetime(made),
        "guid": _xml(f"{job.source} {job.link or job.title} {job.company}"),
    }


def _xml(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return _NOT_XML.sub("", text)


def _told_clusters(known: Mapping[str, Mapping[str, str]], cluster_of: "pd.Series[str] | None") -> set[str]:
    """What the openings told are called now, or were then: a list may be older than the clusters."""
    ids = {*known, *(entry["posting_id"] for entry in known.values() if "posting_id" in entry)}
    return ids if cluster_of is None else ids.union(cluster_of[cluster_of.index.isin(ids)])


def _known(folder: Path) -> dict[str, dict[str, str]]:
    path = folder / "told.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
