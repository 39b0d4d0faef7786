"""The vectors of postings in the lake, and which of them are in force: all that the other rooms know of the encoder."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from jobfinder_assets.config import Home
from jobfinder_assets.storage.files import write_json
from jobfinder_assets.storage.lake import Lake

Vectors = NDArray[np.float32]


def vectors_in_force(home: Home, lake: Lake) -> str:
    """The version of the vectors that models may use; "" when there are none."""
    pointer = _pointer(home)
    if not pointer.is_file():
        return ""
    version = str(json.loads(pointer.read_text(encoding="utf-8"))["version"])
    return version if version and lake.count("posting_vectors", [("vectors_version", "=", version)]) else ""


def put_in_force(home: Home, version: str) -> None:
    """Let models use the vectors of this version from now on ("": none)."""
    write_json(_pointer(home), {"version": version})


def read_vectors(lake: Lake, version: str, posting_ids: Sequence[str] | NDArray[Any]) -> Vectors:
    """(n, k) the vectors of the given postings in that order; zero where a posting has none yet."""
    where = [("vectors_version", "=", version), ("posting_id", "in", list(posting_ids))]
    table = lake.read_arrow("posting_vectors", ["posting_id", "vector"], where).combine_chunks()
    if not table.num_rows:
        return np.zeros((len(posting_ids), 0), np.float32)
    column = table.column("vector")
    stored = _matrix(column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks))
    place = pd.Index(table.column("posting_id").to_pylist()).get_indexer(pd.Index(list(posting_ids)))
    found = np.zeros((len(posting_ids), stored.shape[1]), np.float32)
    found[place >= 0] = stored[place[place >= 0]]
    return found


def projected(lake: Lake, version: str, weights: NDArray[np.float64]) -> "pd.Series[float]":
    """vector @ weights of every posting with a vector of this version, by posting_id; read batch by batch."""
    where = [("vectors_version", "=", version)]
    parts = [
        pd.Series(_matrix(batch.column("vector")) @ weights, index=batch.column("posting_id").to_pylist())
        for batch in lake.arrow_batches("posting_vectors", ["posting_id", "vector"], where)
        if batch.num_rows
    ]
    return pd.concat(parts) if parts else pd.Series(dtype="float64")


def _matrix(lists: Any) -> Vectors:
    """(n, k) the rows of a list column of equal lengths."""
    return np.asarray(lists.flatten().to_numpy(zero_copy_only=False).reshape(len(lists), -1), np.float32)


def vectors_table(
    posting_ids: Sequence[str], content_hashes: Sequence[str], vectors: Vectors, version: str
) -> pa.Table:
    """The rows of `posting_vectors` for n postings and their (n, k) vectors."""
    starts = np.arange(len(vectors) + 1, dtype=np.int32) * np.int32(vectors.shape[1])
    return pa.table(
        {
            "posting_id": pa.array(list(posting_ids), pa.string()),
            "vectors_version": pa.array([version] * len(vectors), pa.string()),
            "content_hash": pa.array(list(content_hashes), pa.string(), from_pandas=True),
            "vector": pa.ListArray.from_arrays(pa.array(starts), pa.array(np.ascontiguousarray(vectors).ravel())),
        }
    )


def _pointer(home: Home) -> Any:
    return home.models / "transformer" / "vectors.json"
