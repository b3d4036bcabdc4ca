"""What really goes over the wire: an answer sent to an HTTPS server on this machine."""

import http.client
import os
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from appstream_local.certificate import make_certificate
from running_image_builder_function.answer import https_put


class Bucket(BaseHTTPRequestHandler):
    """CloudFormation's bucket: keeps what it is sent."""

    received: list[tuple[str, dict[str, str], bytes]]
    status: int

    def do_PUT(self) -> None:
        """Take an answer."""
        length = int(self.headers["content-length"])
        self.received.append((self.path, {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(length)))
        self.send_response(self.status)
        self.send_header("content-length", "3")
        self.end_headers()
        self.wfile.write(b"any")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Return the paths of a certificate for localhost and its key."""
    certificate, key = make_certificate(tmp_path_factory.mktemp("certificate"), environment=os.environ)
    return str(certificate), str(key)


@pytest.fixture
def bucket(certificate: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, type[Bucket]]]:
    """Run a server; return its address and what it received."""
    monkeypatch.setenv("SSL_CERT_FILE", certificate[0])
    handler = type("OneBucket", (Bucket,), {"received": [], "status": 200})
    server = HTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"https://localhost:{server.server_port}", handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_signed_url_is_used_as_it_stands(bucket: tuple[str, type[Bucket]]) -> None:
    """Escapes and order belong to the signature, and so does the empty content type."""
    address, server = bucket
    path = "/arn%3Aaws%3Acloudformation%3Aany%2F1%7C2?X-Amz-Date=20270115T080000Z&X-Amz-Credential=a%2Fb&X=%20~"

    assert 200 == https_put(address + path, "{ä}".encode())

    received_path, headers, body = server.received[0]
    assert (path, "{ä}".encode()) == (received_path, body)
    assert ("", "4") == (headers["content-type"], headers["content-length"])


def test_an_url_without_a_query_has_none(bucket: tuple[str, type[Bucket]]) -> None:
    """Local engines have such URLs."""
    address, server = bucket

    https_put(f"{address}/any", b"{}")

    assert ["/any"] == [path for path, _, _ in server.received]


@pytest.mark.parametrize("status", [403, 500])
def test_the_status_is_returned_and_no_exception_raised(bucket: tuple[str, type[Bucket]], status: int) -> None:
    """What it means is decided elsewhere."""
    address, server = bucket
    server.status = status

    assert status == https_put(address, b"{}")


def test_a_server_that_nobody_vouches_for_gets_no_answer(
    bucket: tuple[str, type[Bucket]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The URL is a right to answer: it is not told to a stranger."""
    address, server = bucket
    monkeypatch.delenv("SSL_CERT_FILE")

    with pytest.raises(ssl.SSLCertVerificationError):
        https_put(address, b"{}")
    assert [] == server.received


def test_a_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Well before an invocation ends."""
    timeouts: list[float] = []

    def connect(host: str, *, timeout: float, **_: Any) -> None:
        timeouts.append(timeout)
        raise TimeoutError

    monkeypatch.setattr(http.client, "HTTPSConnection", connect)

    with pytest.raises(TimeoutError):
        https_put("https://localhost/any", b"{}")
    assert [10] == timeouts


def test_a_server_that_is_not_there_is_an_oserror() -> None:
    """That is what is tried again."""
    with pytest.raises(OSError, match="refused"):
        https_put("https://127.0.0.1:1/any", b"{}")
