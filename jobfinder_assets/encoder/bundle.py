"""One file out, one file back: what a GPU elsewhere needs to fine-tune, and the model that it returns.

A training bundle holds texts, labels, groups, the frozen folds, the domain's words, and the code that reads it; a model
bundle the fine-tuned encoder with its head, its scores of rows that it was not trained on, and what it claims of them.
Both are zip files with a manifest that names every member and its SHA-256; weights are safetensors, nothing is pickled.
Of jobfinder this file needs only what the training bundle carries (`CODE`).
"""

import hashlib
import json
import platform
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO, StringIO
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

import jobfinder_assets
from jobfinder_assets.encoder import finetune
from jobfinder_assets.encoder.weights import load, weights_version
from jobfinder_assets.storage.files import write_bytes

FORMAT = 2
# What the training bundle carries of jobfinder: enough to fine-tune where nothing else is installed.
CODE = (
    "__init__.py", "config.py", "encoder/__init__.py", "encoder/bundle.py", "encoder/finetune.py",
    "encoder/focal.py", "encoder/weights.py", "storage/__init__.py", "storage/files.py",
)  # fmt: skip
MANIFEST = "manifest.json"
_MOST_BYTES = 2 * 2**30
# Texts whose scores the model bundle states, so that the importing side can see that the model gives them.
_PROBES = 4
_TIMED = 64
_PROBE_TOLERANCE = 0.05
_METRIC_TOLERANCE = 1e-6
_PACKAGES = ("torch", "transformers", "sentence-transformers", "scikit-learn", "numpy")


class BundleError(ValueError):
    """A bundle is not what it says it is; the message says in what, and what to do."""


@dataclass(frozen=True)
class Fold:
    """One of the frozen folds, in posting ids."""

    repeat: int
    train: tuple[str, ...]
    test: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class TrainingBundle:
    """n labelled postings as a transformer reads them.

    facts: profile, folds (fingerprint), label_hash; digest: SHA-256 of the file.
    """

    posting_ids: tuple[str, ...]
    texts: tuple[str, ...]
    labels: NDArray[np.bool_]
    groups: NDArray[Any]
    folds: tuple[Fold, ...]
    words: tuple[str, ...]
    facts: dict[str, str]
    digest: str = ""

    def __len__(self) -> int:
        return len(self.posting_ids)


@dataclass(frozen=True, eq=False)
class ModelBundle:
    """What came back.

    claims: the manifest's facts and metrics; scores: repeat -> posting -> out-of-fold score; strategies: as
    `finetune.compare` gives them, on the first repeat.
    """

    path: Path
    claims: dict[str, Any]
    scores: dict[int, dict[str, float]]
    strategies: list[dict[str, Any]]

    def metrics(self) -> dict[str, float]:
        return {name: float(value) for name, value in self.claims["metrics"].items()}


def write_training_bundle(path: Path, bundle: TrainingBundle) -> Path:
    """Write the bundle as one zip file, atomically. Equal bundles give equal bytes."""
    rows = zip(bundle.posting_ids, bundle.texts, bundle.labels.tolist(), bundle.groups.tolist(), strict=True)
    names = ("posting_id", "text", "interesting", "group")
    members = {
        "postings.jsonl": _lines(dict(zip(names, row, strict=True)) for row in rows),
        "folds.jsonl": _lines({"repeat": f.repeat, "train": f.train, "test": f.test} for f in bundle.folds),
        "words.json": _json(list(bundle.words)),
    }
    home = Path(jobfinder_assets.__file__).parent
    members |= {f"code/jobfinder_assets/{name}": (home / name).read_bytes() for name in CODE}
    return _write(path, "training", members, bundle.facts)


def read_training_bundle(path: Path) -> TrainingBundle:
    """Read and verify a training bundle; raises BundleError saying what is wrong with it."""
    with _opened(path, "training") as (archive, manifest):
        rows = [json.loads(line) for line in archive.read("postings.jsonl").splitlines()]
        folds = [json.loads(line) for line in archive.read("folds.jsonl").splitlines()]
        words = json.loads(archive.read("words.json"))
    return TrainingBundle(
        tuple(row["posting_id"] for row in rows),
        tuple(row["text"] for row in rows),
        np.array([row["interesting"] for row in rows], dtype=bool),
        np.array([row["group"] for row in rows], dtype=object),
        tuple(Fold(fold["repeat"], tuple(fold["train"]), tuple(fold["test"])) for fold in folds),
        tuple(words),
        {name: str(value) for name, value in manifest["facts"].items()},
        hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def train_bundle(
    bundle: TrainingBundle,
    weights: Path,
    path: Path,
    *,
    recipe: finetune.Recipe,
    strategies: Mapping[str, finetune.Recipe] | None = None,
    repeats: int = 1,
    device: str = "auto",
    say: Callable[[str], None] = print,
) -> Path:
    """Fine-tune on a bundle and write the model bundle to `path`.

    weights: folder of the base model. The first `repeats` repeats of the frozen folds are scored by classifiers that
    did not see them; `strategies` are compared on the first. `say` is told what goes on.
    """
    started = time.perf_counter()
    encoder = load(weights, device=device, words=bundle.words)
    reading = finetune.read(encoder, bundle.texts, layers=recipe.layers)
    say(f"{len(bundle)} texts read on {encoder.device} in {time.perf_counter() - started:.0f} s")
    compared: list[dict[str, Any]] = []
    scores: list[dict[str, Any]] = []
    measured = []
    for repeat in sorted({fold.repeat for fold in bundle.folds})[:repeats]:
        folds = rows_of(bundle, repeat)
        found = finetune.out_of_fold(encoder, reading, bundle.labels, bundle.groups, folds, recipe)
        measured.append(metrics_of(bundle.labels, found))
        say(f"repeat {repeat}: average precision {measured[-1]['AP']:.3f} on rows not trained on")
        scores += [
            {"repeat": repeat, "posting_id": identity, "score": float(score)}
            for identity, score in zip(bundle.posting_ids, found, strict=True)
            if np.isfinite(score)
        ]
        if strategies and not compared:
            compared = finetune.compare(
                encoder, reading, bundle.labels, bundle.groups, folds, strategies=dict(strategies)
            )
            say("strategies: " + "; ".join(f"{row['strategy']} {row['AP']:.3f}" for row in compared))
    before = time.perf_counter()
    classifier = finetune.fine_tune(encoder, reading, bundle.labels, bundle.groups, recipe)
    seconds = time.perf_counter() - before
    say(f"fitted on all {len(bundle)} labels: {classifier.epochs} epochs in {seconds:.0f} s")
    facts = bundle.facts | {
        "training_bundle": bundle.digest,
        "weights": weights_version(weights),
        "words": len(bundle.words),
        "recipe": recipe.to_dict(),
        "epochs": classifier.epochs,
        "history": list(classifier.history),
        "repeats": len(measured),
        "metrics": {name: float(np.mean([each[name] for each in measured])) for name in measured[0]},
        "seconds_to_fine_tune": seconds,
        "seconds": time.perf_counter() - started,
        "device": device_name(encoder),
        "versions": {"python": platform.python_version()} | _versions(),
    }
    members = {
        "head.json": _json({"coefficients": classifier.coefficients.tolist(), "intercept": classifier.intercept}),
        "scores.jsonl": _lines(scores),
        "strategies.json": _json(compared),
        "words.json": _json(list(bundle.words)),
    }
    whole = finetune.merged(encoder, classifier)
    with tempfile.TemporaryDirectory(prefix="jobfinder-") as name:
        with redirect_stderr(StringIO()):
            whole.save(name, create_model_card=False)
        saved = sorted(file for file in Path(name).rglob("*") if file.is_file())
        members |= {f"model/{file.relative_to(name).as_posix()}": file.read_bytes() for file in saved}
        head = (classifier.coefficients, classifier.intercept)
        probes = list(bundle.texts[:_PROBES])
        facts["postings_per_second"] = _rate(whole, bundle.texts)
        members["probes.json"] = _json({"scores": _scores(load(Path(name), device="cpu"), head, probes).tolist()})
    return _write(path, "model", members, facts)


def verify_model_bundle(path: Path, training: TrainingBundle) -> ModelBundle:
    """Read a model bundle and hold it against the training bundle as it would be written now.

    Checked, in this order: the file's format; its members against their SHA-256; that it was trained on these labels
    and folds; the tokenizer against the words; all metrics, worked out again from its scores and these labels; and
    that the model gives the scores that the bundle states. Raises BundleError with the first of these that fails.
    """
    with _opened(path, "model") as (archive, manifest):
        facts = manifest["facts"]
        _check_origin(path, facts, training)
        words = json.loads(archive.read("words.json"))
        _check_tokenizer(path, archive, words, training)
        scores: dict[int, dict[str, float]] = {}
        for line in archive.read("scores.jsonl").splitlines():
            row = json.loads(line)
            scores.setdefault(int(row["repeat"]), {})[str(row["posting_id"])] = float(row["score"])
        _check_metrics(path, facts, scores, training)
        strategies = json.loads(archive.read("strategies.json"))
        _check_strategies(path, strategies, training)
        stated = json.loads(archive.read("probes.json"))["scores"]
    given = Scorer.read(path).score(list(training.texts[:_PROBES]))
    if not np.allclose(given, stated, atol=_PROBE_TOLERANCE):
        raise BundleError(
            f"{path}: the model does not give the scores that the bundle states (such as {given[0]:.3f}, not "
            f"{stated[0]:.3f}); train it again"
        )
    return ModelBundle(path, facts, scores, strategies)


@dataclass(frozen=True, eq=False)
class Scorer:
    """A model bundle at work: scores texts, or postings as MLflow hands them over."""

    encoder: Any
    head: tuple[NDArray[np.float64], float]

    @classmethod
    def read(cls, path: Path, *, device: str = "cpu") -> "Scorer":
        """Load the model of a bundle; raises BundleError when it is not whole."""
        with _opened(path, "model") as (archive, _), tempfile.TemporaryDirectory(prefix="jobfinder-") as name:
            for member in archive.namelist():
                if member.startswith("model/"):
                    archive.extract(member, name)
            head = json.loads(archive.read("head.json"))
            return cls(
                load(Path(name) / "model", device=device), (np.array(head["coefficients"]), float(head["intercept"]))
            )

    def score(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(n,) log-odds of n texts (encoder/windows.py, `whole_texts`)."""
        return _scores(self.encoder, self.head, texts)

    def predict(self, postings: Any, params: dict[str, Any] | None = None) -> NDArray[np.float64]:
        """(n,) log-odds of a frame with title and description."""
        from jobfinder_assets.encoder.windows import whole_texts

        return self.score(whole_texts(postings))


def _load_pyfunc(path: str) -> Scorer:
    """MLflow's loader: called with the file logged as data."""
    return Scorer.read(Path(path))


def rows_of(bundle: TrainingBundle, repeat: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """(train, test) row numbers of the folds of one repeat."""
    place = {identity: row for row, identity in enumerate(bundle.posting_ids)}
    return [
        (np.array([place[name] for name in fold.train]), np.array([place[name] for name in fold.test]))
        for fold in bundle.folds
        if fold.repeat == repeat
    ]


def metrics_of(labels: NDArray[np.bool_], scores: NDArray[np.float64]) -> dict[str, float]:
    """Average precision and ROC-AUC of (n,) scores, NaN where a row was in no test side."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    tested = np.isfinite(scores)
    return {
        "AP": float(average_precision_score(labels[tested], scores[tested])),
        "ROC-AUC": float(roc_auc_score(labels[tested], scores[tested])),
    }


def device_name(encoder: Any) -> str:
    """ "cpu", or the GPU's name."""
    import torch

    return torch.cuda.get_device_name(encoder.device) if encoder.device.type == "cuda" else str(encoder.device)


def _rate(encoder: Any, texts: Sequence[str]) -> float:
    """How many texts a second the encoder reads where it is."""
    some = list(texts[:_TIMED])
    encoder.encode(some[:1], show_progress_bar=False)
    started = time.perf_counter()
    encoder.encode(some, show_progress_bar=False)
    return len(some) / (time.perf_counter() - started)


def _scores(encoder: Any, head: tuple[NDArray[np.float64], float], texts: Sequence[str]) -> NDArray[np.float64]:
    vectors = np.asarray(encoder.encode(list(texts), show_progress_bar=False), np.float64)
    return np.asarray(vectors @ head[0] + head[1], np.float64)


def _check_origin(path: Path, facts: Mapping[str, Any], training: TrainingBundle) -> None:
    for name, what in (("profile", "profile"), ("label_hash", "labels"), ("folds", "folds")):
        if str(facts.get(name)) != training.facts[name]:
            raise BundleError(
                f"{path}: it was trained on other {what} than there are now ({facts.get(name)}, now "
                f"{training.facts[name]}); export and train again"
            )


def _check_tokenizer(path: Path, archive: zipfile.ZipFile, words: list[str], training: TrainingBundle) -> None:
    from tokenizers import Tokenizer

    if tuple(words) != training.words:
        raise BundleError(f"{path}: its tokenizer knows other words than were exported; export and train again")
    tokenizer = Tokenizer.from_str(archive.read("model/tokenizer.json").decode("utf-8"))
    split = [word for word in words if len(tokenizer.encode(word, add_special_tokens=False).ids) != 1]
    if split:
        raise BundleError(f"{path}: its tokenizer spells {split[0]!r} in pieces, which was exported as one token")
    size = int(json.loads(archive.read("model/config.json"))["vocab_size"])
    if tokenizer.get_vocab_size() != size:
        raise BundleError(
            f"{path}: its tokenizer knows {tokenizer.get_vocab_size()} tokens, the model {size}; they do not belong "
            "together"
        )


def _check_metrics(
    path: Path, facts: Mapping[str, Any], scores: Mapping[int, Mapping[str, float]], training: TrainingBundle
) -> None:
    found = []
    for repeat in range(int(facts["repeats"])):
        tested = {name for fold in training.folds if fold.repeat == repeat for name in fold.test}
        given = scores.get(repeat, {})
        if set(given) != tested:
            raise BundleError(f"{path}: repeat {repeat} has scores of other postings than its folds leave out")
        values = np.array([given.get(name, np.nan) for name in training.posting_ids])
        found.append(metrics_of(training.labels, values))
    for name, claimed in facts["metrics"].items():
        value = float(np.mean([each[name] for each in found])) if found else float("nan")
        if not abs(value - float(claimed)) <= _METRIC_TOLERANCE:
            raise BundleError(f"{path}: it claims {name} {float(claimed):.4f}, but its scores give {value:.4f}")


def _check_strategies(path: Path, strategies: Sequence[Mapping[str, Any]], training: TrainingBundle) -> None:
    first = {name for fold in training.folds if fold.repeat == 0 for name in fold.test}
    tested = [name in first for name in training.posting_ids]
    for row in strategies:
        name, scores = row["strategy"], np.array(row["scores"], dtype=np.float64)
        if np.isfinite(scores).tolist() != tested:
            raise BundleError(f"{path}: the strategy {name!r} has scores of other postings than the folds leave out")
        value = metrics_of(training.labels, scores)["AP"]
        if not abs(value - float(row["AP"])) <= _METRIC_TOLERANCE:
            raise BundleError(f"{path}: {name!r} claims AP {float(row['AP']):.4f}, but its scores give {value:.4f}")


@contextmanager
def _opened(path: Path, kind: str) -> Iterator[tuple[zipfile.ZipFile, dict[str, Any]]]:
    """(zip file, manifest) of a bundle whose members are all there and all whole."""
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise BundleError(f"{path}: there is no such file") from None
    except zipfile.BadZipFile as error:
        raise BundleError(f"{path}: not a bundle, or cut off on its way ({error}); copy it again") from error
    with archive:
        yield archive, _manifest(path, archive, kind)


def _manifest(path: Path, archive: zipfile.ZipFile, kind: str) -> dict[str, Any]:
    names = archive.namelist()
    if MANIFEST not in names:
        raise BundleError(f"{path}: no {MANIFEST} in it; it is not a bundle of jobfinder")
    if sum(member.file_size for member in archive.infolist()) > _MOST_BYTES:
        raise BundleError(f"{path}: more than {_MOST_BYTES >> 30} GiB when unpacked; no bundle is that large")
    try:
        manifest = json.loads(archive.read(MANIFEST))
        found, form, files = manifest["kind"], manifest["format"], manifest["files"]
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise BundleError(f"{path}: its {MANIFEST} cannot be read ({error})") from error
    if (found, form) != (kind, FORMAT):
        raise BundleError(f"{path}: a {found} bundle of format {form}; needed: {kind}, format {FORMAT}")
    if digest(manifest) != manifest.get("digest"):
        raise BundleError(f"{path}: {MANIFEST} was changed after it was written")
    strange = sorted(set(names) ^ {*files, MANIFEST})
    if strange or len(names) != len(set(names)):
        raise BundleError(f"{path}: {(strange or names)[0]!r} is missing, or is not in its manifest")
    for name, stated in files.items():
        if name.startswith("/") or ".." in PurePosixPath(name).parts or "\\" in name:
            raise BundleError(f"{path}: {name!r} is no path inside a bundle")
        try:
            content = archive.read(name)
        except zipfile.BadZipFile as error:
            raise BundleError(f"{path}: {name} is damaged ({error}); copy it again") from error
        if hashlib.sha256(content).hexdigest() != stated:
            raise BundleError(f"{path}: {name} was changed after it was written (its SHA-256 differs)")
    return dict(manifest)


def digest(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of a manifest without its own digest."""
    return hashlib.sha256(_json({name: value for name, value in manifest.items() if name != "digest"})).hexdigest()


def _write(path: Path, kind: str, members: Mapping[str, bytes], facts: Mapping[str, Any]) -> Path:
    files = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(members.items())}
    manifest: dict[str, Any] = {"format": FORMAT, "kind": kind, "facts": dict(facts), "files": files}
    manifest["digest"] = digest(manifest)
    held = BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in {MANIFEST: _json(manifest), **members}.items():
            # A fixed date: equal content gives equal bytes.
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return write_bytes(path, held.getvalue())


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode("utf-8")


def _lines(rows: Any) -> bytes:
    return b"".join(_json(row) + b"\n" for row in rows)
