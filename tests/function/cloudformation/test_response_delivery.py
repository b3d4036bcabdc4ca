"""Sending a response: what is retried, what is final, and what is logged."""

import http.client
import logging
import ssl

import pytest
from botocore.exceptions import EndpointConnectionError, ProxyConnectionError

from running_image_builder_function.cloudformation.response import send_response
from running_image_builder_function.custom_resource.function import ResponseNotSent
from support.fake_appstream import FakeAppStream
from support.lambda_harness import FakeContext, LambdaHarness, event
from support.virtual_time import VirtualClock

URL = "https://bucket.test/secret-path?X-Amz-Signature=secret"
SECOND_CHANCE: list[int | Exception] = [
    500,
    503,
    400,
    403,
    408,
    409,
    429,
    300,
    301,
    100,
    OSError("secret-path"),
    TimeoutError("secret-path"),
    ConnectionResetError("secret-path"),
    ssl.SSLError("secret-path"),
    http.client.RemoteDisconnected("secret-path"),
    http.client.BadStatusLine("secret-path"),
    EndpointConnectionError(endpoint_url="secret-path"),
    ProxyConnectionError(proxy_url="secret-path"),
]
REFUSED = (
    "possible causes: its URL has expired, the policy of a VPC's S3 endpoint does not allow the bucket, "
    "or a proxy refused it"
)
UNREACHED = (
    "possible causes: no route or endpoint to S3 in a VPC, a security group, DNS, a proxy, "
    "or a certificate that is not trusted"
)


class Puts:
    """CloudFormation's end: gives results in order, the last one again and again."""

    def __init__(self, *results: int | Exception) -> None:
        """Begin with the first."""
        self.results = list(results)
        self.sent: list[tuple[str, bytes]] = []

    def __call__(self, url: str, body: bytes, /) -> int:
        """Take a body."""
        self.sent.append((url, body))
        result = self.results.pop(0) if len(self.results) > 1 else self.results[0]
        if isinstance(result, Exception):
            raise result
        return result


@pytest.fixture
def clock() -> VirtualClock:
    """Return a clock."""
    return VirtualClock()


@pytest.mark.parametrize("status", [200, 204, 299])
def test_a_response_that_arrives_is_sent_once(
    clock: VirtualClock, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """To the URL as it stands, and without a word in the log."""
    puts = Puts(status)

    assert send_response(URL, b"body", clock=clock, until=clock.now + 100, put=puts)
    assert [(URL, b"body")] == puts.sent
    assert [] == caplog.records


@pytest.mark.parametrize("kind", SECOND_CHANCE, ids=repr)
def test_errors_at_cloudformations_end_are_waited_out(clock: VirtualClock, kind: int | Exception) -> None:
    """The pauses grow: 1, 2, 4 and then always 8 seconds."""
    puts = Puts(*[kind] * 6, 200)

    assert send_response(URL, b"body", clock=clock, until=clock.now + 100, put=puts)
    assert [1, 2, 4, 8, 8, 8] == clock.slept
    assert [(URL, b"body")] * 7 == puts.sent


@pytest.mark.parametrize("kind", SECOND_CHANCE, ids=repr)
def test_errors_that_last_ask_for_another_invocation(clock: VirtualClock, kind: int | Exception) -> None:
    """In time: no pause ends after the last moment."""
    began = clock.now

    assert not send_response(URL, b"body", clock=clock, until=began + 7.5, put=Puts(kind))
    assert began + 7 == clock.now


def test_a_delay_until_the_last_moment_is_not_made(clock: VirtualClock) -> None:
    """There would be no time left to send."""
    puts = Puts(500)

    assert not send_response(URL, b"body", clock=clock, until=clock.now + 3, put=puts)
    assert [1] == clock.slept
    assert 2 == len(puts.sent)


@pytest.mark.parametrize("status", [401, 404, 405, 410, 499])
def test_a_refusal_is_final(clock: VirtualClock, status: int, caplog: pytest.LogCaptureFixture) -> None:
    """Trying again, now or in another invocation, would not help."""
    puts = Puts(status)

    assert send_response(URL, b"body", clock=clock, until=clock.now + 100, put=puts)
    assert 1 == len(puts.sent)
    message = f"CloudFormation refused the response (HTTP {status}); the request is over"
    assert [(logging.ERROR, message)] == [(record.levelno, record.getMessage()) for record in caplog.records]


@pytest.mark.parametrize("kind", SECOND_CHANCE, ids=repr)
@pytest.mark.parametrize(
    "query", ["X-Amz-Date=20270115T080000Z&X-Amz-Expires=7200", "X-Amz-Date=20270115T080000Z", "Expires=1800007200"]
)
@pytest.mark.parametrize(("age", "tries"), [(8000, 1), (7200, 1), (7199.5, 2), (7190, 5)])
def test_what_does_not_arrive_while_the_url_is_valid_is_over(
    clock: VirtualClock, kind: int | Exception, query: str, age: float, tries: int, caplog: pytest.LogCaptureFixture
) -> None:
    """An invocation more would not help; one try is made even then, since clocks differ."""
    clock.now = 1_800_000_000.0 + age
    puts = Puts(kind)

    assert send_response(f"https://bucket.test/secret?{query}", b"body", clock=clock, until=clock.now + 100, put=puts)

    assert tries == len(puts.sent)
    last = caplog.records[-1]
    what = f"HTTP {kind}" if isinstance(kind, int) else type(kind).__name__
    message = f"the response was not accepted while its URL was valid ({what}); the request is over"
    assert (logging.ERROR, message) == (last.levelno, last.getMessage())


def test_the_invocations_end_comes_before_the_urls(clock: VirtualClock) -> None:
    """Another one may do better."""
    url = f"https://bucket.test/any?Expires={int(clock.now) + 7200}"

    assert not send_response(url, b"body", clock=clock, until=clock.now + 100, put=Puts(403))


@pytest.mark.parametrize("kind", [*SECOND_CHANCE, 404], ids=repr)
def test_nothing_of_the_url_is_logged(
    clock: VirtualClock, kind: int | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """Not by the text of an error either: only its type is."""
    caplog.set_level(logging.DEBUG)

    send_response(URL, b"body", clock=clock, until=clock.now + 3, put=Puts(kind))

    assert caplog.records
    assert "secret" not in caplog.text


def test_each_failed_attempt_is_a_warning(clock: VirtualClock, caplog: pytest.LogCaptureFixture) -> None:
    """With what came back, or the kind of error; what may have caused it is logged once."""
    results = (503, TimeoutError("any"), OSError("any"), 403, 400, 200)
    send_response(URL, b"body", clock=clock, until=clock.now + 100, put=Puts(*results))

    assert [
        (logging.WARNING, "the response was not accepted (HTTP 503)"),
        (logging.WARNING, "the response was not accepted (TimeoutError)"),
        (logging.WARNING, UNREACHED),
        (logging.WARNING, "the response was not accepted (OSError)"),
        (logging.WARNING, "the response was not accepted (HTTP 403)"),
        (logging.WARNING, REFUSED),
        (logging.WARNING, "the response was not accepted (HTTP 400)"),
    ] == [(record.levelno, record.getMessage()) for record in caplog.records]


def test_an_error_that_is_no_connection_error_is_raised(clock: VirtualClock) -> None:
    """A bug must not look like a bad connection."""
    with pytest.raises(ZeroDivisionError):
        send_response(URL, b"body", clock=clock, until=clock.now + 100, put=Puts(ZeroDivisionError()))


def test_a_response_that_is_not_sent_makes_lambda_retry(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """The next invocation describes the builder again, and responds with what is true by then."""
    harness.limit = 60
    appstream.put("RUNNING")
    harness.put_results = [500, 403] * 6

    assert "SUCCESS" == harness.run(event())["Status"]
    assert 1 == harness.deaths


@pytest.mark.parametrize(("limit", "last_try"), [(33, 31), (16, 7), (16.01, 15)])
def test_sending_ends_a_second_before_lambdas_limit(harness: LambdaHarness, limit: float, last_try: float) -> None:
    """Otherwise Lambda would kill it. Tries come after 1, 3, 7, 15, 23, 31 seconds."""
    harness.limit = limit
    harness.appstream.put("RUNNING")
    harness.put_results = [OSError()] * 1000
    moments: list[float] = []
    harness.on_death = lambda: moments.append(harness.appstream.elapsed())

    harness.deliver(event())

    assert last_try == moments[0]
    assert 3 == harness.deaths


def test_an_unsent_response_ends_in_an_error(harness: LambdaHarness, appstream: FakeAppStream) -> None:
    """That is how Lambda knows that it should try again; its text is for the log."""
    appstream.put("RUNNING")
    harness.put_results = [OSError()] * 1000

    with pytest.raises(ResponseNotSent, match=r"^CloudFormation could not be reached with the response$"):
        harness.function(event(), FakeContext(appstream.clock))
