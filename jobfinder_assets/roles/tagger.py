"""Tells a posting's role from its duties; the title is a hint that may be missing.

Weak supervision: labelling functions (`rules.py`) read the duties and the title; where they agree, or
one of them is sure, a posting of the user's own corpus becomes a training example with the rules'
probabilities as its label; a logistic regression over words and word pairs, half of its examples
with the title hidden, learns from these what the rules do not know. A second round of it learns from
the postings on which the rules and the first round are of one mind (self-training, Yarowsky 1995).
Another classifier reads the text alone and learns what titles say: a title that misleads is one among
many that do not. What the three say is brought together by a small regression fitted on postings read
by hand (`calibration.py`); the classifiers' part in it grows with what they have seen.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from jobfinder_assets.cleaning.text import readable, text_or_empty
from jobfinder_assets.roles.calibration import calibration, calibration_digest, inputs
from jobfinder_assets.roles.rules import Matrix, Part, RuleSet, Votes, rule_sets, rules_digest
from jobfinder_assets.roles.sections import section_weights, sections_of
from jobfinder_assets.roles.specialities import specialities_of
from jobfinder_assets.roles.taxonomy import OTHER, ROLE_INDEX
from jobfinder_assets.roles.tokens import Bits, Indices, Tokens, tokenize
from jobfinder_assets.storage.schemas import ROLES

# Raised by hand when a change of code changes results; the rules' own digest is part of it.
TAGGER_VERSION = f"6-{rules_digest()}-{calibration_digest()}"

MOST_EXAMPLES = 20_000
_CHUNK_CHARACTERS = 700_000
_BUCKET_BITS = 18
_TITLE_SALT = np.uint64(0x9E6C63D0876A9A47)

# Chosen on hand-read adverts (see the tests' mini adverts for what they must achieve).
_EVIDENCE_PER_LOGIT = 2.2
_OTHER_BIAS = 0.9
_SURE = 0.85
_LIKELY = 0.55
_SMALLEST_CLASS = 10
_HALF_SAY_EXAMPLES = 1_500.0
_AGREEMENT = 0.5
_PERSONS_WORD = 20.0
_SMALLEST_SHARE = 0.05
_MOST_COLUMNS = 60_000
_FEWEST_POSTINGS = 3
# A word is known that so many postings have. Of a posting's words and pairs the classifiers know .88 where it is of the
# kind that they learned from (a tenth of those less than .84), and .77 of adverts of another time and place, of which
# they know too little to be asked: they call most of them "other". How much less than expected, and a standard error,
# changes nothing, and how much less leaves the rules alone.
_KNOWN_ENOUGH, _TOO_LITTLE_KNOWN = 0.01, 0.1
# A role without examples is unlikely to the classifier, not impossible: the rules may still find one.
_UNSEEN_ROLE_LOGIT = -4.0


@dataclass(frozen=True)
class Evidence:
    """A phrase that spoke for a role: where it stands (characters in the title or description) and how strongly."""

    phrase: str
    role: str
    weight: float
    part: Part
    start: int
    end: int


@dataclass(frozen=True)
class Tags:
    """A batch of tagged postings: probabilities (as `predict_proba`), evidence (as `explain`), specialities, and
    the strengths of the rules over titles and over duties, shape (postings, rules)."""

    probabilities: pd.DataFrame
    evidence: list[list[Evidence]]
    specialities: list[list[str]]
    title_strength: Matrix
    duties_strength: Matrix


@dataclass(frozen=True)
class Fit:
    """What a fitted tagger learned from: postings read, examples used, its classifiers' share in the blend, and the
    share of words that they know of a posting of the same kind."""

    postings: int = 0
    examples: int = 0
    share: float = 0.0
    coverage: float = 1.0
    corpus: str = ""


@dataclass(frozen=True)
class _Reading:
    """One chunk of postings, read: words, what each counts, and what the rules say."""

    titles: Tokens
    texts: Tokens
    weights: Matrix
    title_votes: Votes
    text_votes: Votes


@dataclass(frozen=True)
class _Classifier:
    """Multinomial logistic regression over hashed words and word pairs.

    column: for each hash bucket its column or -1; idf: per column; coefficients: (columns, roles).
    """

    column: NDArray[np.int32]
    idf: NDArray[np.float32]
    coefficients: NDArray[np.float32]
    intercepts: NDArray[np.float32]

    def probabilities(self, titles: "_Terms", texts: "_Terms") -> Matrix:
        parts = (_block(terms, self.column, self.idf) @ self.coefficients for terms in (titles, texts))
        return _softmax(sum(parts, start=self.intercepts).astype(np.float64))


@dataclass(frozen=True)
class _Learned:
    """agreeing: learned from the postings on which the rules agree; titled: what titles say, from texts alone."""

    agreeing: _Classifier
    titled: _Classifier

    def probabilities(self, titles: "_Terms", texts: "_Terms") -> tuple[Matrix, Matrix]:
        return self.agreeing.probabilities(titles, texts), self.titled.probabilities(_without_words(titles), texts)

    def trust(self, texts: "_Terms", expected: float) -> Matrix:
        """From 0 to 1 by how much of each text's words and pairs is known; shape (documents, 1)."""
        known = _shares_of_terms(texts, self.agreeing.column[texts.bucket] >= 0)
        terms = np.maximum(np.bincount(texts.document, minlength=texts.documents), 1)[:, None]
        missing = expected - known - np.sqrt(expected * (1 - expected) / terms)
        trust: Matrix = np.interp(missing, (_KNOWN_ENOUGH, _TOO_LITTLE_KNOWN), (1.0, 0.0))
        return trust


@dataclass(frozen=True)
class _Terms:
    """Hash buckets of the words and word pairs of each document, with what each counts."""

    documents: int
    document: NDArray[np.int32]
    bucket: NDArray[np.int32]
    count: NDArray[np.float32]


class RoleTagger:
    """Role probabilities of postings, with evidence. Unfitted, it goes by the rules alone."""

    def __init__(self) -> None:
        self.fit_: Fit = Fit()
        self._learned: _Learned | None = None

    @property
    def version(self) -> str:
        """Identity of everything that results depend on: code, rules and training corpus."""
        return hashlib.sha256(f"{TAGGER_VERSION}\x1f{self.fit_.corpus}".encode()).hexdigest()[:12]

    def fit(self, postings: pd.DataFrame, corrections: pd.DataFrame | None = None) -> "RoleTagger":
        """Learn from a corpus without labels, as `title` and `description` tell it, and from a person's corrections.

        `corrections` has `title`, `description` and `role`: what those postings really are.

        The order of the rows and repeated postings make no difference. Of a larger corpus, the
        20,000 postings with the smallest text hash are read. A corpus too small or with one role
        only leaves the rules alone.
        """
        postings = readable(postings)
        corrections = None if corrections is None else readable(corrections)
        everything = postings if corrections is None else pd.concat([corrections, postings])
        told = {} if corrections is None else _told(corrections)
        titles, texts, digests = _distinct(_strings(everything, "title"), _strings(everything, "description"), told)
        corpus = hashlib.sha256(b"".join(digests) + repr(sorted(told.items())).encode()).hexdigest()
        self._learned = None
        self.fit_ = Fit(postings=len(postings), corpus=corpus)
        examples = _examples(titles, texts)
        if examples is None:
            return self
        examples = _corrected(examples, [told.get(digest) for digest in digests])
        # The text hash decides whose title is hidden: no seed, the same for every order of rows.
        hidden = np.array([digest[-1] % 2 == 0 for digest in digests], dtype=bool)
        agreeing = _train(examples, hidden)
        agreed = _agreed(examples, agreeing.probabilities(examples.titles, examples.texts))
        if _tells_roles_apart(agreed):
            examples = _corrected(agreed, [told.get(digest) for digest in digests])
            agreeing = _train(examples, hidden)
        titled = _corrected(_titled(examples), [told.get(digest) for digest in digests])
        # Adverts without titles leave nothing to learn from titles.
        by_titles = _train(titled, np.ones(len(hidden), dtype=bool)) if _tells_roles_apart(titled) else agreeing
        self._learned = _Learned(agreeing, by_titles)
        used = int(examples.used.sum())
        share = used / (used + _HALF_SAY_EXAMPLES)
        # What would be known of each posting by all others.
        by_others = _document_frequency(examples.texts)[examples.texts.bucket] > _FEWEST_POSTINGS
        known = by_others & (agreeing.column[examples.texts.bucket] >= 0)
        coverage = float(_shares_of_terms(examples.texts, known).mean())
        self.fit_ = Fit(postings=len(postings), examples=used, share=share, coverage=coverage, corpus=corpus)
        return self

    def to_state(self) -> dict[str, Any]:
        """The tagger as plain values and arrays, so that a file outlives changes of these classes."""
        learned = None if self._learned is None else asdict(self._learned)
        return {"code": TAGGER_VERSION, "fit": asdict(self.fit_), "learned": learned}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "RoleTagger":
        """The tagger of `to_state`. Raises ValueError when other code or rules wrote it."""
        if state["code"] != TAGGER_VERSION:
            raise ValueError(f"this tagger was written by version {state['code']}, not {TAGGER_VERSION}: fit it anew")
        tagger = cls()
        tagger.fit_ = Fit(**state["fit"])
        if state["learned"] is not None:
            tagger._learned = _Learned(**{name: _Classifier(**value) for name, value in state["learned"].items()})
        return tagger

    def predict_proba(self, postings: pd.DataFrame) -> pd.DataFrame:
        """One probability per role and posting; rows sum to 1, the index is that of `postings`.

        Read are `title` and `description`; either may be missing or empty, and may have markup.
        """
        postings = readable(postings)
        titles, texts = _strings(postings, "title"), _strings(postings, "description")
        parts = [self._probabilities(reading) for reading in _read(titles, texts)]
        values = np.vstack(parts) if parts else np.zeros((0, len(ROLES)))
        return pd.DataFrame(values, index=postings.index, columns=list(ROLES))

    def explain(self, postings: pd.DataFrame, most: int = 6) -> list[list[Evidence]]:
        """The phrases that spoke loudest in each posting, at most `most`, strongest first.

        Texts are taken as they are, so that the places of the phrases are places in them.
        """
        titles, texts = _strings(postings, "title"), _strings(postings, "description")
        return [evidence for reading in _read(titles, texts) for evidence in _evidence(reading, most)]

    def tag(self, postings: pd.DataFrame, most: int = 6) -> "Tags":
        """Probabilities, evidence and what each rule says, every different posting being read once.

        Texts are taken as they are, as in `explain`; those of the lake have been cleaned.
        """
        title_rules, duty_rules = rule_sets()
        number: dict[tuple[str, str], int] = {}
        pairs = zip(_strings(postings, "title"), _strings(postings, "description"), strict=True)
        copy_of = np.array([number.setdefault(pair, len(number)) for pair in pairs], dtype=np.int64)
        probabilities, evidence, specialities = [np.zeros((0, len(ROLES)))], [], []
        title, duties = [np.zeros((0, len(title_rules.rules)))], [np.zeros((0, len(duty_rules.rules)))]
        for reading in _read([title for title, _ in number], [text for _, text in number]):
            probabilities.append(self._probabilities(reading))
            evidence += _evidence(reading, most)
            specialities += specialities_of(reading.titles, reading.texts, reading.weights)
            title.append(reading.title_votes.strength)
            duties.append(reading.text_votes.strength)
        frame = pd.DataFrame(np.vstack(probabilities)[copy_of], index=postings.index, columns=list(ROLES))
        return Tags(
            frame,
            [evidence[place] for place in copy_of],
            [specialities[place] for place in copy_of],
            np.vstack(title)[copy_of],
            np.vstack(duties)[copy_of],
        )

    def _probabilities(self, reading: _Reading) -> Matrix:
        by_rules = _rule_probabilities(reading)
        # A title without a text is known from no calibration: its rule is taken at its word.
        has_text = _has_words(reading.texts)
        alone = np.where(has_text, calibration("rules").apply(inputs(by_rules)), by_rules)
        if self._learned is None:
            return alone
        terms = _terms(reading)
        seen = inputs(by_rules, *self._learned.probabilities(*terms), strengths=_strengths(reading))
        has_title = _has_words(reading.titles)
        together = np.where(has_title, calibration("titled").apply(seen), calibration("untitled").apply(seen))
        share = self.fit_.share * self._learned.trust(terms[1], self.fit_.coverage)
        # The geometric mean: a role that either excludes stays excluded.
        blended = _normalized(alone ** (1 - share) * together**share)
        return np.where(has_text, blended, alone)


def _strings(postings: pd.DataFrame, column: str) -> list[str]:
    values = postings[column] if column in postings else [""] * len(postings)
    return [text_or_empty(value) for value in values]


def _read(titles: Sequence[str], texts: Sequence[str]) -> Iterator[_Reading]:
    """Read postings in chunks that fit the processor's cache."""
    title_rules, duty_rules = rule_sets()
    begin = 0
    while begin < len(texts):
        end, characters = begin, 0
        while end < len(texts) and (end == begin or characters + len(texts[end]) <= _CHUNK_CHARACTERS):
            characters += len(texts[end])
            end += 1
        title_tokens, tokens = tokenize(titles[begin:end]), tokenize(texts[begin:end])
        weights = section_weights(tokens, sections_of(tokens))
        votes = duty_rules.vote(tokens, weights)
        yield _Reading(title_tokens, tokens, weights, title_rules.vote(title_tokens), votes)
        begin = end


def _has_words(tokens: Tokens) -> NDArray[np.bool_]:
    """(documents, 1)"""
    return (np.bincount(tokens.document, minlength=tokens.documents) > 0)[:, None]


def _strengths(reading: _Reading) -> tuple[Matrix, Matrix]:
    return reading.title_votes.strength, reading.text_votes.strength


def _rule_probabilities(reading: _Reading) -> Matrix:
    title_rules, duty_rules = rule_sets()
    return _posterior(duty_rules.scores(reading.text_votes), title_rules.scores(reading.title_votes))


def _posterior(duties: Matrix, title: Matrix | None = None) -> Matrix:
    """Probabilities of the roles from the rules' scores."""
    logits = duties / _EVIDENCE_PER_LOGIT
    logits[:, ROLE_INDEX[OTHER]] += _OTHER_BIAS
    return _softmax(logits if title is None else logits + title / _EVIDENCE_PER_LOGIT)


def _softmax(logits: Matrix) -> Matrix:
    return _normalized(np.exp(logits - logits.max(axis=1, keepdims=True)))


def _normalized(values: Matrix) -> Matrix:
    normalized: Matrix = values / values.sum(axis=1, keepdims=True)
    return normalized


def _evidence(reading: _Reading, most: int) -> list[list[Evidence]]:
    title_rules, duty_rules = rule_sets()
    found: list[list[Evidence]] = [[] for _ in range(reading.texts.documents)]
    _collect(found, reading.titles, reading.title_votes, rule_set=title_rules, most=most)
    _collect(found, reading.texts, reading.text_votes, rule_set=duty_rules, most=most)
    return [
        sorted(evidence, key=lambda one: (-one.weight, one.part == "duties", one.start))[:most] for evidence in found
    ]


def _collect(found: list[list[Evidence]], tokens: Tokens, votes: Votes, *, rule_set: RuleSet, most: int) -> None:
    hits, order = votes.hits, np.lexsort((votes.hits.token, -votes.weight, votes.document))
    rank = np.arange(len(order)) - np.searchsorted(votes.document[order], votes.document[order])
    chosen = order[(rank < most) & (votes.weight[order] > 0)]
    token, document = hits.token[chosen], votes.document[chosen]
    columns = (
        document,
        tokens.start[token],
        tokens.end[token + hits.length[chosen] - 1],
        tokens.first[document],
        rule_set.rule_of[hits.phrase[chosen]],
        votes.weight[chosen].round(3),
    )
    for place, start, end, first, number, weight in zip(*(column.tolist() for column in columns), strict=True):
        rule = rule_set.rules[number]
        phrase = tokens.text[start:end]
        found[place].append(Evidence(phrase, rule.role, weight, rule.part, start - first, end - first))


def _distinct(
    titles: Sequence[str], texts: Sequence[str], keep: Collection[bytes]
) -> tuple[list[str], list[str], list[bytes]]:
    """Each different posting once, in the order of a hash of its text, at most `MOST_EXAMPLES` of them."""
    known = {_digest(title, text): (title, text) for title, text in zip(titles, texts, strict=True)}
    digests = sorted(sorted(known, key=lambda digest: (digest not in keep, digest))[:MOST_EXAMPLES])
    return [known[digest][0] for digest in digests], [known[digest][1] for digest in digests], digests


def _digest(title: str, text: str) -> bytes:
    return hashlib.blake2b(f"{title}\x1f{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


@dataclass(frozen=True)
class _Examples:
    """Terms of all titles and texts, the rules' probabilities, which postings may teach, how much each counts, and
    what the rules over titles say of each posting (other where they are silent), shape (postings, roles)."""

    titles: _Terms
    texts: _Terms
    labels: Matrix
    used: NDArray[np.bool_]
    counts: Matrix
    by_title: Matrix


def _told(corrections: pd.DataFrame) -> dict[bytes, int]:
    """The role of each corrected posting, by the hash of its text; of several, the last row's."""
    pairs = zip(_strings(corrections, "title"), _strings(corrections, "description"), strict=True)
    return {_digest(*pair): ROLE_INDEX[role] for pair, role in zip(pairs, corrections["role"], strict=True)}


def _corrected(examples: _Examples, roles: Sequence[int | None]) -> _Examples:
    """A person's word stands in the place of the rules', and counts more than theirs."""
    rows = np.array([row for row, role in enumerate(roles) if role is not None], dtype=np.int64)
    if not len(rows):
        return examples
    labels, used, counts = examples.labels.copy(), examples.used.copy(), examples.counts.copy()
    labels[rows] = np.eye(len(ROLES))[[role for role in roles if role is not None]]
    used[rows], counts[rows] = True, _PERSONS_WORD
    return replace(examples, labels=labels, used=used, counts=counts)


def _titled(examples: _Examples) -> _Examples:
    """Every posting, as its title says."""
    return replace(examples, labels=examples.by_title, used=np.ones(len(examples.used), dtype=bool))


def _examples(titles: Sequence[str], texts: Sequence[str]) -> _Examples | None:
    """Postings on which the rules agree; None when fewer than two roles have enough of them."""
    title_rules, duty_rules = rule_sets()
    terms: list[tuple[_Terms, _Terms]] = []
    labels, used, by_title = [np.zeros((0, len(ROLES)))], [np.zeros(0, dtype=bool)], []
    for reading in _read(titles, texts):
        duties, title = duty_rules.scores(reading.text_votes), title_rules.scores(reading.title_votes)
        by_duties, by_both = _posterior(duties), _posterior(duties, title)
        agree = (title.max(axis=1) == 0) | (by_duties.argmax(axis=1) == title.argmax(axis=1))
        sure = by_duties.max(axis=1) >= _SURE
        spoken = (duties.max(axis=1) > 0) | (title.max(axis=1) > 0)
        used.append(spoken & (sure | (agree & (by_both.max(axis=1) >= _LIKELY))))
        labels.append(by_both)
        by_title.append(np.where(title.max(axis=1) > 0, title.argmax(axis=1), ROLE_INDEX[OTHER]))
        terms.append(_terms(reading))
    label, use = np.vstack(labels), np.concatenate(used)
    if not terms:
        return None
    once = np.ones(len(use))
    said = np.eye(len(ROLES))[np.concatenate(by_title)]
    parts = [_joined(list(part)) for part in zip(*terms, strict=True)]
    found = _Examples(parts[0], parts[1], label, use, once, said)
    return found if _tells_roles_apart(found) else None


def _tells_roles_apart(examples: _Examples) -> bool:
    """Two roles at least have enough postings to learn from."""
    chosen = examples.labels[examples.used].argmax(axis=1)
    return bool((np.bincount(chosen, minlength=len(ROLES)) >= _SMALLEST_CLASS).sum() >= 2)


def _agreed(examples: _Examples, learned: Matrix) -> _Examples:
    """The postings on which the rules and a classifier are of one mind, with what both say as their labels."""
    labels = _normalized(np.sqrt(examples.labels * learned))
    return replace(examples, labels=labels, used=labels.max(axis=1) >= _AGREEMENT)


def _terms(reading: _Reading) -> tuple[_Terms, _Terms]:
    titles, texts = reading.titles, reading.texts
    one = np.ones(len(titles))
    return _words_and_pairs(titles, one, _TITLE_SALT), _words_and_pairs(texts, reading.weights, np.uint64(0))


def _words_and_pairs(tokens: Tokens, weights: Matrix, salt: np.uint64) -> _Terms:
    words = np.flatnonzero(weights > 0)
    pairs = tokens.ngrams(2)
    firsts = words[words < len(pairs)]
    firsts = firsts[pairs[firsts] > 0]
    hashes: Bits = np.concatenate([tokens.hashes[words], pairs[firsts]]) ^ salt
    places = np.concatenate([words, firsts])
    bucket = (hashes >> np.uint64(64 - _BUCKET_BITS)).astype(np.int32)
    return _Terms(
        tokens.documents, tokens.document[places].astype(np.int32), bucket, weights[places].astype(np.float32)
    )


def _without_words(terms: _Terms) -> _Terms:
    return _Terms(terms.documents, terms.document[:0], terms.bucket[:0], terms.count[:0])


def _shares_of_terms(terms: _Terms, chosen: NDArray[np.bool_]) -> Matrix:
    """Of each document's terms, the share of those that are chosen; shape (documents, 1)."""
    found = np.bincount(terms.document[chosen], minlength=terms.documents)
    return (found / np.maximum(np.bincount(terms.document, minlength=terms.documents), 1))[:, None]


def _joined(parts: Sequence[_Terms]) -> _Terms:
    offsets = np.cumsum([0, *(part.documents for part in parts)]).astype(np.int32)
    document = np.concatenate([part.document + offset for part, offset in zip(parts, offsets, strict=False)])
    bucket = np.concatenate([part.bucket for part in parts])
    return _Terms(int(offsets[-1]), document, bucket, np.concatenate([part.count for part in parts]))


def _block(terms: _Terms, column: NDArray[np.int32], idf: NDArray[np.float32]) -> Any:
    """Sparse rows of length 1, shape (documents, columns): log-scaled counts times idf."""
    from scipy.sparse import csr_matrix

    columns = column[terms.bucket]
    kept = columns >= 0
    shape = (terms.documents, len(idf))
    rows = csr_matrix((terms.count[kept], (terms.document[kept], columns[kept])), shape=shape)
    rows.data = np.log1p(rows.data) * idf[rows.indices]
    sizes = np.diff(rows.indptr)
    squares = np.bincount(np.repeat(np.arange(len(sizes)), sizes), weights=rows.data**2, minlength=len(sizes))
    rows.data /= np.repeat(np.sqrt(np.maximum(squares, 1e-12)), sizes).astype(np.float32)
    return rows


def _train(examples: _Examples, hidden: NDArray[np.bool_]) -> _Classifier:
    """Fit on soft labels: each example stands once for every role that the rules hold possible."""
    from sklearn.linear_model import LogisticRegression

    titles, texts = examples.titles, examples.texts
    shown = ~hidden[titles.document]
    titles = _Terms(titles.documents, titles.document[shown], titles.bucket[shown], titles.count[shown])
    column, idf = _vocabulary(titles, texts)
    rows = np.flatnonzero(examples.used)
    features = (_block(titles, column, idf) + _block(texts, column, idf))[rows]
    label = examples.labels[rows]
    size = np.maximum(np.bincount(label.argmax(axis=1), minlength=len(ROLES)), 1)
    # A rare role must not drown: between each posting counting alike and each role counting alike.
    balance = np.sqrt(len(rows) / size)
    example, role = np.nonzero(label >= _SMALLEST_SHARE)
    weight = label[example, role] * balance[role] * examples.counts[rows][example]
    model = LogisticRegression(C=3.0, max_iter=60, tol=1e-3)
    model.fit(features[example], role, sample_weight=weight / weight.mean())
    learned, start = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # scikit-learn keeps one row for two classes: the logit of the second
        learned, start = np.vstack([0 * learned, learned]), np.r_[0.0, start]
    coefficients = np.zeros((features.shape[1], len(ROLES)), dtype=np.float32)
    intercepts = np.full(len(ROLES), _UNSEEN_ROLE_LOGIT, dtype=np.float32)
    coefficients[:, model.classes_], intercepts[model.classes_] = learned.T, start
    return _Classifier(column, idf, coefficients, intercepts)


def _vocabulary(titles: _Terms, texts: _Terms) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The buckets seen in most documents (in `_FEWEST_POSTINGS` at least), and their smoothed inverse frequency."""
    seen = _document_frequency(titles) + _document_frequency(texts)
    common = np.argsort(-seen, kind="stable")[:_MOST_COLUMNS]
    kept = np.sort(common[seen[common] >= _FEWEST_POSTINGS])
    column = np.full(len(seen), -1, dtype=np.int32)
    column[kept] = np.arange(len(kept))
    idf = np.log((1 + texts.documents) / (1 + seen[kept])) + 1
    return column, idf.astype(np.float32)


def _document_frequency(terms: _Terms) -> Indices:
    from scipy.sparse import csr_matrix

    shape = (terms.documents, 1 << _BUCKET_BITS)
    # Building the matrix joins a document's repeated buckets: each entry is one document.
    rows = csr_matrix((terms.count, (terms.document, terms.bucket)), shape=shape)
    return np.bincount(rows.indices, minlength=shape[1])
