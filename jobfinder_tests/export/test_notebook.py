"""The notebook of a recipient, from top to bottom, on a package and without jobfinder."""

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from jobfinder_assets.config import Home, load_settings
from jobfinder_assets.export.demo import PROFILE, invent
from jobfinder_assets.export.package import Package, make_package
from jobfinder_assets.export.work import Request
from jobfinder_assets.storage.lake import Lake
from jobfinder_tests.export.conftest import BUYER, NOW, SEARCHES, agree, set_searches

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "04_read_data_product.ipynb"


def execute(folder: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> nbformat.NotebookNode:
    """The notebook with its outputs, by a kernel that finds neither settings nor a home of jobfinder."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(work / "jupyter"))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JOBFINDER_")}
    environment = kept | {"DATA_PRODUCT": str(folder), "IPYTHONDIR": str(work / "ipython"), "PYTHONWARNINGS": "ignore"}
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(work)}})
    return client.execute(env=environment)


def packaged(lake: Lake, home: Home) -> Package:
    invent(lake, postings=500, labels=250, words=25)
    set_searches(home, SEARCHES)
    agree(lake, home)
    return make_package(lake, load_settings(), Request(PROFILE, BUYER), now=NOW)


def test_a_recipient_reads_checks_and_learns(
    lake: Lake, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = packaged(lake, home)
    notebook = execute(package.folder, tmp_path, monkeypatch)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    shown = "\n".join(output.get("text", "") for output in outputs if output.get("name") == "stdout")
    assert f"{package.rows} rows" in shown and "the summary is right" in shown and "9 files" in shown
    assert f"to:    {BUYER}" in shown
    learnt = re.search(r"average precision (0\.\d\d); a random order would get (0\.\d\d)", shown)
    assert learnt is not None and float(learnt[1]) > float(learnt[2]) + 0.2, "the taste is found"
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 2


def test_a_package_that_was_changed_is_not_read(
    lake: Lake, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = packaged(lake, home)
    (package.folder / "data.csv").write_text("changed", encoding="utf-8")
    with pytest.raises(CellExecutionError, match=r"data\.csv is not as it was written"):
        execute(package.folder, tmp_path, monkeypatch)


def test_it_needs_no_jobfinder() -> None:
    source = "\n".join(cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code")
    assert "import jobfinder" not in source and "from jobfinder" not in source
