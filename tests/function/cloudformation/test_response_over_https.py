"""A response over the wire, to an HTTPS server on this machine."""

import base64
import http.client
import os
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import Any, TypeVar

import pytest
from botocore.exceptions import ProxyConnectionError, SSLError

from appstream_local.process.certificate import make_certificate
from running_image_builder_function.cloudformation.response import https_put, send_response
from support.virtual_time import VirtualClock

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
"""What a machine's own environment must not decide here."""

SIGNED = (
    "/arn%3Aaws%3Acloudformation%3Aeu-central-1%3A123456789012%3Astack/stack-1/0f0e0d%7CBuilderAD14%7C0f0e0d-1"
    "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20270115T080000Z&X-Amz-SignedHeaders=host&X-Amz-Expires=7200"
    "&X-Amz-Credential=AKIA%2F20270115%2Feu-central-1%2Fs3%2Faws4_request&X-Amz-Signature=5ec7e7"
)
"""What stands after the host in CloudFormation's URLs."""


class Bucket(BaseHTTPRequestHandler):
    """CloudFormation's bucket: keeps what it is sent."""

    received: list[tuple[str, dict[str, str], bytes]]
    status: int
    body = b"any"

    def do_PUT(self) -> None:
        """Take a response."""
        length = int(self.headers["content-length"])
        self.received.append((self.path, {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(length)))
        self.send_response(self.status)
        self.send_header("content-length", "3")
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Proxy(BaseHTTPRequestHandler):
    """A proxy: lets connections through to where they want."""

    asked: list[tuple[str, str]]
    status: int

    def do_CONNECT(self) -> None:
        """Let one through, unless it is to be refused."""
        self.asked.append((self.path, self.headers.get("proxy-authorization", "")))
        if self.status != 200:
            self.send_error(self.status)
            return
        host, port = self.path.split(":")
        with socket.create_connection((host, int(port))) as onward:
            self.send_response(200)
            self.end_headers()
            ends = [self.connection, onward]
            while True:
                for ready in select.select(ends, [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    ends[1 - ends.index(ready)].sendall(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


Handler = TypeVar("Handler", Bucket, Proxy)
AtAddress = tuple[str, type[Handler]]
"""Where a server is, and its handler, which has what it received."""


@contextmanager
def running(server: HTTPServer) -> Iterator[None]:
    """Run a server."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the machine's own settings."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def proxy() -> Iterator[AtAddress[Proxy]]:
    """Run a proxy; return its address, without a scheme, and what it was asked for."""
    handler = type("OneProxy", (Proxy,), {"asked": [], "status": 200})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    with running(server):
        yield f"127.0.0.1:{server.server_port}", handler


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Return the paths of a certificate for localhost and its key."""
    certificate, key = make_certificate(tmp_path_factory.mktemp("certificate"), environment=os.environ)
    return str(certificate), str(key)


@pytest.fixture
def bucket(certificate: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[AtAddress[Bucket]]:
    """Run a server; return its address and what it received."""
    monkeypatch.setenv("SSL_CERT_FILE", certificate[0])
    handler = type("OneBucket", (Bucket,), {"received": [], "status": 200})
    server = HTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with running(server):
        yield f"https://localhost:{server.server_port}", handler


def test_a_signed_url_is_used_as_it_stands(bucket: AtAddress[Bucket]) -> None:
    """Escapes and order belong to the signature, and so does the empty content type."""
    address, server = bucket
    path = "/arn%3Aaws%3Acloudformation%3Aany%2F1%7C2?X-Amz-Date=20270115T080000Z&X-Amz-Credential=a%2Fb&X=%20~"

    assert 200 == https_put(address + path, "{ä}".encode())

    received_path, headers, body = server.received[0]
    assert (path, "{ä}".encode()) == (received_path, body)
    assert ("", "4") == (headers["content-type"], headers["content-length"])


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
@pytest.mark.parametrize("trusted", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_environments_proxy_counts(
    bucket: AtAddress[Bucket],
    proxy: AtAddress[Proxy],
    certificate: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    trusted: str,
) -> None:
    """As it does for boto3; and the bucket gets the same as without."""
    address, server = bucket
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv(trusted, certificate[0])
    monkeypatch.setenv(variable, f"http://{proxy[0]}")

    assert 200 == https_put(address + SIGNED, "{ä}".encode())

    assert [(address.removeprefix("https://"), "")] == proxy[1].asked
    received_path, headers, body = server.received[0]
    assert (SIGNED, "{ä}".encode()) == (received_path, body)
    assert ("", "4") == (headers["content-type"], headers["content-length"])
    assert "transfer-encoding" not in headers


def test_a_proxy_may_want_credentials(
    bucket: AtAddress[Bucket], proxy: AtAddress[Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are in its address, escaped."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:p%40ss@{proxy[0]}")

    https_put(bucket[0] + SIGNED, b"{}")

    assert ["Basic " + base64.b64encode(b"user:p@ss").decode()] == [credentials for _, credentials in proxy[1].asked]


@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize("value", ["localhost", "any.test,localhost", "*"])
def test_a_host_may_be_excepted_from_the_proxy(
    bucket: AtAddress[Bucket],
    proxy: AtAddress[Proxy],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
) -> None:
    """Such as one that a VPC endpoint serves."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy[0]}")
    monkeypatch.setenv(variable, value)

    assert 200 == https_put(bucket[0] + SIGNED, b"{}")
    assert [] == proxy[1].asked


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_refuses_to_connect_is_an_error(
    bucket: AtAddress[Bucket],
    proxy: AtAddress[Proxy],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is tried again; the log has neither the URL nor the proxy's password."""
    caplog.set_level("INFO")
    clock = VirtualClock()
    proxy[1].status = status
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass-word@{proxy[0]}")

    with pytest.raises(ProxyConnectionError):
        https_put(bucket[0] + SIGNED, b"{}")
    assert not send_response(bucket[0] + "/any?X-Amz-Signature=5ec7e7", b"{}", clock=clock, until=clock.now + 2)

    assert [] == bucket[1].received
    assert "(ProxyConnectionError)" in caplog.text
    assert not [secret for secret in ("pass-word", "5ec7e7", bucket[0]) if secret in caplog.text]


def test_a_stranger_behind_the_proxy_gets_no_response(
    bucket: AtAddress[Bucket], proxy: AtAddress[Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The URL is a permission to respond."""
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy[0]}")

    with pytest.raises(SSLError):
        https_put(bucket[0] + SIGNED, b"{}")
    assert [] == bucket[1].received


@pytest.mark.parametrize("trusted", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_boto3s_certificates_are_trusted_without_a_proxy(
    bucket: AtAddress[Bucket], certificate: tuple[str, str], monkeypatch: pytest.MonkeyPatch, trusted: str
) -> None:
    """A network that inspects TLS has its own, with or without a proxy."""
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv(trusted, certificate[0])

    assert 200 == https_put(bucket[0] + SIGNED, b"{}")


def test_an_url_without_a_query_has_none(bucket: AtAddress[Bucket]) -> None:
    """Local engines have such URLs."""
    address, server = bucket

    https_put(f"{address}/any", b"{}")

    assert ["/any"] == [path for path, _, _ in server.received]


@pytest.mark.parametrize("status", [403, 500])
def test_the_status_is_returned_and_no_exception_raised(bucket: AtAddress[Bucket], status: int) -> None:
    """What it means is decided elsewhere."""
    address, server = bucket
    server.status = status

    assert status == https_put(address, b"{}")


def test_a_server_that_nobody_vouches_for_gets_no_response(
    bucket: AtAddress[Bucket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The URL is a permission to respond: no stranger gets it."""
    address, server = bucket
    monkeypatch.delenv("SSL_CERT_FILE")

    with pytest.raises(ssl.SSLCertVerificationError):
        https_put(address, b"{}")
    assert [] == server.received


def test_a_server_that_does_not_respond_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Well before an invocation ends."""
    timeouts: list[float] = []

    def connect(host: str, *, timeout: float, **_: Any) -> None:
        timeouts.append(timeout)
        raise TimeoutError

    monkeypatch.setattr(http.client, "HTTPSConnection", connect)

    with pytest.raises(TimeoutError):
        https_put("https://localhost/any", b"{}")
    assert [10] == timeouts


def test_a_server_behind_a_proxy_is_given_up_as_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default of botocore is six times as long."""
    timeouts: list[float] = []

    class Session:
        def __init__(self, *, timeout: float = 60, **_: Any) -> None:
            timeouts.append(timeout)
            raise TimeoutError

    monkeypatch.setattr("running_image_builder_function.cloudformation.response.URLLib3Session", Session)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")

    with pytest.raises(TimeoutError):
        https_put("https://localhost/any", b"{}")
    assert [10] == timeouts


@pytest.mark.parametrize("proxied", [False, True])
def test_a_response_that_is_cut_is_an_error(
    bucket: AtAddress[Bucket], proxy: AtAddress[Proxy], monkeypatch: pytest.MonkeyPatch, proxied: bool
) -> None:
    """The next try makes sure; CloudFormation takes the first of two."""
    address, server = bucket
    server.body = b"a"
    clock = VirtualClock()
    if proxied:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy[0]}")

    assert not send_response(f"{address}/any", b"{}", clock=clock, until=clock.now + 2)
    assert 2 == len(server.received)


def test_a_server_that_is_not_there_is_an_oserror() -> None:
    """That is what is tried again."""
    with pytest.raises(OSError, match="refused"):
        https_put("https://127.0.0.1:1/any", b"{}")
