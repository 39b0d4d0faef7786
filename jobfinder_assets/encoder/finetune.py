"""Fine-tuning the transformer on a few hundred labels: contrastive first, or a classification head; on CPU or GPU.

`contrastive` is SetFit's two steps (Tunstall et al. 2022): the encoder learns to bring postings of a kind together,
then a logistic regression is fitted on its vectors. Instead of sampled pairs, every pair of a batch counts (supervised
contrastive loss, Khosla et al. 2020), which sees each text once an epoch. `head` trains encoder and a linear head
together. `frozen` leaves the encoder as it is and fits the logistic regression alone. Only the upper layers are
trained: what the lower ones say of each text is worked out once and kept, so that an epoch costs a third, on a CPU
minutes instead of an hour. On a GPU the passes run in mixed precision.

How many epochs is decided on inner grouped folds, and none is among the choices: then the encoder stays as it was.
The package setfit is not used: its trainer knows neither grouped folds nor kept layers nor losses for rare classes.

This file needs torch, sentence-transformers, numpy and scikit-learn, and of jobfinder only what a bundle carries.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from jobfinder_assets.encoder.focal import FOCUS, focal_regression

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Kind = Literal["frozen", "contrastive", "head"]
Balance = Literal["none", "weights", "sampled", "focal"]
Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
# (train rows, test rows) of each fold.
Folds = Sequence[tuple[Rows, Rows]]

INNER_SPLITS = 3
# Logistic regression on unit vectors.
_HEAD_C = 10.0
_READ = 32


@dataclass(frozen=True)
class Recipe:
    """How to fine-tune.

    kind: see the module's head. balance: what is done about a rare class: "none"; "weights", its rows weigh more;
    "sampled", every batch (`frozen`: the whole fit) holds as many of each class; "focal", easy rows weigh little (Lin
    et al. 2017; not `contrastive`, which has no rows of its own to weigh).
    layers: how many upper layers are trained. epochs: at most. early_stopping: choose the number of epochs on inner
    grouped folds; else all are made. temperature: of the contrastive loss.
    """

    kind: Kind = "contrastive"
    balance: Balance = "sampled"
    layers: int = 2
    epochs: int = 4
    early_stopping: bool = True
    batch: int = 32
    learning_rate: float = 5e-5
    temperature: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind == "contrastive" and self.balance == "focal":
            raise ValueError("a focal loss needs a classification head: Recipe(kind='head', balance='focal')")

    @property
    def most_epochs(self) -> int:
        return 0 if self.kind == "frozen" else self.epochs

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Recipe":
        """Read what `to_dict` gave; raises ValueError naming an unknown setting."""
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"unknown setting {unknown[0]!r} of a recipe")
        return cls(**values)


# What is compared (`compare`): what is done about a rare class, for each kind.
_BALANCES: dict[Kind, tuple[Balance, ...]] = {
    "frozen": ("none", "weights", "sampled", "focal"),
    "contrastive": ("none", "weights", "sampled"),
    "head": ("none", "weights", "sampled", "focal"),
}
STRATEGIES: dict[str, Recipe] = {
    f"{kind}, {balance}": Recipe(kind=kind, balance=balance)
    for kind, balances in _BALANCES.items()
    for balance in balances
}


@dataclass(frozen=True, eq=False)
class Reading:
    """What the frozen lower layers make of n texts: one (tokens, d) tensor of half precision for each.

    layers: how many upper layers are still to come.
    """

    hidden: Sequence[Any]
    layers: int

    def __len__(self) -> int:
        return len(self.hidden)


@dataclass(frozen=True, eq=False)
class Classifier:
    """A fine-tuned encoder's upper layers with its head.

    layers: torch.nn.ModuleList; coefficients (d,) and intercept of the head on unit vectors; epochs: how many were
    made; history: mean inner average precision after 0, 1, ... epochs (empty without early stopping).
    """

    layers: Any
    coefficients: Floats
    intercept: float
    recipe: Recipe
    epochs: int
    history: tuple[float, ...]

    def score(self, reading: Reading) -> Floats:
        """(n,) log-odds that each text is liked."""
        return _vectors(self.layers, reading, np.arange(len(reading))) @ self.coefficients + self.intercept


def read(encoder: "SentenceTransformer", texts: Sequence[str], *, layers: int) -> Reading:
    """Pass n texts through the encoder's embeddings and all but the last `layers` layers, once."""
    import torch

    model = encoder[0].model.eval()
    lower = model.encoder.layer[: len(model.encoder.layer) - layers]
    most = int(encoder.max_seq_length or 256)
    hidden: list[Any] = []
    with torch.inference_mode(), _mixed_precision(model.device):
        for first in range(0, len(texts), _READ):
            batch = encoder.tokenizer(
                list(texts[first : first + _READ]), padding=True, truncation=True, max_length=most, return_tensors="pt"
            ).to(model.device)
            mask = batch["attention_mask"]
            state = _through(lower, model.embeddings(input_ids=batch["input_ids"]), mask)
            lengths = mask.sum(dim=1).tolist()
            hidden += [row[:length].half().cpu().clone() for row, length in zip(state, lengths, strict=True)]
    return Reading(hidden, layers)


def fine_tune(encoder: "SentenceTransformer", reading: Reading, labels: Any, groups: Any, recipe: Recipe) -> Classifier:
    """Fit on n texts (as read), n labels (0/1) and n groups that inner folds keep whole. The encoder is not changed.

    Raises ValueError when the labels have one class only, or when the reading is of other layers.
    """
    labels, groups = np.asarray(labels, np.int64), np.asarray(groups)
    if not 0 < labels.sum() < len(labels):
        raise ValueError("fine-tuning needs interesting and not interesting postings, got one kind only")
    if reading.layers != recipe.layers:
        raise ValueError(f"texts were read for {reading.layers} trained layers, the recipe trains {recipe.layers}")
    history: list[float] = []
    epochs = recipe.most_epochs
    folds = inner_folds(labels, groups, seed=recipe.seed) if recipe.early_stopping and epochs else []
    if folds:
        curves = []
        for train, test in folds:
            curve: list[float] = []
            keep = _watch(reading, labels, train, test, recipe, into=curve)
            _train(encoder, reading, labels, train, recipe, epochs=recipe.epochs, on_epoch=keep)
            curves.append(curve)
        history = [float(value) for value in np.mean(curves, axis=0)]
        epochs = int(np.argmax(history))
    rows = np.arange(len(labels))
    layers, head = _train(encoder, reading, labels, rows, recipe, epochs=epochs)
    coefficients, intercept = _head(layers, head, reading, labels, rows, recipe)
    return Classifier(layers, coefficients, intercept, recipe, epochs, tuple(history))


def inner_folds(labels: NDArray[np.int64], groups: NDArray[Any], *, seed: int) -> Folds:
    """Stratified folds of whole groups with both classes on either side; none when a class has a single group."""
    from sklearn.model_selection import StratifiedGroupKFold

    splits = min(INNER_SPLITS, *(len(set(groups[labels == value])) for value in (0, 1)))
    if splits < 2:
        return []
    folds = StratifiedGroupKFold(splits, shuffle=True, random_state=seed).split(labels, labels, groups)
    return [(train, test) for train, test in folds if all(0 < labels[side].sum() < len(side) for side in (train, test))]


def out_of_fold(
    encoder: "SentenceTransformer", reading: Reading, labels: Any, groups: Any, folds: Folds, recipe: Recipe
) -> Floats:
    """(n,) scores of each row by a classifier that saw no row of its fold; NaN where a row is in no test side."""
    labels, groups = np.asarray(labels, np.int64), np.asarray(groups)
    scores = np.full(len(labels), np.nan)
    for train, test in folds:
        found = fine_tune(encoder, take(reading, train), labels[train], groups[train], recipe)
        scores[test] = found.score(take(reading, test))
    return scores


def compare(
    encoder: "SentenceTransformer",
    reading: Reading,
    labels: Any,
    groups: Any,
    folds: Folds,
    *,
    strategies: dict[str, Recipe],
) -> list[dict[str, Any]]:
    """Per strategy for a rare class: its name, AP and ROC-AUC on rows that were not trained on, seconds, and `scores`.

    scores: (n,) as `out_of_fold` gives them, None where a row is in no test side: what intervals are made of.
    """
    from time import perf_counter

    from sklearn.metrics import average_precision_score, roc_auc_score

    rows = []
    for name, recipe in strategies.items():
        started = perf_counter()
        scores = out_of_fold(encoder, reading, labels, groups, folds, recipe)
        tested = ~np.isnan(scores)
        truth = np.asarray(labels)[tested]
        rows.append(
            {
                "strategy": name,
                "AP": float(average_precision_score(truth, scores[tested])),
                "ROC-AUC": float(roc_auc_score(truth, scores[tested])),
                "seconds": perf_counter() - started,
                "scores": [float(score) if np.isfinite(score) else None for score in scores],
            }
        )
    return rows


def merged(encoder: "SentenceTransformer", classifier: Classifier) -> "SentenceTransformer":
    """A copy of the encoder with the classifier's upper layers in place."""
    whole = deepcopy(encoder)
    model = whole[0].model
    kept = len(model.encoder.layer) - len(classifier.layers)
    for number, layer in enumerate(classifier.layers):
        model.encoder.layer[kept + number].load_state_dict(layer.state_dict())
    return whole


def take(reading: Reading, rows: Any) -> Reading:
    """The given rows, in that order."""
    return Reading([reading.hidden[row] for row in rows], reading.layers)


def _train(
    encoder: "SentenceTransformer",
    reading: Reading,
    labels: NDArray[np.int64],
    rows: Rows,
    recipe: Recipe,
    *,
    epochs: int,
    on_epoch: Callable[[Any, Any], None] | None = None,
) -> tuple[Any, Any]:
    """(upper layers, linear head) after some epochs on the given rows; `on_epoch` sees both after 0, 1, ... epochs."""
    import torch

    model = encoder[0].model
    with _seeded(recipe.seed):
        layers = deepcopy(model.encoder.layer[len(model.encoder.layer) - recipe.layers :])
        head = torch.nn.Linear(model.config.hidden_size, 1).to(model.device)
        # Balanced classes are what every loss but "none" assumes; the head's first epochs need not learn the odds.
        torch.nn.init.zeros_(head.weight)
        torch.nn.init.zeros_(head.bias)
        steps = max(epochs, 1) * max(-(-len(rows) // recipe.batch), 1)
        # The head starts from nothing and has a shorter way to go than its rate would take it.
        optimiser = torch.optim.AdamW(
            [{"params": layers.parameters()}, {"params": head.parameters(), "lr": 100 * recipe.learning_rate}],
            lr=recipe.learning_rate,
        )
        warm = max(steps // 10, 1)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: min((step + 1) / warm, max(steps - step, 1) / max(steps - warm, 1))
        )
        scaler = torch.amp.GradScaler(enabled=precision(model.device) is torch.float16)
        if on_epoch is not None:
            on_epoch(layers, head)
        draw = np.random.default_rng(recipe.seed)
        for _ in range(epochs):
            layers.train()
            for batch in _batches(labels, rows, recipe, draw):
                with _mixed_precision(model.device):
                    vectors = _embed(layers, [reading.hidden[row] for row in batch], model.device)
                    target = torch.as_tensor(labels[batch], device=model.device)
                    loss = _loss(vectors.float(), target, head, labels[rows], recipe)
                optimiser.zero_grad()
                scaler.scale(loss).backward()
                scaler.unscale_(optimiser)
                torch.nn.utils.clip_grad_norm_(layers.parameters(), 1.0)
                scaler.step(optimiser)
                scaler.update()
                schedule.step()
            if on_epoch is not None:
                on_epoch(layers, head)
    return layers.eval(), head


def _watch(
    reading: Reading, labels: NDArray[np.int64], train: Rows, test: Rows, recipe: Recipe, *, into: list[float]
) -> Callable[[Any, Any], None]:
    """After an epoch: the average precision on the rows `test`, kept in `into`."""
    from sklearn.metrics import average_precision_score

    def keep(layers: Any, head: Any) -> None:
        coefficients, intercept = _head(layers.eval(), head, reading, labels, train, recipe)
        scores = _vectors(layers, reading, test) @ coefficients + intercept
        into.append(float(average_precision_score(labels[test], scores)))

    return keep


def _head(
    layers: Any, head: Any, reading: Reading, labels: NDArray[np.int64], rows: Rows, recipe: Recipe
) -> tuple[Floats, float]:
    """(coefficients, intercept): a logistic regression on the vectors, or the trained head where it has learnt."""
    from sklearn.linear_model import LogisticRegression

    weight = head.weight.detach().float().cpu().numpy().ravel().astype(np.float64)
    if recipe.kind == "head" and weight.any():
        return weight, float(head.bias.detach().float().item())
    if recipe.kind == "frozen" and recipe.balance == "sampled":
        rows = _as_many(labels, rows, seed=recipe.seed)
    vectors = _vectors(layers, reading, rows)
    if recipe.balance == "focal":
        return focal_regression(vectors, labels[rows], strength=_HEAD_C)
    balanced = None if recipe.balance == "none" else "balanced"
    found = LogisticRegression(C=_HEAD_C, class_weight=balanced, max_iter=1_000).fit(vectors, labels[rows])
    return np.asarray(found.coef_[0], np.float64), float(found.intercept_[0])


def _as_many(labels: NDArray[np.int64], rows: Rows, *, seed: int) -> Rows:
    """The rows of the rarer class, and as many drawn of the other."""
    draw = np.random.default_rng(seed)
    sides = [rows[labels[rows] == value] for value in (0, 1)]
    fewest = min(map(len, sides))
    return np.sort(np.concatenate([draw.choice(side, fewest, replace=False) for side in sides]))


def _batches(labels: NDArray[np.int64], rows: Rows, recipe: Recipe, draw: np.random.Generator) -> Iterator[Rows]:
    """One epoch: every row once; or, sampled, half of each batch of either class, the rare one drawn again."""
    if recipe.balance != "sampled":
        order = draw.permutation(rows)
        for first in range(0, len(order), recipe.batch):
            if len(order) - first > 1 or first == 0:
                yield order[first : first + recipe.batch]
        return
    likes, others = draw.permutation(rows[labels[rows] == 1]), draw.permutation(rows[labels[rows] == 0])
    half = recipe.batch // 2
    for number in range(max(-(-len(rows) // recipe.batch), 1)):
        places = np.arange(number * half, (number + 1) * half)
        parts = [side[places % len(side)] for side in (likes, others)]
        # A class smaller than half a batch is not repeated inside it: a text is no pair of its own.
        yield np.concatenate([np.unique(part) for part in parts])


def _loss(vectors: Any, target: Any, head: Any, labels: NDArray[np.int64], recipe: Recipe) -> Any:
    """The batch's loss. vectors: (b, d) unit vectors; target: (b,) 0/1; labels: of all rows trained on."""
    import torch
    from torch.nn import functional

    share = float(labels.mean())
    rare = torch.where(target == 1, 0.5 / share, 0.5 / (1 - share)) if recipe.balance == "weights" else None
    if recipe.kind == "head":
        logits = head(vectors).squeeze(1)
        each = functional.binary_cross_entropy_with_logits(logits, target.float(), reduction="none")
        if recipe.balance == "focal":
            # Lin et al. 2017: (1 - p of the true class)^gamma, and the classes' inverse share as alpha.
            alpha = torch.where(target == 1, 1 - share, share) * 2
            each = alpha * (1 - torch.exp(-each)) ** FOCUS * each
        return (each if rare is None else rare * each).mean()
    alike = vectors @ vectors.T / recipe.temperature
    own = torch.eye(len(target), dtype=torch.bool, device=target.device)
    alike = alike.masked_fill(own, -1e4)
    pairs = (target[:, None] == target[None, :]) & ~own
    log_share = alike - torch.logsumexp(alike, dim=1, keepdim=True)
    count = pairs.sum(dim=1)
    each = -(log_share * pairs).sum(dim=1) / count.clamp(min=1)
    weight = (count > 0).float() * (1.0 if rare is None else rare)
    return (each * weight).sum() / weight.sum().clamp(min=1e-6)


def _vectors(layers: Any, reading: Reading, rows: Rows) -> Floats:
    """(len(rows), d) unit vectors of rows, without training."""
    import torch

    device = next(layers.parameters()).device
    # Texts of like length together: less padding.
    order = np.argsort([len(reading.hidden[row]) for row in rows], kind="stable")
    found: Floats = np.zeros((len(rows), reading.hidden[0].shape[1] if len(reading) else 0))
    training = layers.training
    layers.eval()
    with torch.inference_mode(), _mixed_precision(device):
        for first in range(0, len(rows), _READ):
            part = order[first : first + _READ]
            vectors = _embed(layers, [reading.hidden[row] for row in np.asarray(rows)[part]], device)
            found[part] = vectors.float().cpu().numpy()
    layers.train(training)
    return found


def _embed(layers: Any, hidden: Sequence[Any], device: Any) -> Any:
    """(b, d) unit vectors: the upper layers, the mean over the tokens, length one."""
    import torch
    from torch.nn import functional
    from torch.nn.utils.rnn import pad_sequence

    state = pad_sequence(list(hidden), batch_first=True).to(device, dtype=torch.float32)
    lengths = torch.tensor([len(row) for row in hidden], device=device)
    mask = (torch.arange(state.shape[1], device=device) < lengths[:, None]).long()
    state = _through(layers, state, mask)
    mean = (state * mask[:, :, None]).sum(dim=1) / lengths[:, None]
    return functional.normalize(mean, dim=1)


def _through(layers: Any, state: Any, mask: Any) -> Any:
    """(b, t, d) through transformer layers; mask: (b, t), 1 for a token."""
    import torch

    blocked = torch.zeros(mask.shape, dtype=state.dtype, device=state.device)
    blocked = blocked.masked_fill(mask == 0, torch.finfo(torch.float16).min)[:, None, None, :]
    for layer in layers:
        found = layer(state, blocked.to(state.dtype))
        state = found[0] if isinstance(found, tuple) else found
    return state


def precision(device: Any) -> Any:
    """The type that the passes on a device are made in: half precision on a CUDA GPU, None (single) elsewhere.

    bfloat16 needs no scaling of gradients, but older GPUs (such as the T4 of Colab) only emulate it, slowly.
    """
    import torch

    if device.type != "cuda":
        return None
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def _mixed_precision(device: Any) -> AbstractContextManager[Any]:
    import torch

    kind = precision(device)
    return nullcontext() if kind is None else torch.autocast(device.type, dtype=kind)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """torch draws the same numbers inside, and goes on as before outside."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
