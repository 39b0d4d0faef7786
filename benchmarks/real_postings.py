"""The real postings of `JOBFINDER_SHARED/data` by id ("file:row"); the gold sets hold ids and labels only."""

from pathlib import Path

import pandas as pd

GLASSDOOR = {
    "Job Title": "title",
    "Company Name": "company",
    "Location": "location",
    "Job Description": "description",
    "Salary Estimate": "salary",
}
FILES: dict[str, tuple[str, dict[str, str]]] = {
    "glassdoor": ("kaggle/data-science-job-posting-on-glassdoor/Uncleaned_DS_jobs.csv", GLASSDOOR),
    "scientist": ("kaggle/data-scientist-jobs/DataScientist.csv", GLASSDOOR),
    "jobspikr": (
        "kaggle/data-scientist-job-postings-from-the-usa/data_scientist_sample_200.csv",
        {
            "job_title": "title",
            "company_name": "company",
            "city": "location",
            "job_description": "description",
            "salary_offered": "salary",
        },
    ),
    "analyst": ("import/DataAnalyst.csv", GLASSDOOR),
    "boards": ("import/us_boards.csv", {"salary_raw": "salary"}),
    "health": ("bench/postings_text_15k.parquet", {"salary_raw": "salary"}),
}


def read_postings(data: Path, *names: str) -> pd.DataFrame:
    """file, title, company, location, description and salary as raw text, indexed by id; `names`: some files only."""
    frames = []
    for name, (path, columns) in FILES.items():
        if names and name not in names:
            continue
        file = data / path
        frame = (pd.read_parquet if file.suffix == ".parquet" else pd.read_csv)(file).reset_index(drop=True)
        frame = frame.rename(columns=columns).assign(file=name)
        frame.index = pd.Index([f"{name}:{row}" for row in frame.index], name="id")
        frames.append(frame[["file", "title", "company", "location", "description", "salary"]])
    found = pd.concat(frames).astype(object).fillna("").map(str)
    found["company"] = found["company"].str.split("\n").str[0]
    return found
