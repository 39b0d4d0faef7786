"""The asset on a real lake: what is tagged, what is left alone, and what a kill or a bad table leads to."""

import json

import dagster as dg
import pandas as pd
import pytest

from jobfinder_assets.config import Home
from jobfinder_assets.roles import tagging
from jobfinder_assets.roles.assets import role_tags
from jobfinder_assets.roles.checks import find_faults, role_shares_plausible, role_shares_steady, role_tags_complete
from jobfinder_assets.storage.io_manager import LakeResource, SettingsResource
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.storage.schemas import ROLES
from jobfinder_tests.roles.adverts import ADVERTS


def postings(copies: int = 3, *, start: int = 0) -> pd.DataFrame:
    rows = [
        {
            "posting_id": f"{number:03d}-{place:03d}",
            "content_hash": f"h{number}",
            "cleaning_version": "1",
            "title": title,
            "description": f"{text}\nAbout us\nCompany {number}.",
        }
        for number in range(start, start + copies)
        for place, (title, text, _) in enumerate(ADVERTS)
    ]
    return pd.DataFrame(rows)


def run(instance: dg.DagsterInstance) -> tuple[dict[str, object], dict[str, bool]]:
    """Materialize with its checks; returns plain metadata and which checks passed."""
    result = dg.materialize(
        [role_tags, role_tags_complete, role_shares_plausible, role_shares_steady],
        resources={"settings": SettingsResource(), "lake": LakeResource()},
        instance=instance,
    )
    (event,) = result.get_asset_materialization_events()
    metadata = {name: value.value for name, value in event.materialization.metadata.items()}
    return metadata, {check.check_name: check.passed for check in result.get_asset_check_evaluations()}


def counts(metadata: dict[str, object]) -> tuple[object, ...]:
    return tuple(metadata[name] for name in ("new", "changed", "unchanged", "removed"))


def tags(lake: Lake) -> pd.DataFrame:
    return lake.read("role_tags").sort_values("posting_id").reset_index(drop=True)


def test_every_posting_is_tagged_and_a_rerun_writes_nothing(lake: Lake, instance: dg.DagsterInstance) -> None:
    lake.append("postings", postings())
    metadata, checks = run(instance)
    total = 3 * len(ADVERTS)
    assert counts(metadata) == (total, 0, 0, 0)
    assert metadata["fitted now"] is True
    assert checks == dict.fromkeys(("role_tags_complete", "role_shares_plausible", "role_shares_steady"), True)
    assert "| Data Scientist" in str(metadata["where titles go"])
    assert "conflict" in str(metadata["rules"])
    found = tags(lake).set_index("posting_id")
    assert found["role"].tolist() == [role for _, _, role in ADVERTS] * 3
    evidence = json.loads(found.loc["000-000", "evidence"])
    assert {"phrase", "role", "weight", "part", "start", "end"} == set(evidence[0])

    version = lake.version("role_tags")
    again, _ = run(instance)
    assert counts(again) == (0, 0, total, 0)
    assert again["fitted now"] is False
    assert "rules" not in again
    assert lake.version("role_tags") == version


def test_only_news_is_tagged(lake: Lake, instance: dg.DagsterInstance) -> None:
    lake.append("postings", postings(5))
    run(instance)
    before = tags(lake).set_index("posting_id")
    lake.append("postings", postings(1, start=9).head(2))
    changed = postings(1).head(1).assign(content_hash="other", description="Duties\nPrepare weekly reports and KPIs.")
    recleaned = postings(2).tail(1).assign(cleaning_version="2")
    lake.merge("postings", pd.concat([changed, recleaned]))
    lake.delete("postings", pd.DataFrame({"posting_id": ["004-001"]}))
    metadata, checks = run(instance)
    assert counts(metadata) == (2, 2, 5 * len(ADVERTS) - 3, 1)
    assert checks["role_tags_complete"]
    after = tags(lake).set_index("posting_id")
    untouched = before.index.difference(["004-001", "000-000", recleaned["posting_id"].item()])
    pd.testing.assert_frame_equal(after.loc[untouched], before.loc[untouched])
    assert after.loc["000-000", "content_hash"] == "other"


@pytest.mark.parametrize(("added", "refits"), [(1, False), (2, True)])
def test_the_tagger_is_fitted_anew_when_the_corpus_has_grown_by_a_quarter(
    lake: Lake, instance: dg.DagsterInstance, added: int, refits: bool
) -> None:
    lake.append("postings", postings(5))
    first, _ = run(instance)
    lake.append("postings", postings(added, start=5))
    second, _ = run(instance)
    assert second["fitted now"] is refits
    assert (second["tagger"] != first["tagger"]) is refits


def test_other_code_or_rules_fit_and_tag_anew(
    lake: Lake, home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.append("postings", postings(2))
    run(instance)
    for module in ("tagger", "tagging"):
        monkeypatch.setattr(f"jobfinder_assets.roles.{module}.TAGGER_VERSION", "2-new-rules")
    metadata, _ = run(instance)
    assert metadata["fitted now"] is True
    assert counts(metadata) == (0, 2 * len(ADVERTS), 0, 0)


def test_a_killed_run_is_completed_and_nothing_shows(lake: Lake, home: Home, tmp_path) -> None:
    other = Lake(str(tmp_path / "other"))
    lake.append("postings", postings(4))
    other.append("postings", postings(4).sample(frac=1, random_state=1))
    tagger, _ = tagging.tagger_in_force(lake, home)
    tagging.update_tags(lake, tagger)
    again, fitted = tagging.tagger_in_force(other, Home(tmp_path / "elsewhere"))
    assert fitted
    assert again.version == tagger.version

    class Killed(Exception):
        pass

    class Dying(Lake):
        def merge(self, table: str, frame: object) -> int:
            if self.exists(table):
                raise Killed
            return super().merge(table, frame)  # type: ignore[arg-type]

    with pytest.raises(Killed):
        tagging.update_tags(Dying(other.uri), again, batch_rows=50)
    assert 0 < other.count("role_tags") < 4 * len(ADVERTS)
    update = tagging.update_tags(other, again, batch_rows=70)
    assert update.unchanged == 50
    pd.testing.assert_frame_equal(tags(other), tags(lake), rtol=1e-6)


def test_an_empty_lake_is_no_error(lake: Lake, home: Home, instance: dg.DagsterInstance) -> None:
    metadata, checks = run(instance)
    assert counts(metadata) == (0, 0, 0, 0)
    assert checks == dict.fromkeys(("role_tags_complete", "role_shares_plausible", "role_shares_steady"), True)
    assert not (home.models / "roles" / "tagger.joblib").exists()


GOOD = {"posting_id": "a", "role": "other"} | dict.fromkeys(ROLES, 0.2)


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([], "no tag"),
        ([GOOD, GOOD], "more than one tag"),
        ([GOOD, GOOD | {"posting_id": "z"}], "tag without a posting"),
        ([GOOD | {"role": "wizard"}], "unknown role"),
        ([GOOD | {"other": 0.3}], "probabilities"),
        ([GOOD | {"other": None}], "probabilities"),
        ([GOOD | {"other": 1.2, "data_analyst": -0.8}], "probabilities"),
    ],
)
def test_faults(rows: list[dict[str, object]], fault: str) -> None:
    frame = pd.DataFrame(rows, columns=["posting_id", "role", *ROLES]).astype(dict.fromkeys(ROLES, float))
    (found,) = find_faults(pd.Series(["a"]), frame)
    assert found.startswith(fault)


def test_a_missing_tag_fails_the_blocking_check(lake: Lake) -> None:
    lake.append("postings", postings(1))
    lake.append("role_tags", pd.DataFrame([GOOD | {"posting_id": "000-000"}]))
    result = role_tags_complete(lake=LakeResource())
    assert not result.passed
    assert f"{len(ADVERTS) - 1} postings: no tag, e.g. 000-001" in result.description
    assert all(spec.blocking for spec in role_tags_complete.check_specs)


def test_one_role_for_everything_is_a_warning(lake: Lake) -> None:
    lake.append("role_tags", pd.DataFrame([GOOD | {"posting_id": f"p{number}"} for number in range(60)]))
    result = role_shares_plausible(lake=LakeResource())
    assert not result.passed
    assert result.severity == dg.AssetCheckSeverity.WARN
    assert "100.0% of 60 postings are other" in result.description


def correct(lake: Lake, corrections: dict[str, str], *, day: int = 1) -> None:
    when = pd.Timestamp(2026, 1, day, tz="UTC")
    rows = [
        {"event_id": f"{day}-{name}", "posting_id": name, "role": role, "corrected_at": when}
        for name, role in corrections.items()
    ]
    lake.merge("role_corrections", pd.DataFrame(rows))


def test_a_correction_stands_at_once_and_can_be_corrected_again(lake: Lake, instance: dg.DagsterInstance) -> None:
    lake.append("postings", postings())
    run(instance)
    before = tags(lake)
    correct(lake, {"000-000": "other"})
    metadata, checks = run(instance)
    assert counts(metadata) == (0, 1, len(before) - 1, 0)
    assert metadata["fitted now"] is False and metadata["corrected by you"] == 1
    assert all(checks.values())
    row = tags(lake).set_index("posting_id").loc["000-000"]
    assert (row["role"], row["other"]) == ("other", 1.0)
    assert json.loads(row["evidence"])[0]["phrase"] == "your correction"
    correct(lake, {"000-000": "data_analyst"}, day=2)
    run(instance)
    assert tags(lake).set_index("posting_id").loc["000-000", "role"] == "data_analyst"


def test_several_corrections_teach_the_tagger(lake: Lake, instance: dg.DagsterInstance) -> None:
    """What a person says of some adverts with a word of their own is then said of others with it."""
    rows = postings(40)
    strange = rows["posting_id"].str.endswith("-000")
    rows.loc[strange, "description"] += " You tend the zorblax flows."
    lake.append("postings", rows)
    run(instance)
    before = tags(lake).set_index("posting_id")["other"]
    names = rows.loc[strange, "posting_id"].tolist()
    correct(lake, dict.fromkeys(names[:20], "other"))
    metadata, _ = run(instance)
    assert metadata["fitted now"] is True
    after = tags(lake).set_index("posting_id")["other"]
    assert (after[names[20:]] > before[names[20:]]).all()
