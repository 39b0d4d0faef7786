"""The whole workflow on the real postings: first run, second run, throughput by stage, peak memory.

    jobfinder bench workflow [--data FOLDER]

FOLDER (default $JOBFINDER_SHARED/data) holds `kaggle/` and `import/`.
Wall seconds are of this machine; the figures to compare are postings a second and the ratio of
the second run to the first.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STAGES = ("postings", "posting_clusters", "role_tags", "posting_features")


def configuration(data: Path) -> str:
    imports = "\n".join(
        f'[[sources.files.imports]]\nname = "{path.stem}"\npath = "{path}"\n'
        for path in sorted(data.glob("import/*.csv"))
    )
    return f"""
[sources.sample]
enabled = false
[http]
offline = true
[sources.kaggle]
enabled = true
folder = "{data / "kaggle"}"
[sources.files]
{imports}
[profiles.bench]
roles = ["data_engineer"]
"""


def measured_run(environment: dict[str, str]) -> tuple[float, float, str]:
    """Wall seconds, peak resident gigabytes of the process tree, and what was printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    started = time.perf_counter()
    command = [sys.executable, "-m", "jobfinder_assets", "run", "--plain"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if result.returncode:
        raise SystemExit(f"the run failed:\n{result.stdout[-2000:]}\n{result.stderr[-2000:]}")
    peak = max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1e6
    return seconds, peak, result.stdout


def stage_seconds(printed: str) -> dict[str, float]:
    """Seconds by step, as `jobfinder run --plain` prints them."""
    steps = {}
    for line in printed.splitlines():
        words = line.split()
        if len(words) >= 4 and words[0] == "✓" and words[-1] == "s":
            steps[words[1]] = float(words[-2])
    return steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = os.environ.get("JOBFINDER_SHARED", "")
    parser.add_argument("--data", type=Path, default=Path(shared) / "data" if shared else None)
    options = parser.parse_args()
    if options.data is None or not options.data.is_dir():
        parser.error("name the folder of real postings with --data (it holds kaggle/ and import/)")
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "jobfinder.toml"
        config.write_text(configuration(options.data.resolve()), encoding="utf-8")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("JOBFINDER_")}
        environment |= {"JOBFINDER_HOME": f"{folder}/home", "JOBFINDER_CONFIG": str(config)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        first, peak, printed = measured_run(environment)
        second, _, again = measured_run(environment)
        rows = _rows(Path(folder) / "home" / "lake")
    steps, repeated = stage_seconds(printed), stage_seconds(again)
    print(f"{rows} rows in; first run {first:.1f} s, peak {peak:.2f} GB")
    print(f"second run {second:.1f} s, {second / first:.2f} of the first")
    print(f"{'step':<28}{'first s':>9}{'second s':>10}{'postings/s':>12}")
    for name, seconds in steps.items():
        rate = f"{rows / seconds:,.0f}" if name.startswith(STAGES) and seconds else ""
        print(f"{name:<28}{seconds:>9.2f}{repeated.get(name, 0.0):>10.2f}{rate:>12}")
    chain = sum(seconds for name, seconds in steps.items() if name.startswith(STAGES))
    print(f"cleaning to features: {rows / chain:,.0f} postings/s (all cores)")


def _rows(lake: Path) -> int:
    from jobfinder_assets.storage.lake import Lake

    return Lake(str(lake)).count("raw_postings")


if __name__ == "__main__":
    main()
