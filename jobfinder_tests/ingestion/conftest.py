"""A local web server that answers as a test tells it, and clients that ask it impatiently."""

import json
import socket
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jobfinder_assets.config import Http
from jobfinder_assets.ingestion.http import HttpClient

# What a test plants where a user's own keys would be.
KEYS = {
    "ADZUNA_APP_ID": "planted-id-7171",
    "ADZUNA_APP_KEY": "planted-key-7272",
    "USAJOBS_EMAIL": "planted@mail.example",
    "USAJOBS_KEY": "planted-key-7373",
    "THEMUSE_API_KEY": "planted-key-7474",
}

Handler = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """Answers by path, the query left out; each path has its answers in turn, the last one for ever.

    requests: path and headers of each; questions: what was asked by POST.
    """

    url: str = ""
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    questions: list[Any] = field(default_factory=list)
    answers: dict[str, list[Handler]] = field(default_factory=lambda: defaultdict(list))

    def on(self, path: str, *handlers: Handler) -> str:
        self.answers[path] = list(handlers)
        return self.url + path

    def asked(self, path: str) -> int:
        return sum(asked.split("?")[0] == path for asked, _ in self.requests)


def reply(content: Any, status: int = 200, **headers: str) -> Handler:
    """JSON, or bytes as they are; a header's underscores are hyphens."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()

    def handle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return handle


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with _serving() as told:
        yield told


@pytest.fixture
def secure_server(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> Iterator[Server]:
    """One that is asked by https, with a certificate that nobody trusts who was not told to."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with _serving(context) as told:
        yield told


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and its own certificate of it, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "jobs.example")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@contextmanager
def _serving(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    told = Server()

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            told.requests.append((self.path, dict(self.headers)))
            turns = told.answers.get(path) or [reply({"error": "no such page"}, 404)]
            answer = turns.pop(0) if len(turns) > 1 else turns[0]
            try:
                answer(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def do_POST(self) -> None:
            told.questions.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.do_GET()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    web.daemon_threads = True
    if tls is not None:
        # The handshake is the answering thread's, else one who hangs up in it would end the server.
        web.socket = tls.wrap_socket(web.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    told.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{web.server_port}"
    yield told
    web.shutdown()
    thread.join()
    web.server_close()


def cut_short(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    request.wfile.write(b'{"jobs": [')
    request.close_connection = True


def drip(part: bytes = b" ", *, first: bytes = b"", **headers: str) -> Handler:
    """A server that sends a part every 50 ms for three seconds; its headers as `reply` takes them."""

    def handle(request: BaseHTTPRequestHandler) -> None:
        request.protocol_version = "HTTP/1.1"
        request.send_response(200)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        for sent in (first, *[part] * 60):
            request.wfile.write(sent)
            request.wfile.flush()
            time.sleep(0.05)

    return handle


@pytest.fixture
def http() -> Http:
    """Settings for tests: one retry, short waits; a machine that does other work as well may stall for a second."""
    return Http(
        connect_timeout_seconds=1,
        read_timeout_seconds=3,
        total_timeout_seconds=3,
        retries=1,
        max_retry_after_seconds=0.1,
        max_response_megabytes=1,
    )


@pytest.fixture
def client(http: Http) -> HttpClient:
    return HttpClient(http)


@pytest.fixture
def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
