"""Level and required years of a posting (CONVENTIONS, "Facts of a posting")."""

import re
from dataclasses import dataclass

from jobfinder_assets.cleaning.location import lines_with

_TITLE_LEVELS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "intern",
        re.compile(r"\b(?:intern|internship|praktikum|praktikant\w*|co-?op|werkstudent\w*|working student)\b", re.I),
    ),
    (
        "lead",
        re.compile(r"\b(?:lead|leader|staff|principal|manager|mgr|director|head|vp|vice president|chief)\b", re.I),
    ),
    ("senior", re.compile(r"\b(?:senior|sr|snr|iii|iv|v|level [345]|expert)\b", re.I)),
    ("mid", re.compile(r"\b(?:mid|mid-?level|intermediate|ii|level 2)\b", re.I)),
    (
        "junior",
        re.compile(r"\b(?:junior|jr|jnr|entry[- ]level|entry|graduate|new grad|trainee|associate|i|level 1)\b", re.I),
    ),
)
_TEXT_LEVELS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("intern", re.compile(r"\b(?:this internship|internship (?:program|position)|summer intern)\b", re.I)),
    (
        "junior",
        re.compile(r"\b(?:entry[- ]level (?:position|role|job|opportunity)|new grads?\b|recent graduates?\b)", re.I),
    ),
    ("mid", re.compile(r"\bmid[- ]level (?:position|role|job)\b", re.I)),
    ("senior", re.compile(r"\bsenior[- ]level (?:position|role|job)\b", re.I)),
)
_WORD_NUMBERS = {
    word: n
    for n, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    )
}
_N = r"(\d{1,2}|" + "|".join(list(_WORD_NUMBERS)[1:]) + r")"
_YEARS = re.compile(
    rf"(?<![\w$.,]){_N}(?:\s?\(\d{{1,2}}\))?\s?(?:\+|plus|or more)?\s?"
    rf"(?:(?:-|–|to)\s?{_N}\s?\+?\s?)?(?:or more\s)?(?:years?|yrs?)\b",
    re.I,
)
_EXPERIENCE = re.compile(
    r"experience|working (?:with|in|as)|background|expertise|in (?:a|the) (?:similar|related|field)|hands-on", re.I
)
_NOT_REQUIRED = re.compile(
    r"prefer|nice to have|a plus|bonus|desir|ideal|advantage|asset\b|within (?:the )?(?:last|past)", re.I
)
_SUB_SKILL = re.compile(r"\b(?:of which|including|with at least)\b", re.I)
_NOT_EXPERIENCE = re.compile(r"years? (?:old|of age|ago|degree|warranty|contract|in business|in a row)", re.I)
# "Over 20 years of experience in logistics" is the employer's.
_OF_THE_EMPLOYER = re.compile(r"\b(?:over|past|last|have|has)\s(?:the )?$|\b(?:our|company)\b[^.\n]{0,40}$", re.I)
# A line without any of these cannot match the patterns above.
_LEVEL_WORDS = ("internship", "summer intern", "entry", "new grad", "recent grad", "level")
_YEARS_WORDS = ("year", "yr")
_MOST_YEARS = 25


@dataclass(frozen=True)
class Seniority:
    """level: intern | junior | mid | senior | lead | unspecified; years_min: required years, None when not stated."""

    level: str
    years_min: float | None


def parse_seniority(title: str, description: str) -> Seniority:
    """Level from the title, then from the text; required years from the text. Never raises."""
    return Seniority(_level(title[:300], description), _years(lines_with(description, _YEARS_WORDS)))


def _level(title: str, text: str) -> str:
    # "Product Manager" names a trade, "Associate Director" a lead: the order of the table decides.
    for level, pattern in _TITLE_LEVELS:
        if pattern.search(title):
            return level
    said = lines_with(text, _LEVEL_WORDS)
    return next((level for level, pattern in _TEXT_LEVELS if pattern.search(said)), "unspecified")


def _years(text: str) -> float | None:
    found: list[tuple[bool, int]] = []
    for match in _YEARS.finditer(text):
        number = match[1].lower()
        years = _WORD_NUMBERS.get(number, int(number) if number.isdigit() else 0)
        start = max(text.rfind("\n", 0, match.start()), text.rfind(". ", 0, match.start()), match.start() - 160) + 1
        stops = [stop for stop in (text.find("\n", match.end()), text.find(". ", match.end())) if stop >= 0]
        end = min([*stops, match.end() + 160])
        clause, before = text[start:end], text[start : match.start()]
        if (
            years > _MOST_YEARS
            or not _EXPERIENCE.search(clause)
            or _NOT_EXPERIENCE.search(text[match.start() - 12 : match.end() + 12])
        ):
            continue
        if _NOT_REQUIRED.search(clause) or _OF_THE_EMPLOYER.search(before):
            continue
        found.append((bool(_SUB_SKILL.search(before)), years))
    main = [years for sub, years in found if not sub]
    if not main:
        return None
    # Degree alternatives ("Bachelor and 5 years, or Master and 3") stand in one clause: the smallest counts.
    first_clause_end = text.find("\n", text.lower().find("year"))
    return float(min(main[:3] if first_clause_end >= 0 else main))
