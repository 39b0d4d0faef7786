"""The data contract: every lake table's columns, types, key and partitioning.

Times are UTC, money is whole currency units per period, countries are ISO 3166-1
alpha-2, currencies ISO 4217. A column is nullable unless it is part of the key.
"""

from dataclasses import dataclass

import pyarrow as pa

TEXT = pa.string()
TIME = pa.timestamp("us", tz="UTC")
NUMBER = pa.float64()
COUNT = pa.int64()
FLAG = pa.bool_()

ROLES = ("data_engineer", "data_analyst", "ml_engineer", "data_scientist", "other")


@dataclass(frozen=True)
class TableSchema:
    """One lake table: its Arrow schema, the columns that identify a row, and its partitioning.

    of_hashes: most of a row are numbers that look like chance, which neither repeat nor compress.
    is_narrow: rows are short and read many at a time: what a fraction of their size costs to write is not worth it.
    """

    arrow: pa.Schema
    key: tuple[str, ...]
    partition_by: tuple[str, ...] = ()
    of_hashes: bool = False
    is_narrow: bool = False

    @property
    def columns(self) -> list[str]:
        return list(self.arrow.names)


def _table(
    key: tuple[str, ...],
    columns: dict[str, pa.DataType],
    *,
    partition_by: tuple[str, ...] = (),
    of_hashes: bool = False,
    is_narrow: bool = False,
) -> TableSchema:
    fields = [pa.field(name, kind, nullable=name not in key) for name, kind in columns.items()]
    return TableSchema(pa.schema(fields), key, partition_by, of_hashes, is_narrow)


POSTING_FACTS: dict[str, pa.DataType] = {
    "posting_id": TEXT,
    "source": TEXT,
    "board": TEXT,
    "source_id": TEXT,
    "content_hash": TEXT,
    "cleaning_version": TEXT,
    "title": TEXT,
    "company": TEXT,
    "company_raw": TEXT,
    "is_agency": FLAG,
    "description": TEXT,
    "location": TEXT,
    "city": TEXT,
    "region": TEXT,
    "country": TEXT,
    "workplace": TEXT,
    "eligible_countries": pa.list_(TEXT),
    "salary_min": NUMBER,
    "salary_max": NUMBER,
    "salary_currency": TEXT,
    "salary_period": TEXT,
    "salary_annual_usd": NUMBER,
    "salary_origin": TEXT,
    "seniority": TEXT,
    "years_min": NUMBER,
    "skills": pa.list_(TEXT),
    "skill_starts": pa.list_(pa.int32()),
    "skill_ends": pa.list_(pa.int32()),
    "employment_type": TEXT,
    "language": TEXT,
    "url": TEXT,
    "requisition_id": TEXT,
    "posted_at": TIME,
    "first_seen_at": TIME,
    "last_seen_at": TIME,
    "closed_at": TIME,
}

TABLES: dict[str, TableSchema] = {
    "raw_postings": _table(
        ("source", "board", "source_id"),
        {
            "source": TEXT,
            "board": TEXT,
            "source_id": TEXT,
            "posting_id": TEXT,
            "content_hash": TEXT,
            "sent_hash": TEXT,
            "fetched_at": TIME,
            "record": TEXT,
        },
        partition_by=("source",),
    ),
    # A posting seen again is not written again: `last_seen_at` is as of when it was last told by itself, and what is
    # open on a board was seen whenever the board's health is complete (`ingestion/sightings.py` reads both).
    "posting_sightings": _table(
        ("source", "board", "source_id"),
        {
            "source": TEXT,
            "board": TEXT,
            "source_id": TEXT,
            "posting_id": TEXT,
            "content_hash": TEXT,
            "first_seen_at": TIME,
            "last_seen_at": TIME,
            "closed_at": TIME,
        },
        partition_by=("source",),
        is_narrow=True,
    ),
    # Each row is kept: when postings were last seen hangs on those that are complete.
    "source_health": _table(
        ("source", "board", "run"),
        {
            "source": TEXT,
            "board": TEXT,
            "run": TEXT,
            "status": TEXT,
            "rows": COUNT,
            "new": COUNT,
            "changed": COUNT,
            "unchanged": COUNT,
            "closed": COUNT,
            "bytes": COUNT,
            "seconds": NUMBER,
            "message": TEXT,
            "checked_at": TIME,
            "complete": FLAG,
            "validators": TEXT,
            "filled": TEXT,
        },
        partition_by=("source",),
    ),
    "postings": _table(("posting_id",), POSTING_FACTS),
    "rejected_postings": _table(
        ("posting_id", "rule"),
        {
            "posting_id": TEXT,
            "rule": TEXT,
            "evidence": TEXT,
            "source": TEXT,
            "board": TEXT,
            "source_id": TEXT,
            "content_hash": TEXT,
            "cleaning_version": TEXT,
            "title": TEXT,
            "company": TEXT,
            "url": TEXT,
            "rejected_at": TIME,
        },
    ),
    # A person's word against a rule: these rows are kept whatever rules they break.
    "restorations": _table(("posting_id",), {"posting_id": TEXT, "restored": FLAG, "decided_at": TIME}),
    # Locality-sensitive bands of each posting's text: new postings are compared with these only.
    "posting_bands": _table(
        ("posting_id",),
        {"posting_id": TEXT, "content_hash": TEXT, "duplicates_version": TEXT, "bands": pa.list_(pa.int64())},
        of_hashes=True,
    ),
    # Every accepted pair, so that a cluster can be explained and taken apart again.
    "duplicate_links": _table(
        ("left_id", "right_id"),
        {"left_id": TEXT, "right_id": TEXT, "similarity": NUMBER, "reason": TEXT},
        is_narrow=True,
    ),
    "posting_clusters": _table(
        ("posting_id",),
        {
            "posting_id": TEXT,
            "cluster_id": TEXT,
            "canonical_id": TEXT,
            "joined_to": TEXT,
            "reason": TEXT,
            "similarity": NUMBER,
            "size": COUNT,
            "reposts": COUNT,
        },
        is_narrow=True,
    ),
    "role_tags": _table(
        ("posting_id",),
        {
            "posting_id": TEXT,
            "content_hash": TEXT,
            "tagger_version": TEXT,
            "role": TEXT,
            "second_role": TEXT,
            "specialities": pa.list_(TEXT),
            **dict.fromkeys(ROLES, NUMBER),
            "evidence": TEXT,
        },
    ),
    "posting_features": _table(
        ("posting_id", "encoder_version"),
        {
            "posting_id": TEXT,
            "encoder_version": TEXT,
            "content_hash": TEXT,
            "tagger_version": TEXT,
            "term_ids": pa.list_(pa.int32()),
            "term_weights": pa.list_(pa.float32()),
            "vector": pa.list_(pa.float32()),
            "structured": pa.list_(pa.float32()),
        },
    ),
    # What the optional encoder makes of each posting; rows of other versions stay, for models trained on them.
    "posting_vectors": _table(
        ("posting_id", "vectors_version"),
        {"posting_id": TEXT, "vectors_version": TEXT, "content_hash": TEXT, "vector": pa.list_(pa.float32())},
    ),
    "label_events": _table(
        ("event_id",),
        {
            "event_id": TEXT,
            "profile": TEXT,
            "posting_id": TEXT,
            "cluster_id": TEXT,
            "interesting": FLAG,
            "reason": TEXT,
            "labelled_at": TIME,
            "consumed_at": TIME,
            "file": TEXT,
            "row": COUNT,
            "policy": TEXT,
            "propensity": NUMBER,
            "rank_shown": COUNT,
            "score_shown": NUMBER,
            "model_version": TEXT,
        },
    ),
    # A person's word on what a posting really is, the latest one counts.
    "role_corrections": _table(
        ("event_id",),
        {
            "event_id": TEXT,
            "profile": TEXT,
            "posting_id": TEXT,
            "role": TEXT,
            "corrected_at": TIME,
            "consumed_at": TIME,
            "file": TEXT,
            "row": COUNT,
        },
    ),
    # What each person should label next, in the order to show it.
    "label_queue": _table(
        ("profile", "posting_id"),
        {
            "profile": TEXT,
            "posting_id": TEXT,
            "position": COUNT,
            "policy": TEXT,
            "propensity": NUMBER,
            "score": NUMBER,
            "model_version": TEXT,
        },
        partition_by=("profile",),
    ),
    "training_set": _table(
        ("profile", "cluster_id"),
        {
            "profile": TEXT,
            "cluster_id": TEXT,
            "posting_id": TEXT,
            "interesting": FLAG,
            "labelled_at": TIME,
            "policy": TEXT,
            "propensity": NUMBER,
            "group": TEXT,
            "contradicted": FLAG,
            "encoder_version": TEXT,
        },
        partition_by=("profile",),
    ),
    "recommendations": _table(
        ("profile", "posting_id"),
        {
            "profile": TEXT,
            "rank": COUNT,
            "posting_id": TEXT,
            "cluster_id": TEXT,
            "score": NUMBER,
            "band": TEXT,
            "reasons": TEXT,
            "neighbours": TEXT,
            "model_version": TEXT,
            "title": TEXT,
            "company": TEXT,
            "location": TEXT,
            "country": TEXT,
            "workplace": TEXT,
            "salary_annual_usd": NUMBER,
            "seniority": TEXT,
            "role": TEXT,
            "source": TEXT,
            "also_seen_on": TEXT,
            "url": TEXT,
            "posted_at": TIME,
            "first_seen_at": TIME,
            "recommended_at": TIME,
            "is_new": FLAG,
        },
        partition_by=("profile",),
    ),
    # One row per word of the person: `given` rows hold the whole offer, `withdrawn` rows name the consent they end.
    "consent_events": _table(
        ("event_id",),
        {
            "event_id": TEXT,
            "profile": TEXT,
            "kind": TEXT,
            "consent_id": TEXT,
            "said_at": TIME,
            "offer": TEXT,
            "text": TEXT,
            "text_version": TEXT,
            "text_hash": TEXT,
            "previous_id": TEXT,
        },
    ),
    # One row per package made: the recipient must be told when the consent ends.
    "product_ledger": _table(
        ("package_id",),
        {
            "package_id": TEXT,
            "profile": TEXT,
            "consent_id": TEXT,
            "recipient": TEXT,
            "made_at": TIME,
            "rows": COUNT,
            "columns": TEXT,
            "price": NUMBER,
            "currency": TEXT,
            "sums_hash": TEXT,
            "folder": TEXT,
            "withdrawn_at": TIME,
        },
    ),
}
