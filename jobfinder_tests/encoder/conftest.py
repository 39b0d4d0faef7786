"""A transformer of a few thousand parameters, made here: what the tests fine-tune in seconds."""

from pathlib import Path

import pytest

from jobfinder_assets.config import Encoder
from jobfinder_assets.encoder.weights import installed
from jobfinder_tests.training import people

needs_extra = pytest.mark.skipif(not installed(), reason='needs the extra: pip install "jobfinder[encoder]"')

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,:;+#-/()'"


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as [encoder] weights names it: two layers of 32 numbers, random but seeded; few words known whole."""
    if not installed():
        pytest.skip('needs the extra: pip install "jobfinder[encoder]"')
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("tiny")
    raw = folder / "raw"
    raw.mkdir()
    words = sorted({word for duties in people.DUTIES.values() for word in duties.split() if len(word) < 8})
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    vocabulary += [word for word in words if word not in ("dbt", "spark")] + people.PADDING
    (raw / "vocab.txt").write_text("\n".join(dict.fromkeys(vocabulary)) + "\n", encoding="utf-8")
    tokenizer = BertTokenizer(vocab=str(raw / "vocab.txt"), do_lower_case=True)
    tokenizer.save_pretrained(raw)
    # Some thousand numbers: two threads would wait for each other longer than they work.
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=80,
    )  # fmt: skip
    BertModel(config).save_pretrained(raw)
    transformer = Transformer(str(raw), max_seq_length=64)
    whole = SentenceTransformer(modules=[transformer, Pooling(32, "mean"), Normalize()], device="cpu")
    whole.save(str(folder / "model"))
    return folder / "model"


@pytest.fixture
def tiny(tiny_weights: Path) -> Encoder:
    return Encoder(weights=str(tiny_weights), device="cpu", words=20)
