"""Answers that end at their deadlines, whatever the server does.

A socket's own limit holds for one read: who sends byte by byte never meets it. Connections made here tell, in the
thread that asks, by which socket it is answered, and one thread shuts those that are late.
"""

import logging
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

logger = logging.getLogger(__name__)


class Awaited:
    """An answer that must have come at its deadline; `late` tells that its socket was shut since it had not."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.late = False
        self._shut: Callable[[], None] | None = None

    @property
    def is_heard(self) -> bool:
        """It is known by what it comes."""
        return self._shut is not None

    def comes_by(self, shut: Callable[[], None]) -> None:
        """`shut` ends the waiting for what comes next."""
        self._shut = shut
        if self.late:
            self.end()

    def end(self) -> None:
        self.late = True
        if self._shut is not None:
            try:
                self._shut()
            except OSError:
                # Read to its end in this very moment, or no socket's any more.
                pass
            except Exception as error:
                # Whatever it is, the others must end too.
                logger.warning("an answer past its deadline could not be ended", exc_info=error)


class Watch:
    """Ends answers at their deadlines, all in one thread: one for each takes longer to start than an answer to read."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._open: set[Awaited] = set()
        self._looks_at = math.inf
        self._looking: threading.Thread | None = None

    @contextmanager
    def until(self, deadline: float) -> Iterator[Awaited]:
        """What this thread asks for inside is ended at the deadline (of `time.monotonic`)."""
        awaited = Awaited(deadline)
        with self._changed:
            self._open.add(awaited)
            if self._looking is None or not self._looking.is_alive():
                thread = threading.Thread(target=self._look, daemon=True, name="deadlines of answers")
                thread.start()
                self._looking = thread
            elif deadline < self._looks_at:
                self._changed.notify()
        token = _AWAITED.set(awaited)
        try:
            yield awaited
        finally:
            _AWAITED.reset(token)
            with self._changed:
                self._open.discard(awaited)

    def _look(self) -> None:
        with self._changed:
            while self._open:
                now = time.monotonic()
                for awaited in [awaited for awaited in self._open if awaited.deadline <= now]:
                    self._open.discard(awaited)
                    awaited.end()
                self._looks_at = min((awaited.deadline for awaited in self._open), default=now)
                self._changed.wait(self._looks_at - now)
            self._looking = None


WATCH = Watch()
_AWAITED: ContextVar[Awaited | None] = ContextVar("awaited", default=None)


class _Heard(HTTPConnection):
    """A connection on which all that comes is watched: a proxy's consent, an answer's head, its body."""

    def _new_conn(self) -> socket.socket:
        opened = super()._new_conn()
        _hear(opened)
        return opened

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        if self.sock is not None:
            _hear(self.sock)
        response = super().getresponse()
        if (awaited := _AWAITED.get()) is not None and awaited.late:
            # What had come reads like a head without its last lines.
            raise TimeoutError
        return response


def _hear(connected: Any) -> None:
    """What this thread awaits comes by a socket, or by TLS within TLS, which is none."""
    if (awaited := _AWAITED.get()) is not None:
        # Of TLS the socket beneath: ended itself, it would hand out what is left to read as it came, in cipher.
        beneath = connected if isinstance(connected, socket.socket) else connected.socket
        awaited.comes_by(partial(socket.socket.shutdown, beneath, socket.SHUT_RDWR))


class _HeardSafely(_Heard, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Heard


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _HeardSafely


_POOLS = {"http": _Pool, "https": _SafePool}


class WatchedAdapter(HTTPAdapter):
    """Connections whose answers end at the deadline under which a thread asks: see `WATCH`."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        # SOCKS has connections of its own: by these only bodies are watched.
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _POOLS
        return manager
