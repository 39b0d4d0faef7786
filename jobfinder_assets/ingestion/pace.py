"""How often a source may be asked: its rates, counted in a file of the home so that they hold across runs."""

import re
from collections.abc import Sequence

from filelock import FileLock
from pyrate_limiter import Rate, RateItem, SQLiteBucket

from jobfinder_assets.config import Home


class Pace:
    """Counts one source's requests against its rates; may be shared by threads and processes."""

    def __init__(self, source: str, rates: Sequence[Rate], home: Home) -> None:
        self._source = source
        self._rates = list(rates)
        self._file = home.root / "requests.sqlite"

    def take(self) -> float:
        """Count one request if it is allowed now: 0. Else the seconds until one is, and nothing is counted."""
        if not self._rates:
            return 0.0
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self._file}.lock"), self._bucket() as bucket:
            now = bucket.now()
            bucket.leak(now)
            return 0.0 if bucket.put(RateItem(self._source, now)) else self._wait(bucket, now)

    def wait(self) -> float:
        """Seconds until a request is allowed; 0 when one is now. Counts nothing."""
        if not self._rates or not self._file.exists():
            return 0.0
        with FileLock(f"{self._file}.lock"), self._bucket() as bucket:
            return self._wait(bucket, bucket.now())

    def _wait(self, bucket: SQLiteBucket, now: int) -> float:
        """Each rate is free again when its `limit`-th newest request has left its interval."""
        oldest = [(rate, bucket.peek(rate.limit - 1)) for rate in self._rates]
        waits = [item.timestamp + rate.interval + 1 - now for rate, item in oldest if item is not None]
        return max([0, *waits]) / 1000

    def _bucket(self) -> SQLiteBucket:
        # A table's name cannot be a parameter of SQL.
        table = re.sub(r"\W", "_", f"requests_{self._source}")
        return SQLiteBucket.init_from_file(self._rates, table, str(self._file))
