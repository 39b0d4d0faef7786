"""One HTTP client for all live sources: patient with a busy server, quick with a dead one, never endless.

What goes wrong is told as the contract's errors: 404 and 410 are a board that is gone; 401, 403, 429 and an
HTML page in the place of JSON a refusal; 304 is "unchanged"; all else that is no JSON has failed.
"""

import html
import logging
import os
import re
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode, urljoin, urlsplit

import msgspec
import orjson
import requests
import xxhash
from cachetools import LRUCache
from requests.adapters import DEFAULT_POOLSIZE
from urllib3 import BaseHTTPResponse, Retry, Timeout
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    IncompleteRead,
    MaxRetryError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.util import parse_url

from jobfinder_assets.config import Http, Settings
from jobfinder_assets.ingestion.contract import (
    VARIABLE,
    BoardBlocked,
    BoardGone,
    NotYet,
    SchemaDrift,
    Source,
    SourceError,
    Unchanged,
    parse_json,
    record_json,
)
from jobfinder_assets.ingestion.deadlines import WATCH, Awaited, WatchedAdapter
from jobfinder_assets.ingestion.pace import Pace

Shape = TypeVar("Shape")

_AGAIN = frozenset({429, 500, 502, 503, 504})
_REFUSED = frozenset({401, 403, 429, 451})
_GONE = frozenset({404, 410})
_REDIRECTED = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3
# Nested or exotic encodings are how decompression bombs travel.
_ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
_QUOTED = 200
_TITLE = re.compile(rb"<title[^>]{0,200}>([^<]{1,120})", re.IGNORECASE)
_BACKOFF_SECONDS = 0.5
_STRUCK_OUT = "[key]"
_SHORTEST_SECRET = 6
# An answer's characters: its own word for them, else UTF-8, which wrong guesses rarely pass.
_CHARSET = re.compile(rb"""charset=["']?([\w.:-]{1,40})|encoding=["']([\w.:-]{1,40})["']""", re.IGNORECASE)


class UnexpectedStatus(SourceError):
    """An HTTP status that says neither gone nor refused; `code` and the start of the `body` for the source to judge."""

    def __init__(self, message: str, *, code: int, body: bytes) -> None:
        super().__init__(message)
        self.code = code
        self.body = body


@dataclass(frozen=True)
class TextAnswer:
    """An answer's text; `bytes` and `validators` as of a `JsonAnswer`."""

    content: str
    bytes: int
    validators: Mapping[str, str]


@dataclass(frozen=True)
class Key:
    """The user's own key to a source: sent with each request, and never seen again.

    params, headers: the names that the source wants it under, with their values.
    variables: what stands for `${NAME}` in addresses.
    """

    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_addresses(cls, addresses: Iterable[str]) -> "Key":
        """The variables of the environment that the addresses name."""
        names = {name for address in addresses for name in VARIABLE.findall(address)}
        return cls(variables={name: os.environ.get(name, "").strip() for name in names})

    def address(self, url: str) -> str:
        """`url` with the values of the variables that it names. Raises `SourceError` when one is none."""

        def value(named: re.Match[str]) -> str:
            found = self.variables.get(named[1], "")
            if not found:
                raise SourceError(f"{url} names {named[0]}, which is not set in the environment")
            if len(found) < _SHORTEST_SECRET:
                # It would be struck out of every word of the answer that holds it.
                raise SourceError(
                    f"{url} names {named[0]}, whose value is too short for a secret: write it in the address as it is"
                )
            return quote(found, safe="")

        return VARIABLE.sub(value, url)

    @cached_property
    def secrets(self) -> re.Pattern[bytes] | None:
        """Every value as it is, and as an address, markup or JSON spells it."""
        # One that is too short is never sent, see `address`.
        sent = (value for value in self.variables.values() if len(value) >= _SHORTEST_SECRET)
        given = (*self.params.values(), *self.headers.values(), *sent)
        # The longest first: one may begin with another.
        values = sorted({value for value in given if value}, key=lambda value: (-len(value), value))
        spelled = ("".join(map(_spellings, value)) for value in values)
        return re.compile("|".join(spelled).encode()) if values else None

    def struck_out(self, content: bytes) -> bytes:
        """`content` without a secret."""
        return content if self.secrets is None else self.secrets.sub(_STRUCK_OUT.encode(), content)

    def hidden(self, words: str) -> str:
        """`words` without a secret."""
        return words if self.secrets is None else self.struck_out(words.encode(errors="replace")).decode()


def _spellings(character: str) -> str:
    if character.isascii() and character.isalnum():
        return character
    bytes_ = character.encode(errors="replace")
    number = ord(character)
    forms = {
        re.escape(character),
        re.escape("\\" + character),
        re.escape(html.escape(character)),
        "(?i:" + "".join(f"%{byte:02x}" for byte in bytes_) + ")",
        f"(?i:&#0*(?:{number}|x0*{number:x});|\\\\u{number:04x})",
        *([re.escape("+")] if character == " " else []),
    }
    return f"(?:{'|'.join(sorted(forms, key=lambda form: (-len(form), form)))})"


class _StrikeOut(logging.Filter):
    """Keeps a key out of what urllib3 logs."""

    def __init__(self, key: Key) -> None:
        super().__init__()
        self._key = key

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._key.hidden(record.getMessage()), ()
        return True


@dataclass(frozen=True)
class JsonAnswer:
    """A JSON answer; `bytes` counts the decoded body; `validators` are to be sent next time."""

    content: Any
    bytes: int
    validators: Mapping[str, str]


@dataclass(frozen=True)
class ShapedAnswer(Generic[Shape]):
    """A JSON answer in the shape that was asked for; `bytes` and `validators` as of a `JsonAnswer`."""

    content: Shape
    bytes: int
    validators: Mapping[str, str]


class _TryAgain(Exception):
    """The attempt failed in a way that may pass; `error` is what to say when it does not."""

    def __init__(self, error: SourceError, retry_after: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.retry_after = retry_after


@dataclass(frozen=True)
class _Body:
    code: int
    headers: Mapping[str, str]
    content: bytes

    @cached_property
    def digest(self) -> str:
        return xxhash.xxh3_128_hexdigest(self.content)


@dataclass(frozen=True)
class _Route:
    """How a host is reached.

    pool: its connections; headers: what each request has; origin: what stands before the path, for a proxy that wants
    the whole address.
    """

    pool: HTTPConnectionPool
    headers: Mapping[str, str]
    origin: str

    def target(self, url: str) -> str:
        return self.origin + parse_url(url).request_uri


class HttpClient:
    """Asks live sources; may be shared by threads. One client serves one run of one source."""

    def __init__(self, settings: Http, *, pace: Pace | None = None, key: Key | None = None) -> None:
        self._settings = settings
        self._pace = pace
        self._key = key or Key()
        if self._key.secrets is not None:
            # The first names every address at the level DEBUG, the second those whose headers are malformed.
            for name in ("urllib3.connectionpool", "urllib3.connection"):
                logging.getLogger(name).addFilter(_StrikeOut(self._key))
        self._unreachable: dict[str, str] = {}
        # As many as urllib3 keeps open: some sources have a host for each board.
        self._routes: LRUCache[tuple[str, str], _Route] = LRUCache(DEFAULT_POOLSIZE)
        self._lock = threading.Lock()
        # What is worth another try, how long to wait before it, and how to read Retry-After.
        self._policy = Retry(
            total=settings.retries,
            status_forcelist=_AGAIN,
            allowed_methods=frozenset({"GET"}),
            backoff_factor=_BACKOFF_SECONDS,
            backoff_max=settings.max_retry_after_seconds,
        )
        self._headers = {
            "User-Agent": settings.user_agent,
            "Accept-Encoding": "gzip, deflate",
            **self._key.headers,
        }
        # The adapter alone: of a session's cookies, redirects and hooks none is wanted.
        self._adapter = WatchedAdapter(pool_maxsize=settings.connections, max_retries=0)

    @classmethod
    def of(cls, source: type[Source], settings: Settings, key: Key | None = None) -> "HttpClient":
        """The client of a source: at its pace, with the user's key to it."""
        return cls(settings.http, pace=Pace(source.name, source.rates, settings.home), key=key)

    def get_json(
        self,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        validators: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> JsonAnswer:
        """Ask `url` for JSON: by GET, or by POST when it takes its question as a JSON `body`.

        `validators` are those of an earlier answer; they are sent only when they belong to this very URL.

        Raises
        ------
        SourceError
            `Unchanged`, `NotYet`, `BoardGone`, `BoardBlocked`, `UnexpectedStatus`, or itself: unreachable,
            too slow, too large, truncated, redirected to another host, or no JSON.
        """
        full = _address(url, params or {})
        answer = self._asked(full, "application/json", validators or {}, body)
        return JsonAnswer(_json(full, answer), len(answer.content), self._validators(full, answer))

    def get_shaped(
        self,
        url: str,
        decoder: msgspec.json.Decoder[Shape],
        *,
        params: Mapping[str, Any] | None = None,
        validators: Mapping[str, str] | None = None,
    ) -> "ShapedAnswer[Shape]":
        """GET `url` for JSON of a known shape, of which no more is parsed than the shape asks for.

        Raises as `get_json` does, and `SchemaDrift` when the answer has another shape.
        """
        full = _address(url, params or {})
        answer = self._asked(full, "application/json", validators or {})
        return ShapedAnswer(_shaped(full, answer, decoder), len(answer.content), self._validators(full, answer))

    def get_text(
        self,
        url: str,
        *,
        accept: str,
        params: Mapping[str, Any] | None = None,
        validators: Mapping[str, str] | None = None,
    ) -> TextAnswer:
        """GET a page or a feed as text; `accept` is the media type to ask for. Raises as `get_json` does."""
        full = _address(url, params or {})
        answer = self._asked(full, accept, validators or {})
        # Once more, since a text of two bytes a character spells it in its own way.
        return TextAnswer(self._key.hidden(_decoded(answer)), len(answer.content), self._validators(full, answer))

    def _asked(self, url: str, accept: str, validators: Mapping[str, str], body: Any = None) -> "_Body":
        """An answer in which the key, should the server repeat it, is struck out; in an error's words as well."""
        try:
            answer = self._ask(url, {"Accept": accept, **_conditions(url, validators)}, body)
        except SourceError as error:
            if (said := self._key.hidden(str(error))) == str(error):
                raise
            error.args = (said, *error.args[1:])
            # The chain of causes would still tell it.
            raise error.with_traceback(None) from None
        if validators.get("url") == url and validators.get("body") == answer.digest:
            raise Unchanged("the answer is the last one, byte for byte")
        return answer

    def _validators(self, url: str, answer: "_Body") -> dict[str, str]:
        """What tells an unchanged answer next time: the server's own words where it has them, and the body itself."""
        names = {"etag": "ETag", "last_modified": "Last-Modified"}
        given = {name: answer.headers[header] for name, header in names.items() if answer.headers.get(header)}
        told = {name: value for name, value in given.items() if self._key.hidden(value) == value}
        return {"url": url, "body": answer.digest, **told}

    def _ask(self, url: str, headers: Mapping[str, str], question: Any) -> "_Body":
        """Attempts until one succeeds, the retries are used up, or the total time is."""
        deadline = time.monotonic() + self._settings.total_timeout_seconds
        policy = self._policy
        last: SourceError | None = None
        while True:
            self._fail_if_unreachable(url)
            try:
                return self._attempt(url, headers, question, deadline=deadline)
            except NotYet as error:
                # Another try is not allowed yet: what went wrong with the first one counts.
                raise last or error from None
            except Unchanged as error:
                if not {"If-None-Match", "If-Modified-Since"} & set(headers):
                    raise SourceError(f"{url} answered 304 to an unconditional request") from error
                raise
            except _TryAgain as failed:
                try:
                    policy = policy.increment("GET", url)
                except MaxRetryError:
                    raise failed.error from failed
                longest = self._settings.max_retry_after_seconds
                asked = policy.get_backoff_time() if failed.retry_after is None else failed.retry_after
                wait = min(asked, longest)
                if time.monotonic() + wait >= deadline:
                    raise failed.error from failed
                last = failed.error
                time.sleep(wait)

    def _keep_pace(self, url: str) -> None:
        """Wait until the source's rates allow a request. Raises `NotYet` when that is long."""
        while self._pace is not None and (wait := self._pace.take()) > 0:
            if wait > self._settings.max_retry_after_seconds:
                raise NotYet(f"{_host(url)} may be asked again {_in(wait)}, by the source's own limits", seconds=wait)
            time.sleep(wait)

    def _attempt(self, url: str, headers: Mapping[str, str], question: Any, *, deadline: float) -> "_Body":
        """One request, with redirects on the same host, read whole."""
        # Once: what a server redirects to may name variables as well.
        url = self._key.address(url)
        for _ in range(_MOST_REDIRECTS + 1):
            self._keep_pace(url)
            with WATCH.until(deadline) as awaited, self._sent(url, headers, question, awaited) as response:
                if response.status in _REDIRECTED and (target := response.headers.get("Location")):
                    url = _redirect(url, target)
                    continue
                return self._read(url, response, awaited)
        raise SourceError(f"{url} redirects more than {_MOST_REDIRECTS} times")

    def _sent(self, url: str, headers: Mapping[str, str], question: Any, awaited: Awaited) -> BaseHTTPResponse:
        """The answer's head."""
        route = self._route(url)
        content_type = {} if question is None else {"Content-Type": "application/json"}
        try:
            return route.pool.urlopen(
                "GET" if question is None else "POST",
                route.target(_address(url, self._key.params)),
                body=None if question is None else orjson.dumps(question),
                headers={**route.headers, **headers, **content_type},
                timeout=self._timeout(awaited.deadline),
                retries=False,
                redirect=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
            )
        except ConnectTimeoutError as error:
            raise self._cannot_be_reached(url, error) from error
        except (HTTPError, OSError, ValueError) as error:
            if awaited.late or isinstance(error, ReadTimeoutError):
                raise _TryAgain(SourceError(f"{_host(url)} did not answer in time")) from error
            if isinstance(error, ProxyError | SSLError):
                raise self._cannot_be_reached(url, error) from error
            if isinstance(error, ProtocolError | OSError):
                # A connection that broke may be tried again, one that could not be made is remembered.
                raise _TryAgain(SourceError(f"{_host(url)} closed the connection without an answer")) from error
            raise _no_address(url, error) from error

    def _route(self, url: str) -> "_Route":
        """How a host is reached: by the proxies and certificates of the environment, as `requests` finds them.

        It would find them anew for each request, and prepare cookies and hooks that no source wants: on a local network
        half of the time to an answer's head. So each request itself is urllib3's.
        """
        try:
            parts = urlsplit(url)
            host = parts.scheme, parts.netloc
            with self._lock:
                route = self._routes.get(host)
            if route is None:
                route = self._new_route(url)
                with self._lock:
                    self._routes[host] = route
            return route
        except (OSError, ValueError) as error:
            # Those of `requests` are kinds of OSError.
            raise _no_address(url, error) from error

    def _new_route(self, url: str) -> "_Route":
        request = requests.Request("GET", url, headers=self._headers).prepare()
        found = requests.Session().merge_environment_settings(request.url, {}, True, None, None)
        pool = self._adapter.get_connection_with_tls_context(request, found["verify"], found["proxies"], found["cert"])
        self._adapter.cert_verify(pool, request.url, found["verify"], found["cert"])  # type: ignore[no-untyped-call]
        assert isinstance(pool, HTTPConnectionPool)
        target = urlsplit(self._adapter.request_url(request, found["proxies"]))
        return _Route(pool, request.headers, f"{target.scheme}://{target.netloc}" if target.netloc else "")

    def _timeout(self, deadline: float) -> Timeout:
        left = max(deadline - time.monotonic(), 0.01)
        return Timeout(
            connect=min(self._settings.connect_timeout_seconds, left),
            read=min(self._settings.read_timeout_seconds, left),
        )

    def _read(self, url: str, response: BaseHTTPResponse, awaited: Awaited) -> _Body:
        try:
            content = self._key.struck_out(self._body(url, response, awaited))
        except ReadTimeoutError as error:
            raise _TryAgain(SourceError(f"{_host(url)} stopped sending in the middle of its answer")) from error
        except (IncompleteRead, ProtocolError) as error:
            raise _TryAgain(SourceError(f"{_host(url)} cut its answer short: {error}")) from error
        except (HTTPError, SSLError, OSError) as error:
            raise SourceError(f"the answer of {_host(url)} cannot be read: {error}") from error
        code = response.status
        if 200 <= code < 300:
            return _Body(code, response.headers, content)
        problem = _status_error(url, code, content)
        if self._policy.is_retry("GET", code):
            raise _TryAgain(problem, self._retry_after(response))
        raise problem

    def _body(self, url: str, response: BaseHTTPResponse, awaited: Awaited) -> bytes:
        """The decoded body, bounded in size and time whatever the server does."""
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in _ENCODINGS:
            raise SourceError(f"{_host(url)} sent the encoding {encoding!r}, which was not asked for")
        limit = self._settings.max_response_megabytes * 2**20
        decode = encoding not in ("", "identity")
        parts: list[bytes] = []
        size = 0
        slow = SourceError(
            f"{_host(url)} took longer than {self._settings.total_timeout_seconds:g} s; "
            "raise http.total_timeout_seconds if it is just slow"
        )
        if not awaited.is_heard:
            awaited.comes_by(response.shutdown)
        try:
            # Whole, since each chunk is a turn of the interpreter's lock that all threads wait for.
            while size <= limit and (chunk := response.read(limit + 1 - size, decode_content=decode)):
                parts.append(chunk)
                size += len(chunk)
        except Exception as error:
            # A socket that is shut under its reader fails in ways of its own, TLS in others.
            if awaited.late:
                raise slow from error
            raise
        if size > limit:
            raise SourceError(
                f"the answer of {_host(url)} is larger than {self._settings.max_response_megabytes} MB; "
                "raise http.max_response_megabytes if that is right"
            )
        # One of a told length that came whole in the last moment is no worse for it.
        if awaited.late and response.length_remaining != 0:
            raise slow
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _retry_after(self, response: BaseHTTPResponse) -> float | None:
        header = response.headers.get("Retry-After")
        try:
            return None if header is None else self._policy.parse_retry_after(header)
        except HTTPError:
            return None

    def _fail_if_unreachable(self, url: str) -> None:
        with self._lock:
            message = self._unreachable.get(_host(url))
        if message is not None:
            raise SourceError(message)

    def _cannot_be_reached(self, url: str, error: Exception) -> SourceError:
        """Remembered, so that a host's every board does not wait for it."""
        message = f"{_host(url)} cannot be reached ({_short(error)}); check the network"
        with self._lock:
            self._unreachable[_host(url)] = message
        return SourceError(message)


def _address(url: str, params: Mapping[str, Any]) -> str:
    given = {name: value for name, value in params.items() if value is not None}
    if not given:
        return url
    # What stands behind "#" is never sent.
    url = url.partition("#")[0]
    return f"{url}{'&' if '?' in url else '?'}{urlencode(given, doseq=True)}"


def _no_address(url: str, error: Exception) -> SourceError:
    # Without a password that it holds.
    said = re.sub(r"//[^/?#\s]*@", "//", f"{url} cannot be asked for: {error}")
    return SourceError(f"{said}; check the address in jobfinder.toml")


def _in(seconds: float) -> str:
    return f"in {seconds / 3600:.1f} h" if seconds >= 3600 else f"in {max(1, round(seconds / 60))} min"


def _host(url: str) -> str:
    """The server's name, as messages tell it: without a password that the address holds."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return "the address"


def _short(reason: object) -> str:
    """An exception's own words, without urllib3's object names and nested wrappers."""
    told = reason.args[-1] if isinstance(reason, HTTPError) and reason.args else reason
    words = re.sub(r"^.*?(?:object at 0x[0-9a-f]+>|\)):\s*", "", str(told))
    return (words or type(reason).__name__)[:_QUOTED]


def _conditions(url: str, validators: Mapping[str, str]) -> dict[str, str]:
    if validators.get("url") != url:
        return {}
    names = {"etag": "If-None-Match", "last_modified": "If-Modified-Since"}
    return {header: validators[name] for name, header in names.items() if validators.get(name)}


def _redirect(url: str, target: str) -> str:
    """Where a redirect leads. Raises `SourceError` when it leaves the host or its encryption."""
    try:
        new = urljoin(url, target)
        here, there = urlsplit(url), urlsplit(new)
    except ValueError as error:
        raise SourceError(f"{url} redirects to what is no address: {target[:_QUOTED]!r}") from error
    if there.hostname != here.hostname or (here.scheme == "https" and there.scheme != "https"):
        raise SourceError(f"{url} redirects to {there.hostname or target}: not followed; check the board's name")
    return new


def _status_error(url: str, code: int, body: bytes) -> SourceError:
    if code == 304:
        return Unchanged("")
    if code in _GONE:
        return BoardGone(f"{url} answered {code}")
    if code in _REFUSED:
        return BoardBlocked(f"{_host(url)} answered {code}" + (" (too many requests)" if code == 429 else ""))
    start = body[:_QUOTED].decode("utf-8", "replace")
    return UnexpectedStatus(f"{url} answered {code}: {start!r}", code=code, body=body[:10_000])


def _decoded(body: _Body) -> str:
    named = _CHARSET.search(body.headers.get("Content-Type", "").encode()) or _CHARSET.search(body.content[:1_000])
    names = [next(filter(None, named.groups())).decode()] if named else []
    for name in (*names, "utf-8"):
        try:
            return body.content.decode(name)
        except (LookupError, UnicodeDecodeError):
            continue
    return body.content.decode("utf-8", "replace")


def _shaped(url: str, body: _Body, decoder: msgspec.json.Decoder[Shape]) -> Shape:
    try:
        return decoder.decode(body.content)
    except msgspec.DecodeError:
        pass
    # No JSON, or one that only the lenient parser reads: then it is spelled anew.
    content = record_json(_json(url, body)).encode()
    try:
        return decoder.decode(content)
    except msgspec.DecodeError as error:
        raise SchemaDrift(f"{url} answered in another shape: {error}") from error


def _json(url: str, body: _Body) -> Any:
    """The parsed body. The content type is no guide: Greenhouse has sent JSON as text/html."""
    try:
        return parse_json(body.content)
    except (ValueError, RecursionError) as error:
        start = body.content.lstrip()[:1_000]
        if start.startswith(b"<"):
            title = _TITLE.search(start)
            what = f" ({title[1].decode('utf-8', 'replace').strip()!r})" if title else ""
            raise BoardBlocked(f"{_host(url)} answered with an HTML page{what} instead of JSON") from error
        raise SourceError(f"{url} answered with invalid JSON: {error}") from error
