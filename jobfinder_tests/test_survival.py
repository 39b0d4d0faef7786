"""A run killed at any commit is completed by the next, and nothing shows that it was killed."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import TABLES

CONFIGURATION = """
[http]
offline = true
[training]
trials = 2
outer_folds = 2
[compute]
backend = "sequential"
batch_rows = 200
"""

# What says when and in which run something happened differs between any two runs.
OF_THE_RUN = {"run", "seconds", "model_version", "is_new", "consumed_at", "score_shown"}


def run(home: Path, *arguments: str) -> str:
    home.mkdir()
    (home / "jobfinder.toml").write_text(CONFIGURATION, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JOBFINDER_")}
    command = [sys.executable, "-m", "jobfinder_tests.killed_runs", *arguments]
    environment |= {"JOBFINDER_HOME": str(home), "PYTHONPATH": str(Path(__file__).parent.parent)}
    result = subprocess.run(
        command, env=environment, cwd=home, capture_output=True, text=True, check=False, timeout=900
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout


def contents(home: Path, table: str) -> pd.DataFrame:
    """A table as it would be whenever it was made: no times, no run names, lists as tuples, sorted."""
    schema = TABLES[table]
    frame = Lake(str(home / "lake")).read(table)
    kept = [name for name in schema.columns if not name.endswith("_at") and name not in OF_THE_RUN]
    frame = frame[kept]
    for name in frame.columns:
        if frame[name].dtype == object:
            frame[name] = frame[name].map(lambda value: tuple(value) if hasattr(value, "__len__") else value)
    return frame.sort_values(list(set(schema.key) & set(kept))).reset_index(drop=True)


@pytest.mark.xdist_group("survival")
def test_tables_after_kills_equal_those_of_an_undisturbed_run(tmp_path: Path) -> None:
    killed = run(tmp_path / "killed").count("killed")
    run(tmp_path / "undisturbed", "--undisturbed")
    written = [table for table in TABLES if Lake(str(tmp_path / "undisturbed" / "lake")).exists(table)]
    by_a_person = {"restorations", "role_corrections", "consent_events", "product_ledger"}
    assert set(written) >= set(TABLES) - by_a_person - {"duplicate_links", "posting_vectors"}
    assert killed >= len(written) - 1, "every table's commit was followed by a kill"
    for table in written:
        if table == "source_health":
            continue  # one row per board and run, and the killed home had more runs
        after, expected = contents(tmp_path / "killed", table), contents(tmp_path / "undisturbed", table)
        pd.testing.assert_frame_equal(after, expected, obj=table, rtol=1e-6)
