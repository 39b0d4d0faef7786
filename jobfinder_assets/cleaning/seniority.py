"""Level and required years of a posting (CONVENTIONS, "Facts of a posting")."""

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache, lru_cache

from jobfinder_assets.cleaning.cues import Cues, read_cues
from jobfinder_assets.cleaning.lexicon import read_patterns, read_toml
from jobfinder_assets.cleaning.text import clean_text, text_or_empty

_SAID = read_patterns("experience.toml")


@cache
def _title_levels(*, plain: bool) -> tuple[re.Pattern[str], list[tuple[str, re.Pattern[str]]]]:
    """What finds any level of `title_levels.toml`, and each group's level and expression; what decides comes first.

    Of a title in plain ASCII only the words that can stand there.
    """
    groups = [
        (group["level"], group["words"], [])
        if plain
        else (group["level"], group["words"] + group.get("accented", []), group.get("unspaced", []))
        for group in read_toml("title_levels.toml")["group"]
    ]
    any_word, any_unspaced = ([word for group in groups for word in group[at]] for at in (1, 2))
    return (
        _of_titles([*any_word, "[1-5]"], any_unspaced),
        [(level, _of_titles(words, unspaced)) for level, words, unspaced in groups],
    )


def _of_titles(words: list[str], unspaced: list[str]) -> re.Pattern[str]:
    return re.compile("|".join([rf"(?<![\w&])(?:{'|'.join(words)})(?![\w&])", *unspaced]))


_SMALL_LETTER = re.compile(r"(?<![\w&])[iv](?![\w&])")
# Whose assistant one is leads, not oneself.
_OF_ANOTHER = re.compile(
    r"\b(?:(?:assistant|secretary|aide|advis[eo]r|support) to|office of|assist\w* d\w{1,2} (?=dire|gere|presid)"
    r"|помощник|помічник|trợ lý|thư ký)\s[^,|/]*"
)
_FRACTION = re.compile(r"\b\d/\d\b")
_NUMBERED = re.compile(
    r"(?:(?:engineer|scientist|analyst|developer)(?:\b.{0,60}\b(?:level|lvl))? |\b(?:sde|swe)[- ]?)[1-5]\s*\)?$"
)
# "Data Engineer 2" is a level, "Data Engineer - 2 positions" and "2024" are none.
_TITLE_END = re.compile(r"\s*(?:\(.*|[-–,|/:@].*)$")

# "We are looking for a steady Senior Ferry Engineer": what opens it, and how it ends.
_SOUGHT = (
    r"\b(?:seek\w*|looking (?:for|to (?:add|bring on|hire))|hiring|recruiting|searching for|need (?:for|of)|role of"
    r"|opening for|as|fill|summary|suchen) (?:an? |our |the |this |eine?n? )(?:[\w-]+ ){0,2}"
)
_SOMEBODY = (
    r"(?:[\w&/-]+ ){0,3}(?:analyst|architect|consultant|developer|engineer|programmer|scientist|specialist)\b(?!s)"
)
_OF_THE_JOB = r"(?:position|role|job|opportunity|opening|candidate|hire|analyst|engineer|scientist|developer|level)"
# Level, the words of which a sentence holds one where the expression fits (far sooner looked for), the expression.
_TEXT_LEVELS = tuple(
    (level, words, re.compile(pattern))
    for level, words, pattern in (
        (
            "intern",
            ("internship",),
            # Not the employer's programme for others.
            r"\b(?:this|paid|(?:position|role|job|opportunity|this) is an?) (?:[\w-]+ ){0,3}internship\b(?! or)"
            r"|\b(?:employment|contract|job|position) type\W{1,4}internship\b",
        ),
        (
            "junior",
            ("entry", "junior", "jr", "grad", "early", "berufseinsteiger"),
            r"\b(?:(?:entry|junior)[- ]level\b(?!s? (?:staff|employees|team|analysts to|engineers to))"
            r"|(?:new|recent) grad(?:uate)?s?\b(?! school)"
            r"|early[- ]career\b(?! \w+ and (?:from )?(?:those|experienced|more))|berufseinsteiger)"
            r"|(?:level|seniority)\W{1,4}(?:entry|junior)\b|\bas a junior (?:[\w/&-]+ ){0,3}[\w/&-]+, you\b"
            r"|\b(?:this is|it['’]s) a (?:junior|graduate) (?:[\w-]+ ){0,2}(?:role|position|job|opportunity)\b"
            rf"|{_SOUGHT}(?:junior|jr\.?|graduate) {_SOMEBODY}",
        ),
        (
            "lead",
            ("lead", "principal", "staff"),
            r"\b(?:staff|principal)[- ]level (?:position|role|job|opportunity)\b"
            r"|\b(?:this is|it['’]s) a (?:lead|principal|staff) (?:[\w-]+ ){0,2}(?:role|position|job|opportunity)\b"
            rf"|{_SOUGHT}(?:lead(?! gen)|principal|staff) {_SOMEBODY}",
        ),
        (
            "mid",
            ("mid", "intermediate", "medior"),
            r"\b(?:mid|intermediate)[- ]level,? (?:full[- ]time )?"
            rf"(?:{_OF_THE_JOB}|(?!manage)(?:[\w/&-]+ ){{1,2}}{_OF_THE_JOB}\b(?!s))"
            r"|(?:level|seniority)\W{1,4}mid\b|\bmedior level\b",
        ),
        (
            "senior",
            ("senior", "sr"),
            rf"\bsenior[- ]level {_OF_THE_JOB}"
            r"|\b(?:this is|it['’]s) a senior (?:[\w-]+ ){0,2}(?:role|position|job|opportunity)\b"
            rf"|(?:level|seniority)\W{{1,4}}senior\b(?! (?:manage|leader|exec))"
            rf"|{_SOUGHT}(?:senior|sr\.?) {_SOMEBODY}",
        ),
    )
)
_NOT_THIS_JOB = re.compile(
    r"\b(?:not|isn['’]t) (?:an? |just )?$"
    r"|\b(?:mentor|train|coach|guide|supervis|support|assist|manag|teach|lead)\w* (?:[\w,]+ ){0,3}$"
)

_WORDS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
]
_NUMBERS = {word: number for number, word in enumerate(_WORDS)} | {
    "a": 1,
    "a couple of": 2,
    "deux": 2,
    "trois": 3,
    "quatre": 4,
    "cinq": 5,
    "dos": 2,
    "tres": 3,
    "cuatro": 4,
    "cinco": 5,
    "ein": 1,
    "zwei": 2,
    "drei": 3,
    "vier": 4,
    "fünf": 5,
    "sechs": 6,
    "sieben": 7,
    "acht": 8,
    "twee": 2,
    "drie": 3,
    "vijf": 5,
    "zes": 6,
    "due": 2,
    "tre": 3,
    "cinque": 5,
    "zehn": 10,
    # "Fresher to 1 year"
    "fresher": 0,
}
# "Requirements3-5 years": a lost line break glues a number to the word before.
_GLUED = r"(?<=[a-z]{3})(?=\d)"
_N = (
    rf"(?:(?<![\w$€£/])|{_GLUED})(?<!\d[.,])"
    + r"(\d{1,2}(?:\.\d)?|"
    + "|".join(sorted(_NUMBERS, key=len, reverse=True))
    + r")½?"
)
_MORE = r"\s{0,2}(?:\(\d{1,2}\+?\))?\s{0,2}(?:\+|plus\b|or more\b|\(\+\)|full\b|solid\b|good\b|-?plus\b)?"
# The first characters of all that may follow stand ahead: a third of the time.
_BEFORE_YEARS = re.compile(
    rf"(?=[\dabcdefnoqstvz])(?:(?=\d)|(?<!\w))(?:{_N}{_MORE}\s{{0,2}}(?:-|–|—|~|\?|â|to|or|bis|and|a|à|tot|do|(?<=\d\s)(?=\d))\s{{0,2}})?(?:(?:(?<![\w$€£])|{_GLUED})(?<!\d[.,])(\d{{1,2}}(?:\.\d)?|{'|'.join(_NUMBERS)})){_MORE}[\s-]{{0,3}}$"
)
_REACH_BACK, _LABEL_REACH, _NOT_ASKED_REACH = 45, 100, 90
# Where all line breaks were lost, a sentence holds much that is not of its clause.
_EMPLOYER_REACH, _DEGREE_BEFORE, _DEGREE_BEHIND = 120, 140, 60
_RANGE_GOES_ON = re.compile(r"\s?(?:to|or)\s\w+\s(?:\(\d+\)\s)?years?")
_SHORT_NUMBER = 8
# "Years of experience: 3-5"
_AFTER_YEARS = re.compile(
    r"(?:years?|yrs?)['’]?(?:\s(?:of\s)?\w+){0,3}\s?(?:required\s?)?:\s?(\d{1,2})(?!\d|/|,\d|\.\d)"
)
_LABEL = re.compile(r"experience(?: level| required)?:\s{0,3}\d")
_EXPERIENCE = _SAID["experience"]
_MONTHS_OF_EXPERIENCE = re.compile(r"months?['’]?\s(?:of )?(?:[\w-]+ ){0,4}experience")
_OF_WHAT = re.compile(
    r"^\s?(?:años?|anos|ans|jaar|lata?|anni)\s(?:de |d['’]|di |van )?(?:[\w-]+ ){0,2}"
    r"(?:experiencia|experiência|expérience|(?:werk)?ervaring|doświadczeni\w+|pracy|esperienza)\b"
    r"|^(?:years?|yrs?|jahren?|jährige[nrs]?)\.?['’]?s?['’]?\s{0,2}\)?(?:\+|\(s\))?\s{0,2}"
    r"(?:or more |plus |minimum |min )?"
    r"(?:of|in|with|as|across|using|working|doing|building|developing|managing|leading|designing|writing|programming|coding|related"
    r"|relevant|experience|exp\b|professional|hands|industry|work|progressive|post|full|direct|practical|proven|total|overall|combined"
    r"|on the job|under (?:your|their) belt"
    r"|demonstrated|sql|python|data|business|sales|management|teaching|technical|minimum|required|\(required|\(preferred"
    r"|berufserfahrung|erfahrung|analy|in-depth|prior|previous|customer|supervis|applied|clinical|software|\+)"
)
# "experience in working with sensor data of our mills for more than 2 years"
_FOR_SO_LONG = re.compile(
    r"\bexperience (?:in|with|of|as|working)\b.*\bfor (?:at least |more than |over |a minimum of )?$"
)
# "You have built ferries for 5+ years"
_YOU_DID = re.compile(
    r"\byou(?:['’]ve| have) (?:been (?!living|residing|driving)\w+ing"
    r"|(?:built|worked|led|run|done|managed|designed|developed|shipped|delivered|sold|taught)\b).*"
    r"\bfor (?:at least |more than |over |a minimum of |no fewer than )?$"
)
_FEWER_WITH = re.compile(
    rf"(?:\(|[;,] (?:or |and )?)(\d{{1,2}}|{'|'.join(_NUMBERS)})\+?(?: years?)? (?:with|if you (?:have|hold)) "
    r"(?:an? |your )?(?:ph\.?d|doctor|master|m\.?sc?\b|advanced)"
)
_FEWER_REACH = 130
_AT_LEAST = re.compile(r"(?:at least|minimum(?: of)?|more than) $")
# "Bachelor's degree (4-year)"
_LONG_DEGREE = re.compile(r"\b(?:degree|diploma|bachelor['’]?s?) \($")
_NOT_EXPERIENCE, _NOT_ASKED, _DOING = _SAID["not_experience"], _SAID["not_asked"], _SAID["doing"]
# One of these stands where the expression fits: far sooner looked for.
_NOT_ASKED_WORDS = (
    "vest", "fixed", "temporary", "appointment", "duration", "contract", "less", "fewer", "final", "penultimate",
    "up to", " lasts", "runs ", "takes ", "bonus", "age", "retention", "archiv", "storage", "count", "licen", "resid",
    "lived", "living", "passport", "citizen",
)  # fmt: skip
_ASKED_WORDS = ("required", "mandatory", "must")
_WITH_DEGREE, _DEGREE_WITH = _SAID["with_degree"], _SAID["degree_with"]
# "For the past 10 years" is the employer's, and so is "our 20 years of experience".
_OF_THE_EMPLOYER = re.compile(
    r"\b(?:past|last|next|first|every|each|per|within|celebrating|after|since|through|previous|complet(?:ing|ion of))"
    r"\s(?:the |a )?$|\b(?:exist|fund|guarante|renew|last|sponsor)\w* (?:\w+ )?for (?:the |a )?$"
    r"|\b(?:serv\w+|operat\w+|in business|trusted|leading) [^.;]*\bfor (?:over|nearly|almost|more than) $"
)
_EMPLOYER = _SAID["employer"]
_CANDIDATE = _SAID["candidate"]
_WISHED_AFTER = re.compile(
    r"^[^,;.\n(]{0,90}?(?:\b(?:prefer"
    # "preferably in logistics" is a wish for the field, "Preferred qualifications" the next heading.
    r"(?!ably (?:in|with|at|from|as|within|for)\b|red (?:qualif|skills|requir|experience:))"
    r"|desir|wünschenswert|erwünscht|von vorteil"
    r"|a plus\b|a bonus\b|an asset\b|advantage|nice to have|ideal|helpful\b|beneficial\b|regarded\b|valued\b"
    r"|so much the better"
    r"|(?:isn['’]t|not) (?:a (?:condition|must)|essential))|\(preferred)"
    r"|^[^;.\n(]{0,60}, so much the better"
)
_WISHED_END = re.compile(
    r"\bexperience (?:is |would be )?(?:highly |strongly )?(?:preferred|desired|desirable|a plus)\W*$"
)
_WISHED_BEFORE = re.compile(
    r"\b(?:prefer\w*|ideal\w*|desir\w*|nice to have|bonus|a plus|wünschenswert|valued"
    r"|would be (?:great|nice|good) if you|would love it if you|(?:big|huge|great|strong) plus|extra points|stand out"
    r")(?: but not (?:essential|required|necessary)(?=\s?[:–-]))?(?: (?!along|plus)\w+)?"
    r"(?:[^,;.\w]{0,3}|(?<=ideally), )"
    r"(?:if |you (?=have )|you(?: had|['’]ve) |with |at least |have |has "
    r"|candidates? (?:will )?(?:have|has|with) |a minimum of |minimum |of |experience "
    r"|would (?:have|be) )*$"
)
# A heading of its own ends what was headed "preferred" above.
_OWN_HEADING = re.compile(r"\W*(?:required |minimum )?years of (?:\w+ ){0,2}experience(?: required)?\s?:")
_HEADING_ABOVE = "\nexperience:\n"
_ASKED_AFTER = re.compile(rf"^[^,;.\n]{{0,60}}?\b(?<!not )(?<!not be )(?:{'|'.join(_ASKED_WORDS)})\b")
_SUB_SKILL = re.compile(
    r"\b(?:of which|including|with at least|of that|of them|of this|in which|(?<!along )with a minimum)\b[^,;]{0,40}$"
)
# "an additional two years", "a degree can be substituted for four years"
_ADJECTIVE = re.compile(r"year\b(?!['’])")
_WISHED_THAT = re.compile(r"\b(?:desirable|preferable|advantageous)\b[^.;]{0,60}\bthat you\b")
_ADDITIONAL = re.compile(r"years?['’]? (?:of )?additional\b")
_OVERALL = re.compile(r"years?['’]? (?:of )?(?:overall|total)\b")
_BESIDES = re.compile(r"\b(?:additional|substitut\w+ for)\s*$")
# "Option 2: 6 years' experience"
_OPTION = re.compile(r"\W*option \d\b")
_MAIN = _SAID["main"]
_TOOL = _SAID["tool"]
_DEGREE = _SAID["degree"]
_MOST_YEARS = 25


@dataclass(frozen=True)
class Seniority:
    """level: intern | junior | mid | senior | lead | unspecified; years_min: required years, None when not stated."""

    level: str
    years_min: float | None


@dataclass(frozen=True)
class _Clause:
    """Years asked for in one clause; before, behind: what its sentence says before the number, and from the cue on."""

    years: float
    before: str
    behind: str
    start: int
    end: int

    @property
    def is_main(self) -> bool:
        """Of the job as a whole, not of one of its tools, nor on top of other years."""
        before, behind = self.before, self.behind
        named = behind[: behind.find(",")] if "," in behind else behind
        label = before[-40:] if before.rstrip().endswith(":") else ""
        return not (
            (_SUB_SKILL.search(before) and not _OVERALL.match(behind))
            or _BESIDES.search(before)
            or _ADDITIONAL.match(behind)
            or _TOOL.search(label)
            or (_TOOL.search(named[:90]) and not _MAIN.search(named[:90]))
        )

    @property
    def is_alternative(self) -> bool:
        """With a degree or an option of its own."""
        around = self.before[-_DEGREE_BEFORE:] + self.behind[:_DEGREE_BEHIND]
        return bool(_OPTION.match(self.before) or _DEGREE.search(around))


def parse_seniority(title: str, description: str) -> Seniority:
    """Level from the title, then from the text; required years from the text. Never raises."""
    cues = read_cues(clean_text(text_or_empty(description)))
    level = title_level(clean_text(text_or_empty(title)))
    return Seniority(level if level != "unspecified" else text_level(cues), text_years(cues))


@lru_cache(maxsize=65_536)
def title_level(title: str) -> str:
    """The level that a title states."""
    # A small "i" is no number but a Polish "and", a small "v" a Czech "in"; a small "İ" is two characters.
    title = _SMALL_LETTER.sub(" ", title)
    lower = _FRACTION.sub(" ", title[:300].lower().replace("i\u0307", "i").replace(".", " ").replace("_", " "))
    lower = _OF_ANOTHER.sub("", lower)
    any_level, levels = _title_levels(plain=lower.isascii())
    # One search tells the many titles that state no level.
    if not any_level.search(lower):
        return "unspecified"
    short = _TITLE_END.sub("", lower).strip()
    # "Data Engineer 2024" and "Nurse - 3" state no level, "Scientist / Engineer 3" does.
    whole = lower.strip() if _NUMBERED.search(lower) else lower.rstrip("0123456789 ")
    for level, pattern in levels:
        if pattern.search(short) or pattern.search(whole):
            return level
    return "unspecified"


def text_level(cues: Cues) -> str:
    """The level that the text states."""
    said = cues.sentences("level")
    for level, words, pattern in _TEXT_LEVELS:
        for sentence in said:
            match = pattern.search(sentence) if any(map(sentence.__contains__, words)) else None
            if match and not _NOT_THIS_JOB.search(sentence[: match.start()]):
                return level
    return "unspecified"


def text_years(cues: Cues) -> float | None:
    """The required years that the text states."""
    clauses = [clause for position in cues.at("years") if (clause := _clause(cues, position)) is not None]
    if not clauses:
        return None
    main = clauses if len(clauses) == 1 else [clause for clause in clauses if clause.is_main] or clauses
    # The first clause is the job's; what follows it closely with a degree of its own is an alternative to it.
    years, end = main[0].years, main[0].end
    for clause in main[1:]:
        if clause.start - end > 200 or not clause.is_alternative:
            break
        years, end = min(years, clause.years), clause.end
    return float(years)


def _clause(cues: Cues, position: int) -> _Clause | None:
    """The years that are required where the cue stands, or None where they are something else."""
    lower = cues.lower
    in_months = lower.startswith("month", position)
    if in_months and not _MONTHS_OF_EXPERIENCE.match(lower, position):
        return None
    number = _BEFORE_YEARS.search(lower, max(0, position - _REACH_BACK), position)
    # No number stands before, and no label's colon behind: cheaper than to look for the sentence's ends.
    if number is None and ":" not in lower[position : position + _LABEL_REACH]:
        return None
    start, end = cues.sentence(position)
    # "One\nto two years": the line was broken inside the range.
    if lower[start - 1 : start] == "\n" and _RANGE_GOES_ON.match(lower, start):
        start = max(0, start - _SHORT_NUMBER)
    if number and number.start() < start:
        number = _BEFORE_YEARS.search(lower, start, position)
    behind = lower[position:end]
    before = lower[start : number.start()] if number else lower[start:position]
    if number is None:
        stated = _AFTER_YEARS.match(behind)
        if stated is None or "experience" not in behind[: stated.end()]:
            return None
        years = float(stated[1])
    else:
        years = _count(number[1] or number[2]) / (12 if in_months else 1)
        # "A year" alone is a span of time.
        is_bound = _AT_LEAST.search(before) or (
            behind.startswith(("year or more", "year or so")) and "experience" in behind[:60]
        )
        if (
            (years == 1 and "a" in (number[1], number[2]) and not is_bound)
            or _NOT_EXPERIENCE.match(behind)
            or _is_not_asked(before[-_NOT_ASKED_REACH:])
        ):
            return None
        # "The five-year strategy"
        if lower[position - 1] == "-" and _ADJECTIVE.match(behind) and "experience" not in behind[:40]:
            return None
        if years > 1 and behind.startswith(("year)", "years)")) and _LONG_DEGREE.search(before):
            return None
        told = _LABEL.search(lower, max(0, start - 25), position)
        if not (
            told
            or _OF_WHAT.match(behind)
            or _EXPERIENCE.search(before[-70:])
            or _EXPERIENCE.search(behind[:70])
            or _FOR_SO_LONG.search(before)
            or _YOU_DID.search(before)
            or _WITH_DEGREE.match(behind)
            or _DEGREE_WITH.search(before[-40:])
            or (_DOING.match(behind) and ("+" in number[0] or _AT_LEAST.search(before)))
        ):
            return None
    years = round(years, 2)
    if years > _MOST_YEARS or _is_the_employers(before, behind) or _is_wished(cues, start, before, behind):
        return None
    # "8+ years of experience (6+ with a PhD)", "seven years with a bachelor's; five with a master's"
    line = lower[position : position + _FEWER_REACH].partition("\n")[0]
    years = min([years, *map(_count, _FEWER_WITH.findall(line))])
    return _Clause(years, before, behind, start, end)


def _is_not_asked(before: str) -> bool:
    return any(map(before.__contains__, _NOT_ASKED_WORDS)) and bool(_NOT_ASKED.search(before))


def _count(word: str) -> float:
    return float(word) if word[0].isdigit() else _NUMBERS[word]


def _is_the_employers(before: str, behind: str) -> bool:
    if _CANDIDATE.search(before):
        return False
    return bool(
        _OF_THE_EMPLOYER.search(before) or _EMPLOYER.search(before[-_EMPLOYER_REACH:]) or _EMPLOYER.search(behind[:40])
    )


def _is_wished(cues: Cues, start: int, before: str, behind: str) -> bool:
    if any(map(behind.__contains__, _ASKED_WORDS)) and _ASKED_AFTER.match(behind):
        return False
    # "Ideally2+ years": a lost blank ends the sentence before the number.
    glued = cues.lower[max(0, start - _SHORT_NUMBER) : start] if cues.lower[start - 1 : start].isalpha() else ""
    if (
        _WISHED_AFTER.match(behind)
        or (behind.count("experience") == 1 and _WISHED_END.search(behind))
        or _WISHED_BEFORE.search(glued + before)
        or _WISHED_THAT.search(before)
    ):
        return True
    if _OWN_HEADING.match(before + behind) or cues.lower.endswith(_HEADING_ABOVE, 0, start):
        return False
    wished, asked = (_last_before(cues.at(kind), start) for kind in ("wished", "asked"))
    return wished > asked and not re.search(r"minimum|at least|required|must", before)


def _last_before(positions: list[int], bound: int) -> int:
    place = bisect_left(positions, bound + 1)
    return positions[place - 1] if place else -1
