"""Whatever a server does, the client ends soon and says what happened."""

import gc
import gzip
import socket
import threading
import time
import zlib
from base64 import b64encode
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from urllib3 import HTTPResponse

from jobfinder_assets.config import Http
from jobfinder_assets.ingestion.contract import BoardBlocked, BoardGone, SourceError, Unchanged
from jobfinder_assets.ingestion.deadlines import WATCH
from jobfinder_assets.ingestion.http import HttpClient, UnexpectedStatus
from jobfinder_tests.ingestion.conftest import Server, cut_short, drip, reply


@pytest.fixture
def http(http: Http) -> Http:
    """Time limits that tests wait for."""
    return http.model_copy(update={"read_timeout_seconds": 1, "total_timeout_seconds": 1})


HTML = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Are you human?</body></html>"


def cut_chunk(request: BaseHTTPRequestHandler) -> None:
    request.protocol_version = "HTTP/1.1"
    request.send_response(200)
    request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    request.wfile.write(b'ff\r\n{"jobs": [')
    request.close_connection = True


def hang_up(request: BaseHTTPRequestHandler) -> None:
    request.connection.close()


def silent(request: BaseHTTPRequestHandler) -> None:
    time.sleep(2.5)


def drip_head(request: BaseHTTPRequestHandler) -> None:
    request.wfile.write(b"HTTP/1.1 200 ")
    for _ in range(60):
        request.wfile.write(b"O")
        time.sleep(0.05)


def test_json_comes_with_its_size_and_validators(server: Server, client: HttpClient) -> None:
    url = server.on("/jobs", reply({"jobs": []}, ETag='"1"', Last_Modified="Mon, 23 Nov 2026 07:00:00 GMT"))
    answer = client.get_json(url, params={"content": "true"})
    assert answer.content == {"jobs": []}
    assert answer.bytes == len(b'{"jobs": []}')
    assert answer.validators["etag"] == '"1"'
    path, headers = server.requests[0]
    assert path == "/jobs?content=true"
    assert headers["User-Agent"].startswith("jobfinder/")
    assert "br" not in headers["Accept-Encoding"]


def test_what_an_address_holds_beside_the_path(server: Server, client: HttpClient) -> None:
    server.on("/a%20b/jobs", reply({"jobs": []}))
    address = server.url.replace("://", "://me:planted@") + "/a b/jobs?role=data%20engineer&city=K%C3%B6ln#top"
    client.get_json(address)
    path, headers = server.requests[0]
    assert path == "/a%20b/jobs?role=data%20engineer&city=K%C3%B6ln"
    assert headers["Authorization"] == f"Basic {b64encode(b'me:planted').decode()}"
    assert headers["Host"] == server.url.removeprefix("http://")


def test_no_more_hosts_are_kept_open_than_urllib3_keeps(client: HttpClient) -> None:
    def hold(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        held.append(connection)
        connection.recv(10_000)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    held: list[socket.socket] = []
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(30)]
    for listener in listeners:
        answering = threading.Thread(target=hold, args=(listener,))
        answering.start()
        assert client.get_json(f"http://127.0.0.1:{listener.getsockname()[1]}/jobs").content == {}
        answering.join()
    gc.collect()
    for connection in held:
        connection.setblocking(False)
    closed = sum(_is_closed(connection) for connection in held)
    for sock in (*held, *listeners):
        sock.close()
    assert closed >= 20


def _is_closed(connection: socket.socket) -> bool:
    """Whether the other side has closed it."""
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False


def test_a_question_is_posted_as_json(server: Server, client: HttpClient) -> None:
    client.get_json(server.on("/jobs", reply({})), body={"query": "Zürich", "page": 1})
    assert server.questions == [{"query": "Zürich", "page": 1}]
    assert server.requests[0][1]["Content-Type"] == "application/json"


def test_a_certificate_that_nobody_trusts_is_refused(secure_server: Server, client: HttpClient) -> None:
    url = secure_server.on("/jobs", reply({"jobs": [1]}))
    with pytest.raises(SourceError, match=r"cannot be reached .*certificate verify failed.*check the network"):
        client.get_json(url)
    assert not secure_server.requests


def test_certificates_of_the_environment_are_trusted(
    secure_server: Server, client: HttpClient, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert client.get_json(secure_server.on("/jobs", reply({"jobs": [1]}))).content == {"jobs": [1]}
    started = time.monotonic()
    with pytest.raises(SourceError, match="took longer than 1 s"):
        client.get_json(secure_server.on("/slow", drip(Content_Length="100000")))
    with pytest.raises(SourceError, match="did not answer in time"):
        client.get_json(secure_server.on("/slower", drip_head))
    assert time.monotonic() - started < 4.5


def test_certificates_that_are_not_there_are_named(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/certificates.pem")
    with pytest.raises(SourceError, match=r"cannot be asked for: .*/nowhere/certificates\.pem"):
        client.get_json("https://jobs.example/jobs")


def test_a_proxy_of_the_environment_is_asked(
    server: Server, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    server.on("http://jobs.example/jobs", reply({"jobs": [1]}))
    assert client.get_json("http://me:planted@jobs.example/jobs?page=1").content == {"jobs": [1]}
    path, headers = server.requests[0]
    # Not the proxy's to know.
    assert path == "http://jobs.example/jobs?page=1"
    assert headers["Host"] == "jobs.example"


def test_a_proxy_that_cannot_be_reached(client: HttpClient, closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port}")
    with pytest.raises(SourceError, match=r"jobs\.example cannot be reached .*check the network"):
        client.get_json("http://jobs.example/jobs")


def test_a_proxy_that_drips_is_ended_in_time(
    server: Server, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    server.on("http://jobs.example/jobs", drip_head)
    started = time.monotonic()
    with pytest.raises(SourceError, match="did not answer in time"):
        client.get_json("http://jobs.example/jobs")
    assert time.monotonic() - started < 2.3


def test_a_deadline_that_cannot_be_kept_hinders_no_other(
    server: Server, client: HttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise TypeError("a socket in the middle of its closing")

    with WATCH.until(time.monotonic() + 0.05) as awaited:
        awaited.comes_by(broken)
        time.sleep(0.2)
        assert awaited.late
    assert "could not be ended" in caplog.text
    with pytest.raises(SourceError, match="took longer than 1 s"):
        client.get_json(server.on("/jobs", drip(Content_Length="100000")))


def test_validators_are_sent_to_their_own_address_only(server: Server, client: HttpClient) -> None:
    url = server.on("/jobs", reply({}, ETag='"1"', Last_Modified="Mon, 23 Nov 2026 07:00:00 GMT"), reply(b"", 304))
    other = server.on("/other", reply({}))
    validators = client.get_json(url).validators
    client.get_json(other, validators=validators)
    assert "If-None-Match" not in server.requests[-1][1]
    with pytest.raises(Unchanged):
        client.get_json(url, validators=validators)
    assert server.requests[-1][1]["If-None-Match"] == '"1"'
    assert server.requests[-1][1]["If-Modified-Since"] == "Mon, 23 Nov 2026 07:00:00 GMT"


def test_the_same_answer_again_is_unchanged_whatever_the_server_says(server: Server, client: HttpClient) -> None:
    url = server.on("/jobs", reply([1]), reply([1]), reply([1, 2]))
    validators = client.get_json(url).validators
    assert set(validators) == {"url", "body"}
    with pytest.raises(Unchanged, match="byte for byte"):
        client.get_json(url, validators=validators)
    assert client.get_json(url, validators=validators).content == [1, 2]


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (reply({}, 404), BoardGone, "answered 404"),
        (reply({}, 410), BoardGone, "answered 410"),
        (reply({}, 401), BoardBlocked, "answered 401"),
        (reply({}, 403), BoardBlocked, "answered 403"),
        (reply({}, 429, Retry_After="3600"), BoardBlocked, "too many requests"),
        (reply(HTML), BoardBlocked, "HTML page ('Just a moment...') instead of JSON"),
        (reply(b"", 304), SourceError, "304 to an unconditional request"),
        (reply({"error": "boom"}, 500), UnexpectedStatus, "answered 500: .*boom"),
        (reply({"error": "bad"}, 400), UnexpectedStatus, "answered 400: .*bad"),
        (reply(b'{"jobs": ['), SourceError, "invalid JSON"),
        (reply(b""), SourceError, "invalid JSON"),
        (reply(b"[" * 200_000), SourceError, "invalid JSON"),
        (reply(b"\xff\xfe\x00"), SourceError, "invalid JSON"),
        (reply(b" " * 2_000_000), SourceError, "larger than 1 MB"),
        (reply(gzip.compress(b" " * 50_000_000), Content_Encoding="gzip"), SourceError, "larger than 1 MB"),
        (reply(b"no gzip", Content_Encoding="gzip"), SourceError, "cannot be read"),
        (reply(b"x", Content_Encoding="gzip, gzip"), SourceError, "not asked for"),
        (reply(b"x", Content_Encoding="br"), SourceError, "not asked for"),
        (cut_short, SourceError, "cut its answer short"),
        (cut_chunk, SourceError, "cut its answer short"),
        (hang_up, SourceError, "closed the connection"),
        (silent, SourceError, "did not answer in time"),
        (drip_head, SourceError, "did not answer in time"),
        (drip(Content_Length="100000"), SourceError, "took longer than 1 s"),
        # No length is told: the answer ends with the connection, and a cut one would look whole.
        (drip(first=b'{"jobs": []}', Connection="close"), SourceError, "took longer than 1 s"),
        (drip(b"1\r\n \r\n", Transfer_Encoding="chunked"), SourceError, "took longer than 1 s"),
        (reply(b"", 302, Location="https://elsewhere.example/login"), SourceError, "redirects to elsewhere.example"),
        (reply(b"", 302, Location="/jobs"), SourceError, "redirects more than 3 times"),
    ],
)
def test_what_goes_wrong_is_told_apart(
    server: Server, client: HttpClient, answer: object, error: type[SourceError], words: str
) -> None:
    url = server.on("/jobs", answer)  # type: ignore[arg-type]
    started = time.monotonic()
    with pytest.raises(
        SourceError, match=words.replace("(", r"\(").replace(")", r"\)").replace("...", r"\.\.\.")
    ) as caught:
        client.get_json(url)
    assert type(caught.value) is error
    assert time.monotonic() - started < 2.3, "the total time limit was not kept"


def test_an_answer_that_came_whole_is_taken_however_late(
    server: Server, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = HTTPResponse.read

    def slowly(self: HTTPResponse, *arguments: Any, **options: Any) -> bytes:
        content = read(self, *arguments, **options)
        time.sleep(1.2 if content else 0)
        return content

    monkeypatch.setattr(HTTPResponse, "read", slowly)
    assert client.get_json(server.on("/jobs", reply({"jobs": [1]}))).content == {"jobs": [1]}
    broken = server.on("/broken", reply(b"no gzip", Content_Encoding="gzip"))
    with pytest.raises(SourceError, match="cannot be read"):
        client.get_json(broken)


@pytest.mark.parametrize("encode", [gzip.compress, zlib.compress])
def test_compressed_answers_are_read(server: Server, client: HttpClient, encode: object) -> None:
    name = "gzip" if encode is gzip.compress else "deflate"
    url = server.on("/jobs", reply(encode(b'{"a": 1}'), Content_Encoding=name))  # type: ignore[operator]
    assert client.get_json(url).content == {"a": 1}


@pytest.mark.parametrize("first", [reply({}, 429, Retry_After="0"), reply({}, 503), cut_short, hang_up])
def test_what_may_pass_is_tried_again(server: Server, client: HttpClient, first: object) -> None:
    url = server.on("/jobs", first, reply({"jobs": [1]}))  # type: ignore[arg-type]
    assert client.get_json(url).content == {"jobs": [1]}
    assert server.asked("/jobs") == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_what_will_not_pass_is_asked_once(server: Server, client: HttpClient, status: int) -> None:
    with pytest.raises(SourceError):
        client.get_json(server.on("/jobs", reply({}, status)))
    assert server.asked("/jobs") == 1


def test_retry_after_is_honoured_and_capped(server: Server, http: Http) -> None:
    client = HttpClient(http.model_copy(update={"max_retry_after_seconds": 0.3}))
    for asked, waited in (("3600", 0.3), ("0", 0.0), ("tomorrow or so", 0.0)):
        url = server.on("/jobs", reply({}, 429, Retry_After=asked), reply({}))
        started = time.monotonic()
        client.get_json(url)
        assert waited <= time.monotonic() - started < waited + 0.3


def test_waiting_never_exceeds_the_total_time(server: Server, http: Http) -> None:
    client = HttpClient(http.model_copy(update={"max_retry_after_seconds": 60}))
    url = server.on("/jobs", reply({}, 429, Retry_After="30"))
    started = time.monotonic()
    with pytest.raises(BoardBlocked):
        client.get_json(url)
    assert time.monotonic() - started < 0.5


def test_a_redirect_on_the_same_host_is_followed(server: Server, client: HttpClient) -> None:
    server.on("/new", reply({"moved": True}))
    assert client.get_json(server.on("/old", reply(b"", 301, Location="/new"))).content == {"moved": True}


def test_a_host_that_cannot_be_reached_fails_at_once_ever_after(client: HttpClient, closed_port: int) -> None:
    url = f"http://127.0.0.1:{closed_port}"
    started = time.monotonic()
    for board in range(50):
        with pytest.raises(SourceError, match=f"127.0.0.1:{closed_port} cannot be reached .*check the network"):
            client.get_json(f"{url}/{board}")
    assert time.monotonic() - started < 0.5


def test_an_unreachable_host_does_not_stop_the_others(server: Server, client: HttpClient, closed_port: int) -> None:
    with pytest.raises(SourceError):
        client.get_json(f"http://127.0.0.1:{closed_port}/jobs")
    assert client.get_json(server.on("/jobs", reply({"a": 1}))).content == {"a": 1}


def test_a_redirect_to_what_is_no_address(server: Server, client: HttpClient) -> None:
    with pytest.raises(SourceError, match="redirects to what is no address"):
        client.get_json(server.on("/jobs", reply(b"", 302, Location="http://[::1")))


def test_an_address_that_is_none_tells_no_password(client: HttpClient) -> None:
    with pytest.raises(SourceError, match=r"http://127\.0\.0\.1:99999/x cannot be asked for") as raised:
        client.get_json("http://me:planted@127.0.0.1:99999/x")
    assert "planted" not in str(raised.value)


@pytest.mark.parametrize("url", ["greenhouse", "ftp://127.0.0.1/x", "http://"])
def test_an_address_that_is_none_names_the_settings(client: HttpClient, url: str) -> None:
    with pytest.raises(SourceError, match=r"jobfinder\.toml"):
        client.get_json(url)
