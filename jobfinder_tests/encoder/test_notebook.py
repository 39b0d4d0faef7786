"""The notebooks with the extra: 03 from top to bottom on a CPU at small size, and 02 showing what came back."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from jobfinder_assets.config import Home, Settings
from jobfinder_assets.encoder import bundle as files
from jobfinder_assets.encoder import finetune
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.training import challenger
from jobfinder_tests.encoder.conftest import needs_extra
from jobfinder_tests.encoder.test_bundle import TRAINING, example_bundle, fill

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


@needs_extra
def test_the_second_notebook_shows_a_fine_tuned_model_beside_the_others(
    tiny_weights: Path, lake: Lake, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(lake, home)
    settings = Settings(mlflow_uri=f"sqlite:///{tmp_path / 'mlflow.db'}", training=TRAINING)
    sent = challenger.export_bundle(settings, lake, "ann", tmp_path / "out.zip")
    quick = finetune.Recipe(layers=1, epochs=1, batch=16, learning_rate=3e-3)
    frozen = finetune.Recipe(kind="frozen", balance="focal", layers=1)
    training = files.read_training_bundle(sent)
    back = files.train_bundle(
        training, tiny_weights, tmp_path / "back.zip", recipe=quick, strategies={"frozen, focal": frozen}, device="cpu",
        say=lambda text: None,
    )  # fmt: skip
    verdict = challenger.import_bundle(settings, lake, back, profile="ann")
    (home.root / "jobfinder.toml").write_text("[profiles.ann]\n", encoding="utf-8")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    environment = os.environ | {
        "JOBFINDER_MLFLOW_URI": settings.mlflow_uri, "JOBFINDER_TRAINING__OUTER_FOLDS": "3", "OMP_NUM_THREADS": "1",
        "IPYTHONDIR": str(tmp_path / "ipython"),
    }  # fmt: skip
    notebook = nbformat.read(NOTEBOOK.with_name("02_compare_models.ipynb"), as_version=4)
    resources = {"metadata": {"path": str(home.root)}}
    NotebookClient(notebook, timeout=400, kernel_name="python3", resources=resources).execute(env=environment)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    shown = "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs)
    assert f"fine-tuned, version {verdict.version}" in shown
    assert "frozen, focal" in shown
    assert "linear and trees, weights" in shown
