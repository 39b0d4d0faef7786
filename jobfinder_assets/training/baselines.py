"""What a model must beat: rankings that need no labels, and the usual text classifiers.

Each has the shape of a model: `fit(examples)` returns itself, `score(examples)` gives one number per row,
higher = more interesting. `profile_scores`, made of the same parts, ranks for a profile without enough labels.
"""

from collections.abc import Sequence
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobfinder_assets.config import Profile
from jobfinder_assets.storage.schemas import ROLES
from jobfinder_assets.training.training_set import Examples

Scores = NDArray[np.float64]

# Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), 3.2; k1 and b as in Lucene.
_K1, _B = 1.2, 0.75
_TEXT_CHARACTERS = 6_000
# The cold start in units of one: all words at their best, a role that is surely wanted, the place, the workplace.
_PLACE_WEIGHT = 0.3
_REMOTE_WEIGHT = {"any": 0.0, "preferred": 0.3, "only": 1.0, "no": -1.0}
_MAXIMUM_WORDS = 20_000


class Ranker(Protocol):
    """Learns from labelled rows (or ignores them) and scores others."""

    def fit(self, examples: Examples) -> Self: ...
    def score(self, examples: Examples) -> Scores: ...


class Newest:
    """Newest first: by posted_at, else first_seen_at; rows without either come last."""

    def fit(self, examples: Examples) -> Self:
        return self

    def score(self, examples: Examples) -> Scores:
        posted, seen = (
            pd.to_datetime(examples.postings[name], utc=True, errors="coerce")
            for name in ("posted_at", "first_seen_at")
        )
        days = (posted.fillna(seen) - pd.Timestamp("2000-01-01", tz="UTC")).dt.total_seconds() / 86_400
        return np.asarray(days.fillna(-1.0), dtype=np.float64)


class Keywords:
    """BM25 of the profile's words over title and description."""

    def __init__(self, profile: Profile) -> None:
        self.words = profile_words(profile)

    def fit(self, examples: Examples) -> Self:
        return self

    def score(self, examples: Examples) -> Scores:
        return bm25(self.words, examples.postings)


class RoleTag:
    """Probability of the profile's wanted roles; a constant when it wants none."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile

    def fit(self, examples: Examples) -> Self:
        return self

    def score(self, examples: Examples) -> Scores:
        return wanted_role_probability(self.profile, examples.postings)


class TextClassifier:
    """TF-IDF of words and word pairs, then a linear classifier with balanced classes.

    Parameters
    ----------
    kind : "logistic" (C=1) or "svm" (LinearSVC, C=0.01, as EVALUATION.md says).
    columns : the texts it reads.
    """

    def __init__(self, kind: str, columns: Sequence[str] = ("title", "description")) -> None:
        self.kind = kind
        self.columns = tuple(columns)

    def fit(self, examples: Examples) -> Self:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.svm import LinearSVC

        # A token of any kind, so that a text without a word still leaves a vocabulary of one.
        self._encoder = TfidfVectorizer(
            sublinear_tf=True, ngram_range=(1, 2), max_features=_MAXIMUM_WORDS, token_pattern=r"[^\W_][\w+#]*|\S"
        )
        terms = self._encoder.fit_transform([f"posting {text}" for text in self._texts(examples)])
        self._model: Any = (
            LogisticRegression(class_weight="balanced", max_iter=500)
            if self.kind == "logistic"
            else LinearSVC(C=0.01, class_weight="balanced", random_state=0)
        )
        self._model.fit(terms, examples.labels)
        return self

    def score(self, examples: Examples) -> Scores:
        return np.asarray(self._model.decision_function(self._encoder.transform(self._texts(examples))))

    def _texts(self, examples: Examples) -> list[str]:
        return _joined(examples.postings, self.columns).to_pylist()


def profile_scores(
    profile: Profile, postings: pd.DataFrame, role_tags: pd.DataFrame, *, by_words: Scores | None = None
) -> Scores:
    """Rank postings by what the profile says in words: the cold start, before there are enough labels.

    The sum of: BM25 of keywords and searches, as a share of the best any text could reach (0 to 1); the
    probability of the wanted roles (0 to 1); 0.3 for a wanted place or country; and for remote work 0.3
    when preferred, 1 when it is the only wish, -1 when it is not wanted. A wish that is not stated adds 0.

    `postings` (n rows) needs posting_id, title, description, location, city, country, workplace;
    `role_tags` posting_id and a column per role. `by_words`: (n,) the BM25, where the texts were read before; then
    title and description are not needed. Returns (n,) finite numbers.
    """
    probabilities = role_tags.drop_duplicates("posting_id").set_index("posting_id").reindex(postings["posting_id"])
    return (
        (bm25(profile_words(profile), postings) if by_words is None else by_words)
        + wanted_role_probability(profile, probabilities)
        + _PLACE_WEIGHT * _in_wanted_place(profile, postings)
        + _REMOTE_WEIGHT[profile.remote] * (postings["workplace"] == "remote").to_numpy(np.float64)
    )


def profile_words(profile: Profile) -> tuple[str, ...]:
    """The profile's keywords and searches, each once."""
    return tuple(dict.fromkeys((*profile.keywords, *profile.searches)))


def bm25(words: Sequence[str], postings: pd.DataFrame) -> Scores:
    """(n,) Okapi BM25 of `words` (or phrases) over title and description, as a share of the most it can be.

    Document frequencies come from the given postings; idf is ln(1 + (N - n + 0.5) / (n + 0.5)), as in
    Lucene, and never negative. A description counts with its first 6,000 characters.
    """
    return bm25_of(word_counts(words, postings))


def word_counts(words: Sequence[str], postings: pd.DataFrame) -> NDArray[np.float64]:
    """(n, 1 + distinct words) a posting's length in words, then how often it holds each: all that BM25 reads of it."""
    phrases = [phrase for phrase in dict.fromkeys(_phrase(word) for word in words) if phrase.strip()]
    counts = np.zeros((len(postings), 1 + len(phrases)))
    if not phrases or postings.empty:
        return counts
    texts = _normal(_joined(postings, ("title", "description")))
    for column, phrase in enumerate(("  ", *phrases)):
        counts[:, column] = pc.count_substring(texts, phrase).to_numpy()
    return counts


def bm25_of(counts: NDArray[np.float64]) -> Scores:
    """(n,) as `bm25`, from the `word_counts` of all postings."""
    length, total, most = counts[:, 0], np.zeros(len(counts)), 0.0
    if counts.shape[1] == 1 or not len(counts):
        return total
    length_norm = _K1 * (1 - _B + _B * length / max(length.mean(), 1.0))
    for count in counts[:, 1:].T:
        found = int((count > 0).sum())
        idf = np.log(1 + (len(counts) - found + 0.5) / (found + 0.5))
        total += idf * count * (_K1 + 1) / (count + length_norm)
        most += idf * (_K1 + 1)
    return total / most


def wanted_role_probability(profile: Profile, probabilities: pd.DataFrame) -> Scores:
    """(n,) probability that a posting has one of the wanted roles; 0 where it is not tagged, or none is wanted."""
    wanted = [role for role in ROLES if role in profile.roles]
    return probabilities[wanted].astype("float64").fillna(0.0).sum(axis=1).to_numpy(np.float64)


def _in_wanted_place(profile: Profile, postings: pd.DataFrame) -> Scores:
    found = (postings["country"].str.upper() == profile.country.upper()).to_numpy(bool) if profile.country else False
    found = np.full(len(postings), found) if isinstance(found, bool) else found
    texts = _normal(_joined(postings, ("location", "city")))
    for place in filter(str.strip, profile.places):
        found = found | (pc.count_substring(texts, _phrase(place)).to_numpy() > 0)
    return found.astype(np.float64)


def _joined(postings: pd.DataFrame, columns: Sequence[str]) -> Any:
    """The given texts of each row in one, in order; a missing text is empty."""
    parts = [
        pc.fill_null(pa.array(postings[name].astype("object"), pa.string(), from_pandas=True), "") for name in columns
    ]
    parts = [pc.utf8_slice_codeunits(part, 0, _TEXT_CHARACTERS) for part in parts]
    return pc.binary_join_element_wise(*parts, " ")


def _normal(texts: Any) -> Any:
    """Lower-case words, each with a blank on both sides, so that neighbours do not share one."""
    # Letters and digits of any script, + and # for C++ and C#; RE2 runs in linear time on any text.
    words = pc.replace_substring_regex(pc.utf8_lower(texts), r"[^\p{L}\p{N}+#]+", "  ")
    return pc.binary_join_element_wise("  ", words, "  ", "")


def _phrase(word: str) -> str:
    normal = _normal(pa.array([word])).to_pylist()[0]
    return f" {normal.strip()} "
