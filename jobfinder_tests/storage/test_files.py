"""Atomic files: all or nothing."""

from pathlib import Path

import pytest

from jobfinder_assets.storage import files


def test_a_file_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "new" / "list.json"
    files.write_json(target, {"rank": 1})
    files.write_json(target, {"rank": 2})
    assert target.read_text(encoding="utf-8") == '{\n  "rank": 2\n}\n'
    assert [path.name for path in target.parent.iterdir()] == ["list.json"]


def test_a_failed_write_keeps_the_old_content(tmp_path: Path) -> None:
    target = tmp_path / "model.joblib"
    files.write_object(target, {"weights": [1, 2]})
    with pytest.raises(TypeError, match="generator"):
        files.write_object(target, (n for n in range(3)))
    assert files.read_object(target) == {"weights": [1, 2]}
    assert [path.name for path in tmp_path.glob("*.joblib*")] == ["model.joblib"]
