"""When each posting was seen.

A posting tells by itself when it is new, changed, closed or back, or was named by an answer that was not complete. That
it is there as it was, its board tells for all of its postings at once, in its health: a refresh writes what is new, not
every posting that it saw again.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from jobfinder_assets.storage.lake import Lake, Where

_NEEDED = ("source", "board", "last_seen_at", "closed_at")


def read_sightings(lake: Lake, columns: Sequence[str], where: Where = None) -> pa.Table:
    """Columns of `posting_sightings`, an open posting seen when its board was last complete; `where` as in `Lake`."""
    # In this order: a run commits its closings before the health that would tell of them as open.
    complete = lake.read_arrow("source_health", ["source", "board", "checked_at"], "complete")
    rows = lake.read_arrow("posting_sightings", list(dict.fromkeys([*columns, *_NEEDED])), where)
    boards = complete.group_by(["source", "board"]).aggregate([("checked_at", "max")])
    joined = rows.join(boards, ["source", "board"])
    stored, complete_at = joined["last_seen_at"], joined["checked_at_max"]
    is_told = pc.and_(joined["closed_at"].is_null(), pc.greater(complete_at, stored))
    seen = pc.if_else(pc.fill_null(is_told, False), complete_at, stored)
    return joined.set_column(joined.schema.get_field_index("last_seen_at"), "last_seen_at", seen).select(columns)
