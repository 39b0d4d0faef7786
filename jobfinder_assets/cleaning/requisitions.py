"""Numbers by which an employer tells its openings apart, in a text that may be full of other numbers."""

import re
from functools import lru_cache

# A capital before a small letter begins the next word: "Code18-30823Project".
_SIGN = r"(?:\d|[A-Z](?![a-z]))"
_DIGITS_AND_CAPITALS = rf"\d{_SIGN}{{0,20}}(?:[-_/.]{_SIGN}{{1,14}}){{0,4}}"
# A number counts only behind a word that says what it is; "job code" is a class of jobs, not an opening.
_REQUISITION = re.compile(
    r"(?:(?<![A-Za-z])|(?<=[a-z.)])(?=[A-Z]))"
    r"(?i:(?:(?:auto|job|position|posting)\s{0,2})?"
    r"(?:req(?:uisition)?|job|role|position|posting|file|vacancy|announcement|competition|opening|opportunity|reference|ref)"
    r"[\s.]{0,2}(?:requisition\s{0,2}|reference\s{0,2}|announcement\s{0,2}|posting\s{0,2})?"
    r"(?:id|identifier|number|num|nbr|no|nr|#)s?(?![a-z])|(?:job\s{0,2})?(?:reference\s{0,2}code)(?![a-z])"
    r"|(?:req|requisition|ref|r[eé]f[eé]rence(?: (?:de l['’]offre|de l['’]annonce|du poste))?|kennziffer|referenz"
    r"|(?:ref\.|job|stellen|referenz)-?(?:id|nr|nummer)|ausschreibungsnummer)"
    r"(?=[\s.:#]{0,4}(?:[A-Z]{1,6}[-_/.]){0,2}[A-Z]{0,6}[-_/]?\d)|(?<![a-z0-9])id\s?#)"
    r"[\s.:#*()\[\]–-]{0,8}"
    rf"((?:[A-Z]{{1,6}}[-_/.]){{0,2}}[A-Za-z]{{0,6}}[-_/]?{_DIGITS_AND_CAPITALS})(?!\d|[A-Z]{{1,4}}\d)"
    r"(?!\s?(?:\+|years|yrs|months|%))"
)
_GLUED_REQUISITION = re.compile(
    r"(?i:requisition|req|job|posting|vacancy|reference)\s{0,2}(?i:number|code|id)"
    rf"([A-Z]{{0,4}}-?(?=\d{{3}}){_DIGITS_AND_CAPITALS})"
)
# A number without one of these near it has no label.
_LABELS = (
    "req",
    "job",
    "role",
    "posi",
    "posting",
    "vacan",
    "file",
    "announ",
    "compet",
    "opening",
    "opport",
    "ref",
    "réf",
    "kennziffer",
    "stellen",
    "ausschreib",
    "#",
)
_DIGITS = re.compile(r"[0-9][0-9-]+")
# "457-20-068-CR", which the same employer also writes without.
_ENDING = re.compile(r"(?:[-_/.][A-Za-z]+)+$")
_FEWEST_DIGITS = 3
_JOINS = ("_", "/", ".")
_BEFORE_NUMBER, _BEHIND_NUMBER = 60, 40
# Taleo puts the number behind the title on top of the text: "Data Engineer (Cloud)-20000OWF".
# Others write "Data Engineer(4681)", and Kenexa BrassRing "471209BR".
_BEHIND_TITLE = re.compile(r"(?<=[A-Za-z)])-(\d{4,8}[A-Z]{1,4}\d{0,4})\b|(?<=[a-z])\((\d{4,8})\)|(?<!\w)(\d{5,7}BR)\b")
_TOP = 250
# "IRC241098 | Fund Services | Full time"
_AT_THE_TOP = re.compile(r"\A\W{0,3}([A-Z]{2,4}-?\d{5,8})\b(?=\s?[|\n•–-])")
_YEAR = re.compile(r"^(?:19|20)\d\d$")
# Numbers that a job board gave to its own copy of the advert.
BOARD_CODE = re.compile(r"^(?:li|pi\d{6,}|gd|ind|cb|zr)", re.I)


# A cluster's texts are asked again when it is resolved, and one text stands in many postings.
@lru_cache(maxsize=16_384)
def requisition_numbers(text: str) -> frozenset[str]:
    """Numbers that the text calls a requisition, job, vacancy or reference number, without signs, in lower case.

    Tracking codes of job boards are none.
    """
    found: set[str] = set()
    for start, end in _spans_with_digits(text):
        span = text[start:end].lower()
        if not any(label in span for label in _LABELS):
            continue
        for pattern in (_REQUISITION, _GLUED_REQUISITION):
            found.update(match.group(1) for match in pattern.finditer(text, start, end))
    found.update(match[match.lastindex or 0] for match in _BEHIND_TITLE.finditer(text, 0, _TOP))
    if first := _AT_THE_TOP.match(text):
        found.add(first[1])
    return frozenset(
        plain_number(_ENDING.sub("", value))
        for value in found
        if sum(map(str.isdigit, value)) >= 3 and not BOARD_CODE.match(value) and not _YEAR.match(value)
    )


def _spans_with_digits(text: str) -> list[tuple[int, int]]:
    """Where the digits of a number stand together, with room for a label before and the rest of a number behind.

    Few parts of an advert have digits, and only those can hold a number: a tenth of the time of a search over all.
    """
    spans: list[tuple[int, int]] = []
    for match in _DIGITS.finditer(text):
        if (
            match.end() - match.start() - match[0].count("-") < _FEWEST_DIGITS
            and text[match.end() : match.end() + 1] not in _JOINS
        ):
            continue
        start, end = max(0, match.start() - _BEFORE_NUMBER), match.end() + _BEHIND_NUMBER
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def plain_number(text: str) -> str:
    """A number as it is compared: small letters and digits alone."""
    # Kenexa BrassRing writes its numbers with and without "BR", others with and without "REQ".
    return re.sub(r"^req(?=\d)|(?<=\d)br$", "", re.sub(r"[^0-9a-z]", "", text.lower()))
