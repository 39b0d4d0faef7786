"""Every notebook runs from top to bottom on a lake made from the bundled sample, and on an empty one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from jobfinder_assets.storage.lake import Lake

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# These read a bundle or a package, not the lake: test_notebook.py of the rooms encoder and export.
ON_THE_LAKE = [path for path in NOTEBOOKS if path.stem[:2] not in ("03", "04")]
FEWEST_IMAGES = 3

CONFIGURATION = """
[http]
offline = true
[training]
trials = 2
outer_folds = 2
[compute]
backend = "sequential"
"""

pytestmark = pytest.mark.xdist_group("notebooks")


def environment(home: Path) -> dict[str, str]:
    """The variables of a process that sees this home and nothing of the developer's settings or kernels."""
    kept = {
        name: value for name, value in os.environ.items() if name != "MPLBACKEND" and not name.startswith("JOBFINDER_")
    }
    return kept | {
        "JOBFINDER_HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "JUPYTER_DATA_DIR": str(home / "jupyter"),
        "IPYTHONDIR": str(home / "ipython"),
    }


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after one run on the bundled sample: every table written, labels read, a model, recommendations."""
    home = tmp_path_factory.mktemp("sample_home")
    (home / "jobfinder.toml").write_text(CONFIGURATION, encoding="utf-8")
    command = [sys.executable, "-m", "jobfinder_assets", "run", "--plain"]
    result = subprocess.run(
        command, env=environment(home), cwd=home, capture_output=True, text=True, check=False, timeout=280
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return home


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty_home")


@cache
def execute(path: Path, home: Path) -> nbformat.NotebookNode:
    """The notebook with its outputs; a cell that raises fails the test with the cell's traceback."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(home)}}
    with pytest.MonkeyPatch.context() as patch:
        # The kernel must be this interpreter, whatever kernels the developer has installed.
        patch.setenv("JUPYTER_DATA_DIR", str(home / "jupyter"))
        patch.delenv("MPLBACKEND", raising=False)
        client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources)
        return client.execute(env=environment(home))


def outputs(notebook: nbformat.NotebookNode) -> Iterator[nbformat.NotebookNode]:
    for cell in notebook.cells:
        yield from cell.get("outputs", [])


def images(notebook: nbformat.NotebookNode) -> int:
    return sum("image/png" in output.get("data", {}) for output in outputs(notebook))


def text(notebook: nbformat.NotebookNode) -> str:
    shown = (output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs(notebook))
    return "\n".join(shown)


def test_there_are_notebooks() -> None:
    assert [path.name for path in NOTEBOOKS][:1] == ["01_explore_postings.ipynb"]


@pytest.mark.parametrize("path", ON_THE_LAKE, ids=lambda path: path.stem)
def test_notebook_runs_on_the_sample(path: Path, sample_home: Path) -> None:
    notebook = execute(path, sample_home)
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
    assert images(notebook) >= FEWEST_IMAGES
    warnings = [output["text"] for output in outputs(notebook) if output.get("name") == "stderr"]
    assert not [words for words in warnings if "Warning:" in words]


@pytest.mark.parametrize("path", ON_THE_LAKE, ids=lambda path: path.stem)
def test_notebook_runs_on_an_empty_lake_and_says_what_to_do(path: Path, empty_home: Path) -> None:
    notebook = execute(path, empty_home)
    assert images(notebook) >= FEWEST_IMAGES
    assert "`jobfinder run`" in text(notebook)


def test_first_notebook_shows_what_the_lake_holds(sample_home: Path) -> None:
    shown = text(execute(ROOT / "notebooks" / "01_explore_postings.ipynb", sample_home))
    lake = Lake(str(sample_home / "lake"))
    postings = lake.read("postings", ["posting_id"])
    clusters = lake.read("posting_clusters", ["cluster_id"])["cluster_id"].nunique()
    assert f"{len(postings):,} postings of {clusters:,} openings" in shown
    assert f"{len(postings) - clusters:,} of {len(postings):,} postings repeat another one" in shown
    best = (
        lake.read("recommendations", ["rank", "title"], [("profile", "=", "example")]).set_index("rank").at[1, "title"]
    )
    assert best in shown


def test_second_notebook_compares_the_ways_to_read_and_the_answers_to_rare_likes(sample_home: Path) -> None:
    shown = text(execute(ROOT / "notebooks" / "02_compare_models.ipynb", sample_home))
    for words in ("linear", "LightGBM", "postings/s", "seconds to train", "against linear"):
        assert words in shown
    for kind in ("linear", "linear and trees"):
        for strategy in ("none", "weights", "sampled", "focal"):
            assert f"{kind}, {strategy}" in shown


def test_no_notebook_of_the_repository_stores_outputs() -> None:
    found = []
    for folder, inner, files in os.walk(ROOT):
        inner[:] = [
            name for name in inner if not name.startswith((".", "__")) and name not in ("build", "node_modules")
        ]
        found += [Path(folder, name) for name in files if name.endswith(".ipynb")]
    assert set(NOTEBOOKS) <= set(found)
    for path in found:
        cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        stored = [number for number, cell in enumerate(cells, 1) if cell.outputs or cell.execution_count]
        assert not stored, f"{path}: code cells {stored} store outputs; clear them before committing"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_valid_and_names_no_machine(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    source = "\n".join(cell.source for cell in notebook.cells)
    assert not [word for word in ("/home/", "/Users/", "C:\\", "/tmp/") if word in source]
    assert notebook.cells[0].cell_type == "markdown" and notebook.cells[0].source.startswith("# ")
