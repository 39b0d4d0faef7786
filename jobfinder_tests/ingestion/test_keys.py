"""A user's key goes to the source, and nowhere else."""

import logging

import pytest

from jobfinder_assets.config import Http
from jobfinder_assets.ingestion.contract import SourceError
from jobfinder_assets.ingestion.http import HttpClient, Key, UnexpectedStatus
from jobfinder_tests.ingestion.conftest import Server, reply

SECRET, ENCODED = "s3cret/key+0123", "s3cret%2Fkey%2B0123"
KEY = Key(params={"app_key": SECRET}, headers={"Authorization-Key": "0therSecret"})


@pytest.fixture
def keyed(http: Http) -> HttpClient:
    return HttpClient(http, key=KEY)


def clean(*texts: object) -> bool:
    return not any(secret in str(text) for text in texts for secret in (SECRET, ENCODED, "0therSecret"))


def test_a_key_is_sent_and_struck_out_of_what_comes_back(
    server: Server, keyed: HttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = server.on("/jobs", reply({"url": f"https://jobs.example/?key={ENCODED}&k={SECRET}"}, ETag='"1"'))
    answer = keyed.get_json(url, params={"what": "engineer"})
    path, headers = server.requests[0]
    assert f"app_key={ENCODED}" in path and headers["Authorization-Key"] == "0therSecret"
    assert clean(answer) and "[key]" in answer.content["url"]
    assert "what=engineer" in answer.validators["url"]
    assert caplog.text and clean(caplog.text)


@pytest.mark.parametrize(
    "spelled",
    [
        r"s3cret\/key+0123", "s3cret/key+0123", "s3cret%2Fkey%2B0123", "s3cret%2fkey%2b0123", "s3cret/key%2B0123",
        "s3cret/key&#43;0123", "s3cret&#x2F;key&#x2B;0123", r"s3cret\u002fkey+0123", "0therSecret",
    ],
)  # fmt: skip
def test_however_an_answer_spells_it(server: Server, keyed: HttpClient, spelled: str) -> None:
    answer = keyed.get_json(server.on("/jobs", reply(f'{{"url": "https://jobs.example/?{spelled}"}}'.encode())))
    assert answer.content == {"url": "https://jobs.example/?[key]"}
    page = f"<html>{spelled}</html>".encode("utf-16")
    text = keyed.get_text(server.on("/page", reply(page, Content_Type="text/html; charset=utf-16")), accept="text/html")
    assert text.content == "<html>[key]</html>"


def test_neither_a_cut_message_nor_a_header_tells_it(server: Server, keyed: HttpClient) -> None:
    with pytest.raises(UnexpectedStatus) as raised:
        keyed.get_json(server.on("/jobs", reply(b"x" * 190 + SECRET.encode(), 418)))
    assert SECRET[:4] not in str(raised.value)
    answer = keyed.get_json(server.on("/jobs", reply({}, ETag=f'"{SECRET}"', Last_Modified="Mon")))
    assert clean(answer.validators) and answer.validators["last_modified"] == "Mon" and "etag" not in answer.validators


def test_a_server_learns_no_variable_by_a_redirect(server: Server, http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_TOKEN", SECRET)
    client = HttpClient(http, key=Key.of_addresses(["https://other.example/?${OTHER_TOKEN}"]))
    server.on("/final", reply({"a": 1}))
    answer = client.get_json(server.on("/jobs", reply({}, 302, Location="/final?${OTHER_TOKEN}&${UNSET}")))
    assert answer.content == {"a": 1}
    assert clean(server.requests)


def test_a_variable_too_short_for_a_secret_is_refused(
    server: Server, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHO", "de")
    url = server.on("/jobs", reply({})) + "?${WHO}"
    with pytest.raises(SourceError, match=r"\$\{WHO\}, whose value is too short for a secret: write it in the address"):
        HttpClient(http, key=Key.of_addresses([url])).get_json(url)
    assert not server.requests
    other = server.on("/other", reply({"description": "indeed"}))
    client = HttpClient(http, key=Key.of_addresses([url, other]))
    assert client.get_json(other).content == {"description": "indeed"}, "what is not sent is not struck out of others"


@pytest.mark.parametrize(
    "handler",
    [
        reply({"error": f"bad key {SECRET} 0therSecret"}, 400),
        reply({}, 302, Location=f"https://elsewhere.example/{SECRET}"),
        reply({}, 302, Location=f"/again?app_key={ENCODED}"),
        reply(f'{{"{SECRET}": '.encode()),
        reply(f"<html><title>{SECRET}</title>".encode()),
        reply({}, 401),
        reply({}, 404),
    ],
)
def test_no_error_tells_it(
    server: Server, keyed: HttpClient, handler: object, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(SourceError) as raised:
        keyed.get_json(server.on("/jobs", handler))  # type: ignore[arg-type]
    error: BaseException | None = raised.value
    while error is not None:
        body = error.body if isinstance(error, UnexpectedStatus) else b""
        assert clean(error, repr(error), body.decode())
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert clean(caplog.text)


def test_an_unreachable_host_does_not_tell_it(http: Http, closed_port: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(SourceError, match="cannot be reached") as raised:
        HttpClient(http, key=KEY).get_json(f"http://127.0.0.1:{closed_port}/jobs")
    assert clean(raised.value, caplog.text)
