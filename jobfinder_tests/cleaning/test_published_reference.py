"""The published clean version of the Glassdoor file: where we disagree with it, and why.

`Cleaned_DS_Jobs.csv` was made with substring searches. Each disagreement must be of a kind that is explained here.
"""

import re
from pathlib import Path

import pandas as pd
import pytest

from jobfinder_assets.cleaning.places import parse_place
from jobfinder_assets.cleaning.salary import parse_salary
from jobfinder_assets.cleaning.seniority import title_level
from jobfinder_assets.cleaning.skills import find_skills

_KEY = ["Job Title", "Location", "start"]


@pytest.fixture(scope="module")
def reference(shared: Path) -> pd.DataFrame:
    """Each published clean row, with the salary as it was scraped (`raw`)."""
    folder = shared / "data" / "kaggle" / "data-science-job-posting-on-glassdoor"
    clean, raw = (pd.read_csv(folder / name) for name in ("Cleaned_DS_Jobs.csv", "Uncleaned_DS_jobs.csv"))
    for frame in (clean, raw):
        frame["start"] = frame["Job Description"].str[:300].str.replace(r"\s+", "", regex=True)
    found = raw.groupby(_KEY)["Salary Estimate"].agg(list).rename("raw")
    return clean.join(found, on=_KEY)


def test_pay_agrees_in_every_row(reference: pd.DataFrame) -> None:
    for row in reference.to_dict("records"):
        found = [parse_salary(text) for text in row["raw"]]
        ours = [(pay.minimum, pay.maximum, pay.currency, pay.period) for pay in found if pay]
        assert (row["min_salary"] * 1000, row["max_salary"] * 1000, "USD", "year") in ours


def test_levels_differ_only_where_the_reference_knows_no_word_for_them(reference: pd.DataFrame) -> None:
    # It knows "senior", "sr", "lead", "principal" and "jr" only; a lead is a senior to it.
    theirs = reference["seniority"].map({"senior": "senior", "jr": "junior", "na": "unspecified"})
    ours = reference["Job Title"].map(title_level)
    differ = (ours.replace({"lead": "senior", "mid": "unspecified"}) != theirs).to_numpy()
    unknown_to_it = re.compile(
        r"\b(?:staff|manager|director|vp|vice president|head|chief|associate|early career|entry|I{1,3}|\d)\b", re.I
    )
    unexplained = [title for title in reference.loc[differ, "Job Title"] if not unknown_to_it.search(title)]
    assert unexplained == []
    assert differ.sum() < 0.06 * len(reference)


def test_states_differ_only_where_none_is_said(reference: pd.DataFrame) -> None:
    ours = reference["Location"].map(lambda text: parse_place(text).region)
    differ = reference[ours != reference["job_state"].str.strip()]
    # It gives the country where there is no state. A large Oakville lies in Canada, whose code is that of California.
    assert set(differ["Location"]) == {"United States", "Oakville, CA"}


@pytest.mark.parametrize(
    ("column", "skill", "other_names"),
    [
        ("python", "Python", ()),
        ("excel", "Excel", ()),
        ("hadoop", "Hadoop", ("hdfs", "mapreduce", "map reduce", "cloudera")),
        ("spark", "Spark", ("pyspark",)),
        ("aws", "AWS", ("amazon web services", "ec2", "s3", "amazon")),
        ("tableau", "Tableau", ()),
    ],
)
def test_skills_differ_only_where_the_reference_found_letters(
    reference: pd.DataFrame, column: str, skill: str, other_names: tuple[str, ...]
) -> None:
    """It found "excel" in "excellent" and "aws" in "laws", and no skill under another name."""
    for row in reference.to_dict("records"):
        text = row["Job Description"]
        ours = skill in {mention.name for mention in find_skills(text)}
        if ours == bool(row[column]):
            continue
        if ours:
            assert any(name in text.casefold() for name in other_names)
        else:
            alone = re.search(
                rf"(?<![A-Za-z]){column.upper() if column == 'aws' else column.title()}(?![A-Za-z])", text
            )
            # "Excel" as a verb at the head of a line is none.
            assert alone is None or column == "excel"
