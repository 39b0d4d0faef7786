"""Job adverts written for the tests: sentences of our own, drawn by a seed."""

import random

_SUBJECTS = (
    "you",
    "our platform group",
    "the person in this chair",
    "each of us",
    "your future colleagues",
)
_VERBS = ("builds", "maintains", "designs", "reviews", "documents", "measures", "plans", "repairs", "explains")
_OBJECTS = (
    "nightly pipelines that feed the warehouse",
    "dashboards for the people who run our depots",
    "models that forecast how many parcels arrive tomorrow",
    "tables on which finance closes the month",
    "small services that answer in under a second",
    "surveys of customers and what they did next",
    "sensor readings from nine hundred lorries",
    "contracts with partners in four countries",
    "tests that fail before a customer notices",
    "a catalogue where every column has an owner",
)
_ENDS = (
    "with care for cost",
    "together with two analysts",
    "in Python and SQL",
    "before the weekly review",
    "and writes down why",
    "so that others can repeat it",
    "under a budget of their own",
    "with help from the on-call rota",
)


def advert(*, seed: int, sentences: int = 20) -> str:
    """About eleven words a sentence; two seeds share hardly any sentence."""
    draw = random.Random(seed)
    made = []
    for _ in range(sentences):
        subject, verb, thing, end = (draw.choice(words) for words in (_SUBJECTS, _VERBS, _OBJECTS, _ENDS))
        made.append(
            f"{subject.capitalize()} {verb} {thing} {end}, {draw.randint(2, 40)} a {draw.choice(['day', 'week'])}."
        )
    return " ".join(made)
