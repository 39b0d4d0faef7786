"""Skills: the lexicon, ambiguous names, offsets."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobfinder_assets.cleaning.lexicon import read_toml
from jobfinder_assets.cleaning.skills import find_skills

GOLD = Path(__file__).parent / "gold" / "skills.jsonl"
FOUND = [
    ("Experience in C is a plus", ["C"]),
    ("Experience with Spark", ["Spark"]),
    ("Spark jobs", ["Spark"]),
    ("Kafka and Spark", ["Kafka", "Spark"]),
    ("python, spark, redis and git", ["Python", "Spark", "Redis", "Git"]),
    ("HTML, CSS, JS/TS, Node", ["HTML", "CSS", "TypeScript", "Node.js"]),
    ("We work with Python, SQL and dbt.", ["Python", "SQL", "dbt"]),
    ("python3 and HTML5", ["Python", "HTML"]),
    ("PySpark on Databricks", ["PySpark", "Databricks"]),
    ("You know R, Python or SAS.", ["R", "Python", "SAS"]),
    ("Experience with R is a plus", ["R"]),
    ("Services in Go or Java", ["Go", "Java"]),
    ("Go programming", ["Go"]),
    ("You write C, C++ and C#", ["C", "C++", "C#"]),
    ("You know C/C++ well", ["C", "C++"]),
    ("Advanced Excel and PowerPoint", ["Excel", "PowerPoint"]),
    ("reports in ms excel", ["Excel"]),
    ("amazon web services and scikit-learn", ["AWS", "scikit-learn"]),
    ("Looker, Mode, Tableau", ["Looker", "Mode", "Tableau"]),
    ("NLP with spaCy", ["Natural language processing", "spaCy"]),
]
NOT_FOUND = [
    "Our R&D team grows.",
    "We go to market and are the go-to team.",
    "Go above and beyond.",
    "A class C licence is needed.",
    "You excel at teamwork.",
    "Those who excel will be promoted.",
    "The C-suite reads your work.",
    "John R. Smith founded us.",
    "We drink java-like coffees",
    "A spark of joy and a hive of bees in spring.",
    "Interview mode: phone. Market segment: retail.",
    "Toys R Us",
    "Paul Spark, pharmacist, will ring you.",
    "Spark Therapeutics uses SQL.",
    "Excel Logistics Ltd is hiring.",
    "GO THE EXTRA MILE AND EXCEL IN ALL YOU DO.",
]


@pytest.mark.parametrize(("text", "names"), FOUND)
def test_skills_are_found_in_order(text: str, names: list[str]) -> None:
    assert [mention.name for mention in find_skills(text)] == names


@pytest.mark.parametrize("text", NOT_FOUND)
def test_words_that_are_no_skills(text: str) -> None:
    ambiguous = {"R", "C", "Go", "Excel", "Spark", "Hive", "Spring", "Mode", "Segment"}
    assert not ambiguous & {mention.name for mention in find_skills(text)}


def test_skills_and_traps_of_a_reader() -> None:
    """Passages written before running any of the code: what is a skill there, and what only looks like one."""
    passages = [json.loads(line) for line in GOLD.read_text(encoding="utf-8").splitlines()]
    missed = [one for passage in passages for one in passage["skills"] if not is_found(one, passage)]
    taken = [one for passage in passages for one in passage["traps"] if is_taken(one, passage)]
    assert sum(len(passage["skills"]) for passage in passages) == 468 and len(missed) <= 0.08 * 468, missed
    assert sum(len(passage["traps"]) for passage in passages) == 168 and len(taken) <= 0.07 * 168, taken


def is_found(skill: str, passage: dict[str, Any]) -> bool:
    """There, or under the same name where the passage names it first."""
    found = find_skills(passage["text"])
    alone = {mention.name for mention in find_skills(f"SQL, {skill}, SQL")} - {"SQL"}
    there = any(
        start < mention.end and mention.start < end for start, end in spots(skill, passage) for mention in found
    )
    return there or not alone.isdisjoint(mention.name for mention in found)


def is_taken(trap: str, passage: dict[str, Any]) -> bool:
    right = {spot for skill in passage["skills"] for spot in spots(skill, passage)}
    return any(
        start < mention.end and mention.start < end
        for start, end in spots(trap, passage)
        if (start, end) not in right
        for mention in find_skills(passage["text"])
        if not any(a < mention.end and mention.start < b for a, b in right)
    )


def spots(part: str, passage: dict[str, Any]) -> list[tuple[int, int]]:
    """Where it stands as a word, and where no trap holds it."""
    traps = [trap for trap in passage["traps"] if part in trap and part != trap]
    held = [found.span() for trap in traps for found in re.finditer(re.escape(trap), passage["text"])]
    found = re.finditer(rf"(?<![A-Za-z0-9]){re.escape(part)}(?![A-Za-z0-9])", passage["text"])
    return [one.span() for one in found if not any(a <= one.start() and one.end() <= b for a, b in held)]


def test_offsets_are_those_of_the_text_as_written() -> None:
    text = "İstanbul: Tableau, PostgreSQL and Apache Airflow."
    assert [text[mention.start : mention.end] for mention in find_skills(text)] == [
        "Tableau",
        "PostgreSQL",
        "Apache Airflow",
    ]


def test_each_skill_once_where_it_stands_first() -> None:
    found = find_skills("SQL and more SQL")
    assert [(mention.name, mention.start) for mention in found] == [("SQL", 0)]


def test_every_spelling_of_the_lexicon_is_found_in_a_list_of_skills() -> None:
    table = read_toml("skills.toml")
    capitals = {name.lower(): name for name in table.pop("capitalised")["names"]}
    for spelling, name in table.pop("short").items():
        assert name in [mention.name for mention in find_skills(f"Python, {spelling}, SQL")], spelling
    for skills in table.values():
        for name, aliases in skills.items():
            for spelling in (name, *aliases):
                shown = capitals.get(spelling.lower(), name if spelling == name else spelling)
                text = f"Python, {shown}, SQL"
                assert name in [mention.name for mention in find_skills(text)], spelling


def test_no_spelling_belongs_to_two_skills() -> None:
    table = read_toml("skills.toml")
    table.pop("capitalised")
    short = [spelling.lower() for spelling in table.pop("short")]
    spellings = short + [
        spelling
        for skills in table.values()
        for name, aliases in skills.items()
        for spelling in {name.lower(), *aliases}
    ]
    assert len(spellings) == len(set(spellings))


@given(st.text(max_size=600))
def test_no_text_makes_the_search_raise(text: str) -> None:
    for mention in find_skills(text):
        assert 0 <= mention.start < mention.end <= len(text)


@pytest.mark.parametrize("piece", ["R, ", "C/C++ ", "go ", "excel ", "sql", "("])
def test_hostile_text_does_not_run_away(piece: str) -> None:
    started = time.process_time()
    find_skills((piece * 100_000)[:100_000])
    assert time.process_time() - started < 5


def test_a_longer_name_says_the_shorter_one_too() -> None:
    text = "AWS S3, Spark SQL and JavaScript on a snowflake schema"
    found = {mention.name: text[mention.start : mention.end] for mention in find_skills(text)}
    assert found.items() >= {"AWS": "AWS", "S3": "AWS S3", "Spark": "Spark", "Spark SQL": "Spark SQL"}.items()
    assert not {"Java", "Snowflake"} & set(found)


def test_office_words_count_among_other_skills_only() -> None:
    found = {mention.name for mention in find_skills("Proficient in Word, Excel, Access, PowerPoint and Outlook")}
    assert found >= {"Microsoft Word", "Excel", "Microsoft Access", "PowerPoint", "Microsoft Outlook"}
    prose = "Access to our pension plan. Access SQL databases daily. Data Access, SQL. Our long-term Outlook, SQL."
    assert not {mention.name for mention in find_skills(prose)} & {
        "Microsoft Word",
        "Microsoft Access",
        "Microsoft Outlook",
    }
