"""The package described as Croissant with its responsible-AI properties, written and validated by `mlcroissant`.

https://docs.mlcommons.org/croissant/docs/croissant-spec-1.0.html, https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any

import pyarrow as pa

from jobfinder_assets.export.columns import COLUMNS
from jobfinder_assets.export.errors import MissingExtra
from jobfinder_assets.export.folders import sha256

RECORDS = "labels"
_CONFORMS_TO = ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"]
_FORMATS = {"data.parquet": "application/x-parquet", "data.csv": "text/csv"}


def describe(
    files: Mapping[str, bytes],
    schema: pa.Schema,
    *,
    package_id: str,
    made_at: datetime,
    purpose: str,
    risks: Sequence[str],
    left_out: str,
    special: str,
) -> dict[str, Any]:
    """The Croissant document of a package with these data files.

    Raises `MissingExtra` without mlcroissant, and its `ValidationError` should the document not be valid.
    """
    mlc = _mlcroissant()
    metadata = mlc.Metadata(
        name=f"job-preferences-{package_id}",
        description="Facts about job openings and one person's labels on them. Personal data, never anonymous.",
        url="https://example.invalid/not-published",
        cite_as="Not published: given to one recipient under the licence beside it.",
        license=["LicenseRef-jobfinder-personal-1 (file LICENSE)"],
        version="1.0.0",
        date_published=made_at.replace(tzinfo=None),
        conforms_to=_CONFORMS_TO,
        distribution=[_file(mlc, name, files[name]) for name in _FORMATS],
        record_sets=[
            mlc.RecordSet(
                id=RECORDS,
                name=RECORDS,
                description="One row per job opening that the person labelled.",
                fields=[_field(mlc, field) for field in schema],
            )
        ],
        data_collection="One person labelled adverts of jobs that they read in jobfinder, as interesting or not.",
        data_collection_type=["Direct measurement", "Self-report"],
        data_collection_raw_data="Adverts of job sources; none of their prose is in the package.",
        data_collection_missing_data=left_out,
        data_preprocessing_protocol=[
            "Dates to ISO weeks, pay and years to bins, places to large cities or countries.",
            "Rare combinations of facts made coarser or dropped; rare words left out.",
        ],
        data_annotation_protocol=["One person's own preference; there is no second annotator and no ground truth."],
        annotations_per_item="1",
        machine_annotation_tools=["jobfinder: role, level, workplace, skills, pay and years as read from adverts"],
        data_biases=[
            "One person only.",
            "Openings were partly chosen by a model that had learnt from earlier labels.",
        ],
        data_use_cases=[purpose],
        data_limitations=[
            "Not fit for decisions about people, nor for statements about groups of people.",
            "Facts were read by programs and can be wrong.",
        ],
        data_social_impact="May reveal that a person looks for work, where and for what pay; see PRIVACY_REPORT.json.",
        personal_sensitive_information=[f"Personal data of one person (k = 1). Special categories: {special}.", *risks],
        data_release_maintenance_plan="No updates. The licence ends with the consent; the package is then deleted.",
    )
    document: dict[str, Any] = metadata.to_json()
    validate(document)
    return document


def validate(document: Mapping[str, Any]) -> None:
    """Raises mlcroissant's `ValidationError` that says what is wrong with the document."""
    mlc = _mlcroissant()
    noisy = logging.getLogger("absl")
    level = noisy.level
    noisy.setLevel(logging.ERROR)
    try:
        mlc.Dataset(jsonld=dict(document))
    finally:
        noisy.setLevel(level)


def _mlcroissant() -> Any:
    try:
        return import_module("mlcroissant")
    except ImportError as error:
        raise MissingExtra("mlcroissant") from error


def _file(mlc: Any, name: str, content: bytes) -> Any:
    return mlc.FileObject(
        id=name,
        name=name,
        description="The rows; a list is JSON in CSV.",
        content_url=name,
        content_size=f"{len(content)} B",
        encoding_formats=[_FORMATS[name]],
        sha256=sha256(content),
    )


def _field(mlc: Any, field: pa.Field) -> Any:
    kinds = {pa.int64(): mlc.DataType.INTEGER, pa.bool_(): mlc.DataType.BOOL}
    return mlc.Field(
        id=f"{RECORDS}/{field.name}",
        name=field.name,
        description=COLUMNS[field.name].meaning,
        data_types=[kinds.get(field.type, mlc.DataType.TEXT)],
        repeated=True if pa.types.is_list(field.type) else None,
        source=mlc.Source(file_object="data.parquet", extract=mlc.Extract(column=field.name)),
    )
