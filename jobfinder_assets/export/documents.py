"""The files of a package: the rows, and what describes them, filled from facts."""

import io
from collections import Counter
from datetime import UTC, datetime
from importlib import resources
from importlib.metadata import version as installed_version
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from jobfinder_assets.export import minimise
from jobfinder_assets.export.columns import COLUMNS, LONGEST_VALUE, QUASI
from jobfinder_assets.export.consent import Consent
from jobfinder_assets.export.croissant import describe
from jobfinder_assets.export.work import Work
from jobfinder_assets.ingestion.catalog import source_classes
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.spreadsheet import to_csv, to_json

_RISKS = (
    "The data is about one person: it is personal data and never anonymous, whatever is left out of it.",
    "Whoever knows a few of the jobs that the person liked may recognise them: preferences are sparse, and a few known "
    "ones are enough (Narayanan and Shmatikov, 2008).",
    "Facts about an opening can lead back to its public advert, above all skills and title words together; the label "
    "then says what the person thought of it.",
    "Weeks, places and pay together tell where the person would move, when, and for how much.",
    "A recipient could join the rows with other data about people; the licence forbids it, no program prevents it.",
)


def package_files(lake: Lake, work: Work, table: pa.Table, *, package_id: str, now: datetime) -> dict[str, bytes]:
    """Every file of the package but its sums, by name."""
    frame = table.to_pandas()
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd")
    data = {"data.parquet": stream.getvalue(), "data.csv": to_csv(frame)}
    facts = _facts(work, frame, package_id=package_id)
    offer = work.consent.offer
    croissant = describe(
        data, table.schema, package_id=package_id, made_at=now, purpose=offer.purpose, risks=_RISKS,
        left_out=facts["left_out"], special=facts["special"],
    )  # fmt: skip
    return {
        **data,
        "schema.json": to_json(_schema(table.schema)),
        "croissant.json": to_json(croissant),
        "DATASHEET.md": _template("DATASHEET.md").format(**facts).encode("utf-8"),
        "CONSENT.json": to_json(_consent(work.consent)),
        "PRIVACY_REPORT.json": to_json(_privacy_report(work, frame)),
        "PROVENANCE.json": to_json(_provenance(lake, work, frame, package_id=package_id, now=now)),
        "LICENSE": _template("LICENSE.txt").format(**facts).encode("utf-8"),
    }


def _facts(work: Work, frame: pd.DataFrame, *, package_id: str) -> dict[str, Any]:
    """What the prose of the package says, each a figure or a word of the consent."""
    consent, offer = work.consent, work.consent.offer
    weeks = minimise.iso_weeks(work.rows["time"]) if work.has("label_week") else []
    told = sorted(week for week in weeks if week)
    counts = {"liked": frame["interesting"], "not liked": ~frame["interesting"]}
    lines = [f"| {name} | {int(mask.sum())} |" for name, mask in counts.items()]
    if work.has("role"):
        lines += [f"| role {name} | {count} |" for name, count in frame["role"].value_counts().items()]
    empty = {name: int(frame[name].isna().sum()) for name in frame.columns if frame[name].isna().any()}
    left = Counter(work.left_out) + Counter(work.words_left_out)
    return {
        "package_id": package_id,
        "version": installed_version("jobfinder"),
        "purpose": offer.purpose,
        "buyer": f"anyone of this class: {offer.buyer}" if offer.buyer_is_class else offer.buyer,
        "recipient": work.request.recipient.strip(),
        "price": f"{offer.price:,.2f} {offer.currency}" if offer.price else "none",
        "until": f"{offer.until:%Y-%m-%d %H:%M} UTC",
        "rows": len(frame),
        "liked": int(frame["interesting"].sum()),
        "disliked": int((~frame["interesting"]).sum()),
        "columns": ", ".join(f"`{name}`" for name in frame.columns),
        "missing": "; ".join(f"{name} is empty in {count} rows" for name, count in empty.items()) or "Nothing.",
        "special": ", ".join(offer.special) + " may be in" if offer.special else "left out",
        "longest": LONGEST_VALUE,
        "table": "\n".join(lines),
        "first_week": told[0] if told else "(not told)",
        "last_week": told[-1] if told else "(not told)",
        "sources": ", ".join(f"{name} ({count})" for name, count in _sources(work).items()),
        "consent_id": consent.id,
        "text_version": consent.text_version,
        "text_hash": consent.text_hash,
        "said_at": f"{consent.said_at:%Y-%m-%d %H:%M} UTC",
        "smallest_place": f"{minimise.SMALLEST_PLACE:,}",
        "k": work.request.k,
        "population": f"{int(work.corpus['first'].sum()):,}",
        "left_out": "; ".join(f"{reason}: {count}" for reason, count in left.items() if count) or "nothing",
    }


def _schema(schema: pa.Schema) -> dict[str, Any]:
    """The rows as JSON Schema."""
    kinds: dict[Any, Any] = {pa.int64(): {"type": "integer"}, pa.bool_(): {"type": "boolean"}}
    text = {"type": ["string", "null"], "maxLength": LONGEST_VALUE}
    words = {"type": "array", "items": {"type": "string", "maxLength": LONGEST_VALUE}}
    properties = {
        entry.name: kinds.get(entry.type, words if pa.types.is_list(entry.type) else text)
        | {"description": COLUMNS[entry.name].meaning}
        for entry in schema
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": schema.names,
        "additionalProperties": False,
    }


def _consent(consent: Consent) -> dict[str, Any]:
    """What was agreed to; the profile's name is not told."""
    return {
        "consent_id": consent.id,
        **consent.offer.model_dump(exclude={"profile"}),
        "text_version": consent.text_version,
        "text_sha256": consent.text_hash,
        "said_at": consent.said_at,
        "withdrawal": "possible at any time; the licence then ends",
    }


def _privacy_report(work: Work, frame: pd.DataFrame) -> dict[str, Any]:
    quasi = [name for name in QUASI if name in frame.columns]
    sets = [quasi, [*quasi, "label_week"], [*quasi, "skills"], [*quasi, "skills", "title_words"]]
    sets = [[name for name in names if name in frame.columns] for names in sets]
    chosen = list(dict.fromkeys(tuple(names) for names in sets if names))
    return {
        "statement": "Personal data of one person (k = 1 for the person). Not anonymous; at best pseudonymous.",
        "k": work.request.k,
        "openings_in_corpus": int(work.corpus["first"].sum()),
        "smallest_class_in_corpus": {"columns": quasi, "openings": work.smallest_class},
        "classes_in_package": [{"columns": list(names), **minimise.class_sizes(frame, names)} for names in chosen],
        "rows": {
            "labelled": len(frame) + sum(work.left_out.values()),
            "left_out": dict(work.left_out),
            "in_package": len(frame),
        },
        "cells_emptied_because_rare": dict(work.blanked),
        "words_left_out": {reason: count for reason, count in work.words_left_out.items() if count},
        "personal_data": {
            "texts_scanned": work.scanned,
            "hits_in_package": 0,
            "cleared_by_the_person": len(work.request.cleared),
            "detectors": {name: installed_version(name) for name in ("presidio-analyzer", "Faker")},
        },
        "special_categories_allowed": list(work.consent.offer.special),
        "what_stays_risky": list(_RISKS),
    }


def _provenance(lake: Lake, work: Work, frame: pd.DataFrame, *, package_id: str, now: datetime) -> dict[str, Any]:
    terms = {name: source.terms for name, source in source_classes().items()}
    return {
        "package_id": package_id,
        "made_at": now.astimezone(UTC),
        "made_by": f"jobfinder {installed_version('jobfinder')}",
        "recipient": work.request.recipient.strip(),
        "consent_id": work.consent.id,
        "lake_versions": {
            table: lake.version(table) for table in ("label_events", "postings", "posting_clusters", "role_tags")
        },
        "sources": [
            {
                "name": name,
                "rows": count,
                "redistributable": terms[name].redistributable,
                "attribution": terms[name].attribution,
                "terms": terms[name].homepage,
            }
            for name, count in _sources(work).items()
        ],
        "summary": _summary(frame),
    }


def _summary(frame: pd.DataFrame) -> dict[str, Any]:
    """What a reader can count again from the data."""
    by = {
        name: {str(value): int(count) for value, count in frame[name].value_counts().sort_index().items()}
        for name in ("role", "workplace", "seniority")
        if name in frame.columns
    }
    return {"rows": len(frame), "interesting": int(frame["interesting"].sum()), **by}


def _sources(work: Work) -> dict[str, int]:
    return {str(name): int(count) for name, count in work.rows["source"].value_counts().items()}


def _template(name: str) -> str:
    return (resources.files("jobfinder_assets.export") / "data" / name).read_text(encoding="utf-8")
