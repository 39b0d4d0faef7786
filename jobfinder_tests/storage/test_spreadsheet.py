"""No CSV that the product writes runs anything in a spreadsheet."""

import csv
import io
import re
from pathlib import Path

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

import jobfinder_assets
from jobfinder_assets.storage.spreadsheet import FORMULA_STARTS, safe_cell, to_csv, unsafe_cell

ROOT = Path(jobfinder_assets.__file__).parent
TEXTS = st.tuples(st.sampled_from([*FORMULA_STARTS, " =", "  @", "'=", "", "x"]), st.text(max_size=20)).map("".join)
# Writes the file that ships, which is looked at below.
SAMPLE = "sample/write_sample.py"


@given(st.lists(TEXTS, min_size=1))
def test_no_cell_of_any_csv_can_be_a_formula(texts: list[str]) -> None:
    texts = [text.replace("\x00", "").encode("utf-8", "ignore").decode() for text in texts]
    written = to_csv(pd.DataFrame({"=name": texts, "-list": [[text] for text in texts]})).decode()
    cells = [cell for row in csv.reader(io.StringIO(written, newline="")) for cell in row]
    assert len(cells) == 2 * (len(texts) + 1)
    assert not [cell for cell in cells if cell.lstrip(" ").startswith(FORMULA_STARTS)]


@given(TEXTS)
def test_what_jobfinder_reads_back_is_what_it_wrote(text: str) -> None:
    # A text that begins with an apostrophe and a formula is read as the formula: spreadsheets show it so as well.
    if unsafe_cell(text) == text:
        assert unsafe_cell(safe_cell(text)) == text


def test_every_writer_of_csv_neutralises_formulas() -> None:
    writers = {}
    for path in ROOT.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if re.search(r"csv\.(writer|DictWriter)\(|\.to_csv\(", text):
            writers[path.relative_to(ROOT).as_posix()] = "safe_cell" in text
    assert writers.pop(SAMPLE) is False
    # Its text is hashed, and stands in no file.
    assert writers.pop("training/training_set.py") is False
    assert len(writers) >= 5 and all(writers.values()), writers


def test_the_labels_that_ship_hold_no_formula() -> None:
    text = (ROOT / "sample" / "labels.csv").read_text(encoding="utf-8")
    assert not [cell for row in csv.reader(text.splitlines()) for cell in row if safe_cell(cell) != cell]
