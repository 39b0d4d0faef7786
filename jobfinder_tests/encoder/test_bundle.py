"""Labels out, trained in an empty environment, the model back; and every way in which a bundle can be wrong."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from jobfinder_assets.cli import main
from jobfinder_assets.config import Encoder, Home, Settings, Training
from jobfinder_assets.encoder import bundle as files
from jobfinder_assets.encoder import tuned
from jobfinder_assets.encoder.vectors import vectors_table
from jobfinder_assets.encoder.windows import whole_texts
from jobfinder_assets.export.erase_lake import erase_rows
from jobfinder_assets.export.model_recipe import recipe_of, restore
from jobfinder_assets.recommendations.recommender import refresh
from jobfinder_assets.storage.files import write_json
from jobfinder_assets.storage.lake import Lake
from jobfinder_assets.training import challenger, registry
from jobfinder_assets.training import evaluation as ev
from jobfinder_assets.training.features import fit_encoder, save_encoder, update_features
from jobfinder_assets.training.fine_tuned import FINE_TUNED
from jobfinder_assets.training.imbalance import STRATEGY_COLUMNS
from jobfinder_assets.training.training_set import build_training_set, load_examples
from jobfinder_tests.encoder.conftest import needs_extra
from jobfinder_tests.encoder.test_assets import run
from jobfinder_tests.training import people

TRAINING = Training(trials=2, outer_folds=3)
# What a notebook does on a machine that knows nothing of jobfinder but the bundle.
ELSEWHERE = """
import sys
from pathlib import Path
import jobfinder_assets
from jobfinder_assets.encoder import bundle, finetune
assert Path(jobfinder_assets.__file__).is_relative_to(sys.argv[1]), jobfinder_assets.__file__
found = bundle.read_training_bundle(Path(sys.argv[2]))
recipe = finetune.Recipe(layers=1, epochs=1, batch=16, learning_rate=3e-3)
strategies = {"head, focal": finetune.Recipe(layers=1, epochs=1, kind="head", balance="focal")}
bundle.train_bundle(found, Path(sys.argv[3]), Path(sys.argv[4]), recipe=recipe, strategies=strategies, device="cpu")
own = {name for name in sys.modules if name.startswith("jobfinder_assets.")}
assert own <= {f"jobfinder_assets.{name.removesuffix('.py').removesuffix('/__init__').replace('/', '.')}"
               for name in bundle.CODE}, own
assert not {"dagster", "deltalake", "lightgbm", "mlflow"} & set(sys.modules)
"""


def fill(lake: Lake, home: Home, n: int = 60) -> None:
    """A lake of n labelled postings with features, and words of the domain."""
    posts = people.postings(n)
    people.fill(lake, posts)
    encoder = fit_encoder(lake)
    save_encoder(home, encoder)
    update_features(lake, encoder)
    rows = build_training_set(people.label_events(posts, noise=0.05), people.clusters(posts), posts, profile="ann")
    lake.replace("training_set", rows)
    words = {"words": ["airflow-ng", "pytorch"], "version": "v", "weights": "w", "most_words": 2, "corpus_rows": n}
    covered = {"words": 2, "covered": 0.1, "before": 9.0, "after": 8.0}
    write_json(home.models / "transformer" / "tokenizer.json", words | {"coverage": covered})


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(registry, "evaluate", partial(ev.evaluate, repeats=1))
    return Settings(mlflow_uri=f"sqlite:///{tmp_path / 'mlflow.db'}", training=TRAINING)


@pytest.fixture(scope="module")
def round_trip(tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """(home, training bundle, model bundle), the last trained by a process that has the bundle and an empty home."""
    folder = tmp_path_factory.mktemp("trip")
    home = Home(folder / "home").create()
    lake = Lake(str(home.lake))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JOBFINDER_HOME", str(home.root))
        fill(lake, home)
        sent = challenger.export_bundle(Settings(training=TRAINING), lake, "ann", folder / "out.zip")
    with zipfile.ZipFile(sent) as archive:
        archive.extractall(folder / "elsewhere", [name for name in archive.namelist() if name.startswith("code/")])
    code = folder / "elsewhere" / "code"
    variables = {name: value for name, value in os.environ.items() if not name.startswith("JOBFINDER_")}
    command = [sys.executable, "-c", ELSEWHERE, *map(str, (code, sent, tiny_weights, folder / "back.zip"))]
    result = subprocess.run(
        command,
        cwd=code.parent,
        env=variables | {"PYTHONPATH": str(code), "OMP_NUM_THREADS": "1", "HOME": str(folder / "elsewhere")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert "average precision" in result.stdout
    assert [path.name for path in (folder / "elsewhere").iterdir()] == ["code"]
    return home.root, sent, folder / "back.zip"


@pytest.fixture
def returned(round_trip: tuple[Path, Path, Path], home: Home, tmp_path: Path) -> Path:
    """The home as it was at the export, and a copy of the model bundle that may be tampered with."""
    shutil.copytree(round_trip[0], home.root, dirs_exist_ok=True)
    return Path(shutil.copy2(round_trip[2], tmp_path / "back.zip"))


def test_a_training_bundle_is_read_as_it_was_written(tmp_path: Path) -> None:
    bundle = small_bundle()
    path = files.write_training_bundle(tmp_path / "a.zip", bundle)
    found = files.read_training_bundle(path)
    assert (found.posting_ids, found.texts, found.words, found.folds) == (
        bundle.posting_ids, bundle.texts, bundle.words, bundle.folds
    )  # fmt: skip
    assert np.array_equal(found.labels, bundle.labels)
    assert list(found.groups) == list(bundle.groups)
    assert [[list(side) for side in fold] for fold in files.rows_of(found, 0)] == [[[1, 2], [0]], [[0], [1, 2]]]
    assert files.write_training_bundle(tmp_path / "b.zip", bundle).read_bytes() == path.read_bytes()


def small_bundle() -> files.TrainingBundle:
    return files.TrainingBundle(
        ("p", "q", "r"), ("Bäcker. bakes", "b", "c"), np.array([True, False, True]), np.array(["x", "y", "y"], object),
        (files.Fold(0, ("q", "r"), ("p",)), files.Fold(0, ("p",), ("q", "r"))), ("dbt",),
        {"profile": "ann", "label_hash": "l", "folds": "f", "fold_kind": "grouped"},
    )  # fmt: skip


def example_bundle(n: int = 40) -> files.TrainingBundle:
    """n labelled postings in two folds of whole employers."""
    posts = people.postings(n)
    labels = (posts["role"] == "data_engineer").to_numpy(bool)
    ids = np.array(posts["posting_id"], object)
    first = pd.factorize(posts["company"])[0] % 2 == 0
    folds = tuple(files.Fold(0, tuple(ids[~side]), tuple(ids[side])) for side in (first, ~first))
    facts = {"profile": "ann", "label_hash": "l", "folds": "f", "fold_kind": "grouped"}
    groups = np.array(posts["company"], object)
    return files.TrainingBundle(tuple(ids), tuple(whole_texts(posts)), labels, groups, folds, ("airflow-ng",), facts)


def test_without_labels_there_is_nothing_to_export(settings: Settings, lake: Lake, home: Home, tmp_path: Path) -> None:
    with pytest.raises(challenger.ChallengerError, match="no labels to learn from yet"):
        challenger.export_bundle(settings, lake, "ann", tmp_path / "out.zip")
    fill(lake, home, n=20)
    with pytest.raises(challenger.ChallengerError, match="a model needs 30 in all"):
        challenger.export_bundle(settings, lake, "ann", tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Lets the gate see the fine-tuned model as better or worse than it is: all else is as always."""

    def decide(better: bool) -> None:
        measure = challenger._evaluate

        def biased(*given: Any) -> ev.Evaluation:
            found = measure(*given)
            truth = np.where(found.labels == better, 1.0, 0.0)
            kept = np.where(np.isnan(found.scores[FINE_TUNED]), np.nan, truth[None, :])
            return replace(found, scores={**found.scores, FINE_TUNED: kept})

        monkeypatch.setattr(challenger, "_evaluate", biased)

    return decide


@needs_extra
def test_a_model_comes_back_and_is_logged_as_a_challenger(
    returned: Path, settings: Settings, lake: Lake, home: Home, judged: Callable[[bool], None]
) -> None:
    assert registry.train(settings, lake, "ann").state == "trained"
    judged(False)
    verdict = challenger.import_bundle(settings, lake, returned, profile="ann")
    assert verdict.against == ev.CHAMPION
    assert verdict.difference.low <= verdict.difference.value <= verdict.difference.high < 0
    assert "the fine-tuned model is worse than the champion of ann" in str(verdict)
    assert not verdict.promoted

    import mlflow

    client = mlflow.MlflowClient()
    version = client.get_model_version_by_alias(registry.model_name("ann"), challenger.ALIAS)
    assert str(version.version) == verdict.version
    logged = client.get_run(verdict.run_id)
    assert logged.data.tags["kind"] == "challenger"
    assert logged.data.metrics["difference"] == pytest.approx(verdict.difference.value)
    assert logged.data.params["layers"] == "1"
    table = json.loads(mlflow.artifacts.load_text(f"runs:/{verdict.run_id}/imbalance_strategies.json"))
    assert tuple(table["columns"]) == STRATEGY_COLUMNS
    strategies = pd.DataFrame(table["data"], columns=table["columns"]).set_index("strategy")
    balances = ("none", "weights", "sampled", "focal")
    kinds = ("linear", "linear and trees")
    assert list(strategies.index) == [f"{kind}, {each}" for kind in kinds for each in balances] + ["head, focal"]
    assert ((strategies["low"] <= strategies["AP"]) & (strategies["AP"] <= strategies["high"])).all()
    assert strategies.loc["linear, focal", "against none"] == pytest.approx(
        strategies.loc["linear, focal", "AP"] - strategies.loc["linear, none", "AP"]
    )
    board = mlflow.artifacts.load_text(f"runs:/{verdict.run_id}/scoreboard.md")
    assert all(name in board for name in (FINE_TUNED, ev.LINEAR, ev.CHAMPION))
    served = mlflow.pyfunc.load_model(f"models:/{registry.model_name('ann')}/{verdict.version}")
    scores = served.predict(people.postings(5)[["title", "description"]])
    assert np.isfinite(scores).all()
    # The model in force is another matter: it is what the gate put there.
    in_force = registry.champion(settings, "ann")
    assert in_force is not None
    assert in_force.version == "1"
    assert (registry.versions(settings, "ann"), tuned.in_force(home)) == (["1"], [])
    with pytest.raises(FileNotFoundError, match="no model '2' of profile 'ann'"):
        registry.promote(settings, "ann", verdict.version)


@needs_extra
def test_a_model_that_passes_the_gate_ranks_and_can_be_rolled_back(
    returned: Path,
    settings: Settings,
    lake: Lake,
    home: Home,
    tiny: Encoder,
    judged: Callable[[bool], None],
    instance: dg.DagsterInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings.model_copy(update={"encoder": tiny})
    assert registry.train(settings, lake, "ann").state == "trained"
    posts = people.postings(60)
    clusters = people.clusters(posts)
    lake.replace("posting_clusters", clusters)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    first = refresh(lake, settings, "ann", now=now)
    judged(True)
    verdict = challenger.import_bundle(settings, lake, returned, profile="ann")
    assert verdict.promoted
    assert "it is in force, and has read 60 postings" in str(verdict)
    champion = registry.champion(settings, "ann")
    assert champion is not None
    assert (champion.version, champion.tags["recipe"]) == (verdict.version, FINE_TUNED) == ("2", FINE_TUNED)
    assert len(champion.canaries) == 4
    assert champion.previous_scoreboard.equals(registry.read_version(settings, "ann", "1").scoreboard)

    import mlflow

    client = mlflow.MlflowClient()
    assert str(client.get_model_version_by_alias(registry.model_name("ann"), registry.ALIAS).version) == "2"
    # The list is that of the transformer itself, and says why.
    listed = refresh(lake, settings, "ann", now=now)
    assert (listed.state, listed.model_version) == ("written", "2")
    shown = listed.recommendations.merge(posts[["posting_id", "description"]], on="posting_id")
    expected = files.Scorer.read(returned).predict(shown)
    assert shown["score"].to_numpy() == pytest.approx(expected, abs=1e-4)
    told = [json.loads(text) for text in shown["reasons"]]
    assert {one["text"] for reasons in told for one in reasons} <= {
        "reads like postings you liked", "reads unlike postings you liked"
    }  # fmt: skip
    typical = champion.model.linear.intercept
    assert [sum(one["contribution"] for one in reasons) + typical for reasons in told] == pytest.approx(
        list(shown["score"]), abs=1e-5
    )
    # New postings are read in the next run, and nothing is read twice.
    more = people.postings(70).tail(10).drop(columns="role")
    lake.append("postings", more)
    for name, value in {"WEIGHTS": tiny.weights, "DEVICE": "cpu", "VECTORS": "none"}.items():
        monkeypatch.setenv(f"JOBFINDER_ENCODER__{name}", value)
    for expected in ("10 scored, 0 waiting", "0 scored, 0 waiting"):
        assert run(instance)["posting_vectors"]["fine-tuned model of ann"] == expected
    with monkeypatch.context() as patch:
        patch.setattr(tuned, "installed", lambda: False)
        assert "jobfinder[encoder]" in run(instance)["posting_vectors"]["fine-tuned model of ann"]

    # The gate knows it: without news there is nothing to train.
    assert registry.train(settings, lake, "ann").state == "unchanged"
    # No export can bring its weights back.
    recipe = recipe_of(settings, "ann")
    assert recipe is not None
    assert recipe["tags"]["fine_tuned"] == champion.vectors_version
    (home.models / "preference" / "ann" / "champion.json").rename(tmp_path / "champion.json")
    assert restore(settings, lake, "ann", recipe) == ""
    (tmp_path / "champion.json").rename(home.models / "preference" / "ann" / "champion.json")
    registry.promote(settings, "ann", "1")
    assert tuned.in_force(home) == []
    back = refresh(lake, settings, "ann", now=now)
    assert back.model_version == "1"
    both = back.recommendations.merge(first.recommendations, on="posting_id", suffixes=("", "_before"))
    assert both["score"].to_numpy() == pytest.approx(both["score_before"].to_numpy())
    registry.promote(settings, "ann", "2")
    assert [each.version for each in tuned.in_force(home)] == [champion.vectors_version]


@needs_extra
def test_a_fine_tuned_champion_is_judged_again_by_what_it_said_of_its_labels(
    returned: Path, settings: Settings, lake: Lake, judged: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(True)
    assert challenger.import_bundle(settings, lake, returned, profile="ann").against == ev.LINEAR
    rows = lake.read("training_set")
    lake.replace("training_set", rows.iloc[1:])
    met: list[ev.Evaluation] = []

    def stays(evaluation: ev.Evaluation) -> registry.Decision:
        met.append(evaluation)
        return registry.Decision(ev.CHAMPION, ev.CHAMPION, evaluation.difference(ev.MODEL, ev.CHAMPION))

    monkeypatch.setattr(registry, "decide", stays)
    outcome = registry.train(settings, lake, "ann")
    assert outcome.champion is not None
    before, after = registry.read_version(settings, "ann", "1"), outcome.champion
    assert (after.version, after.vectors_version) == ("2", before.vectors_version)
    kept = before.fine_tuned
    assert kept is not None
    [evaluation] = met
    said = evaluation.scores[ev.CHAMPION][0]
    ids = list(load_examples(lake, lake.read("training_set"), after.tags["encoder_version"]).features.posting_ids)
    assert said == pytest.approx([kept.scores[name] for name in ids])
    assert registry.train(settings, lake, "ann").state == "unchanged"


@needs_extra
def test_a_fine_tuned_model_leaves_with_its_person(
    returned: Path, settings: Settings, lake: Lake, home: Home, judged: Callable[[bool], None]
) -> None:
    judged(True)
    assert challenger.import_bundle(settings, lake, returned, profile="ann").promoted
    lake.append("posting_vectors", vectors_table(["p"], ["h"], np.ones((1, 3), np.float32), "static"))
    assert erase_rows(lake, "ann", ())["posting_vectors"] == 60
    assert list(lake.read("posting_vectors")["vectors_version"]) == ["static"]


def rewritten(path: Path, change: Callable[[dict[str, bytes], dict[str, Any]], None], *, sign: bool) -> None:
    """Change members and manifest of a bundle; `sign` makes hashes and digest fit again, as a careful forger would."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members.pop(files.MANIFEST))
    change(members, manifest)
    if sign:
        import hashlib

        manifest["files"] = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
        manifest["digest"] = files.digest(manifest)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {files.MANIFEST: json.dumps(manifest).encode(), **members}.items():
            archive.writestr(name, content)


def other_weights(members: dict[str, bytes], _: dict[str, Any]) -> None:
    members["model/model.safetensors"] = members["model/model.safetensors"][:-1] + b"\x00"


def other_head(members: dict[str, bytes], _: dict[str, Any]) -> None:
    head = json.loads(members["head.json"])
    members["head.json"] = json.dumps(head | {"intercept": head["intercept"] + 1}).encode()


def better_metric(_: dict[str, bytes], manifest: dict[str, Any]) -> None:
    manifest["facts"]["metrics"]["AP"] = 0.999


def fewer_scores(members: dict[str, bytes], _: dict[str, Any]) -> None:
    members["scores.jsonl"] = b"\n".join(members["scores.jsonl"].splitlines()[1:])


def better_strategy(members: dict[str, bytes], _: dict[str, Any]) -> None:
    rows = json.loads(members["strategies.json"])
    members["strategies.json"] = json.dumps([row | {"AP": 0.999} for row in rows]).encode()


def other_words(members: dict[str, bytes], _: dict[str, Any]) -> None:
    members["words.json"] = json.dumps(["airflow-ng"]).encode()


def other_tokenizer(members: dict[str, bytes], _: dict[str, Any]) -> None:
    tokenizer = json.loads(members["model/tokenizer.json"])
    tokenizer["added_tokens"] = [token for token in tokenizer["added_tokens"] if token["content"] != "airflow-ng"]
    members["model/tokenizer.json"] = json.dumps(tokenizer).encode()


def other_labels(_: dict[str, bytes], manifest: dict[str, Any]) -> None:
    manifest["facts"]["label_hash"] = "0" * 16


def other_folds(_: dict[str, bytes], manifest: dict[str, Any]) -> None:
    manifest["facts"]["folds"] = "0" * 16


def smuggled(members: dict[str, bytes], _: dict[str, Any]) -> None:
    members["model/../../evil.py"] = b"boo"


def unlisted(members: dict[str, bytes], _: dict[str, Any]) -> None:
    members["model/more.bin"] = b"boo"


def other_format(_: dict[str, bytes], manifest: dict[str, Any]) -> None:
    manifest["format"] = 9


@needs_extra
@pytest.mark.parametrize(
    ("change", "sign", "reason"),
    [
        (other_weights, False, r"model/model\.safetensors was changed after it was written"),
        (better_metric, False, r"manifest\.json was changed"),
        (unlisted, False, "'model/more.bin' is missing, or is not in its manifest"),
        (better_metric, True, r"claims AP 0\.9990, but its scores give 0\.\d+"),
        (fewer_scores, True, "scores of other postings than its folds leave out"),
        (better_strategy, True, r"'head, focal' claims AP 0\.9990, but its scores give 0\.\d+"),
        (other_words, True, "knows other words than were exported"),
        (other_tokenizer, True, "spells 'airflow-ng' in pieces"),
        (other_labels, True, "trained on other labels than there are now"),
        (other_folds, True, "trained on other folds than there are now"),
        (other_head, True, "does not give the scores that the bundle states"),
        (smuggled, True, "is no path inside a bundle"),
        (other_format, True, "bundle of format 9"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_tampered_bundle_is_refused_with_the_reason(
    change: Any, sign: bool, reason: str, returned: Path, settings: Settings, lake: Lake
) -> None:
    rewritten(returned, change, sign=sign)
    with pytest.raises(files.BundleError, match=reason):
        challenger.import_bundle(settings, lake, returned, profile="ann")


@needs_extra
def test_a_bundle_of_yesterdays_labels_is_refused(returned: Path, settings: Settings, lake: Lake) -> None:
    rows = lake.read("training_set")
    rows.loc[0, "interesting"] = not rows.loc[0, "interesting"]
    lake.replace("training_set", rows)
    with pytest.raises(files.BundleError, match=r"other labels than there are now .* export and train again"):
        challenger.import_bundle(settings, lake, returned, profile="ann")


@pytest.mark.parametrize(
    ("content", "reason"), [(b"PK\x03\x04cut", "not a bundle, or cut off"), (None, "there is no such file")]
)
def test_no_bundle_at_all_is_said(content: bytes | None, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "some.zip"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(files.BundleError, match=reason):
        files.read_training_bundle(path)


@needs_extra
def test_the_commands_go_round(
    returned: Path, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "ENCODER__WEIGHTS": tiny_weights, "ENCODER__DEVICE": "cpu", "TRAINING__TRIALS": 2, "TRAINING__OUTER_FOLDS": 3,
        "MLFLOW_URI": f"sqlite:///{tmp_path / 'mlflow.db'}",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"JOBFINDER_{name}", str(value))

    def command(*words: str) -> Any:
        return CliRunner().invoke(main, ["encoder", *words])

    assert command("export", "out.zip", "--profile", "ann").exit_code == 0
    assert Path("out.zip").is_file()
    taken = command("import", str(returned), "--profile", "ann")
    assert taken.exit_code == 0, taken.output
    assert "alias challenger" in taken.output
    refused = command("import", "out.zip", "--profile", "ann")
    assert refused.exit_code == 1
    assert command("train", "nothing.zip").exit_code == 1


def test_without_the_extra_the_commands_say_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from jobfinder_assets.encoder import weights

    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    path = files.write_training_bundle(tmp_path / "a.zip", small_bundle())
    for words in (["train", str(path)], ["import", str(path)]):
        result = CliRunner().invoke(main, ["encoder", *words])
        assert result.exit_code == 1
        assert 'pip install "jobfinder[encoder]"' in result.output
