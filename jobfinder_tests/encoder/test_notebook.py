"""The notebook for a GPU, from top to bottom on a CPU, with a bundle and a transformer of small size."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from jobfinder_assets.encoder import bundle as files
from jobfinder_tests.encoder.conftest import needs_extra
from jobfinder_tests.encoder.test_bundle import example_bundle

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "03_finetune_on_gpu.ipynb"


@needs_extra
def test_the_notebook_makes_a_model_bundle_from_a_training_bundle(
    tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = example_bundle()
    path = files.write_training_bundle(tmp_path / "jobfinder-ann-training.zip", training)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(work / "jupyter"))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JOBFINDER_")}
    environment = kept | {
        "FINETUNE_BUNDLE": str(path), "FINETUNE_WEIGHTS": str(tiny_weights), "FINETUNE_EPOCHS": "1",
        "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "IPYTHONDIR": str(work / "ipython"),
    }  # fmt: skip
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(notebook, timeout=400, kernel_name="python3", resources={"metadata": {"path": str(work)}})
    client.execute(env=environment)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    shown = "\n".join(output.get("text", "") for output in outputs)
    assert f"{len(training)} labelled postings of ann" in shown
    assert "jobfinder encoder import jobfinder-ann-model.zip" in shown
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 2
    found = files.verify_model_bundle(tmp_path / "jobfinder-ann-model.zip", files.read_training_bundle(path))
    assert [row["strategy"] for row in found.strategies] == [
        "frozen, none", "frozen, weights", "frozen, sampled", "frozen, focal",
        "contrastive, none", "contrastive, weights", "contrastive, sampled",
        "head, none", "head, weights", "head, sampled", "head, focal",
    ]  # fmt: skip
    assert found.claims["recipe"]["layers"] == 2
