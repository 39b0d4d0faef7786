"""Items of a list as they were sent: one that is stored as it came need not be parsed again."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import xxhash

from jobfinder_assets.ingestion.contract import SourceError, parse_json


def unread(items: Sequence[msgspec.Raw], sent: Mapping[str, str]) -> tuple[list[tuple[Any, str]], list[str]]:
    """The parsed items whose bytes are not stored, each with their digest; and the ids of the other postings.

    `sent` holds ids of stored postings by their items' digests. Raises `SourceError` for an item that is no JSON.
    """
    new: list[tuple[Any, str]] = []
    there: list[str] = []
    for item in items:
        # 16 hex of XXH3, as a record's hash: it tells changes, nothing rests on nobody forging it.
        digest = xxhash.xxh3_64_hexdigest(item)
        if (source_id := sent.get(digest)) is not None:
            there.append(source_id)
        else:
            new.append((_parsed(item), digest))
    return new, there


def _parsed(item: msgspec.Raw) -> Any:
    try:
        return parse_json(bytes(item))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"an item of the answer is no JSON: {error}") from error
