"""What must never be in a log: the ResponseURL, at any level, of any library, in any form a line can take."""

import io
import logging
from collections.abc import Iterator

import boto3
import pytest
from botocore.stub import Stubber

from running_image_builder_function.observability.redaction import RedactingFilter
from support.fake_appstream import FakeAppStream
from support.lambda_harness import RESPONSE_URL, LambdaHarness, event

URL = "https://bucket.test/arn%3Aaws?X-Amz-Date=20270115T080000Z&X-Amz-Signature=5ec7e7"
QUERY = URL.split("?")[1]
CHATTY = ["", "botocore", "boto3", "urllib3", "crhelper.resource_helper", "crhelper.utils"]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Return all that the process logs, at every level, as the one handler of Lambda's runtime writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield stream
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture
def redaction(log: io.StringIO) -> RedactingFilter:
    """Return a redaction that protects the URL."""
    protecting = RedactingFilter()
    protecting.protect(URL)
    return protecting


@pytest.mark.parametrize(
    "message", [URL, f"PUT {URL} 200", f"GET /arn%3Aaws?{QUERY} HTTP/1.1", f"{{'ResponseURL': '{URL}'}}", QUERY]
)
@pytest.mark.parametrize("name", CHATTY)
@pytest.mark.parametrize("level", [logging.DEBUG, logging.CRITICAL])
def test_the_url_is_hidden_in_any_librarys_lines(
    redaction: RedactingFilter, log: io.StringIO, name: str, level: int, message: str
) -> None:
    """Its signature alone would do to respond in the function's place."""
    logging.getLogger(name).log(level, message)

    assert "Signature" not in log.getvalue()
    assert "[ResponseURL]" in log.getvalue()


def test_the_url_is_hidden_where_it_is_an_argument(redaction: RedactingFilter, log: io.StringIO) -> None:
    """A line is put together only when it is written."""
    logging.getLogger("any").warning("sent %s to %s", 1, {"ResponseURL": URL})

    assert "WARNING any sent 1 to {'ResponseURL': '[ResponseURL]'}\n" == log.getvalue()


def test_a_traceback_with_the_url_is_left_out(redaction: RedactingFilter, log: io.StringIO) -> None:
    """What is left is the message, and the kind of error."""
    try:
        raise ValueError(f"cannot parse {URL}")
    except ValueError:
        logging.getLogger("any").exception("it broke")

    assert "ERROR any it broke (ValueError; its text holds [ResponseURL])\n" == log.getvalue()


def test_a_traceback_whose_cause_has_the_url_is_left_out(redaction: RedactingFilter, log: io.StringIO) -> None:
    """Python prints the causes as well."""
    try:
        try:
            raise ValueError(URL)
        except ValueError as error:
            raise KeyError("any") from error
    except KeyError:
        logging.getLogger("any").exception("it broke with %s", URL)

    assert "ERROR any it broke with [ResponseURL] (KeyError; its text holds [ResponseURL])\n" == log.getvalue()


def test_any_other_traceback_is_written(redaction: RedactingFilter, log: io.StringIO) -> None:
    """It is what a bug is found by."""
    try:
        raise ValueError("any")
    except ValueError:
        logging.getLogger("any").exception("it broke")

    assert "ERROR any it broke\nTraceback (most recent call last)" in log.getvalue()
    assert log.getvalue().endswith("ValueError: any\n")


def test_any_other_line_is_written_as_it_is(redaction: RedactingFilter, log: io.StringIO) -> None:
    """None is dropped."""
    logging.getLogger("any").info("a %s line", "plain")

    assert "INFO any a plain line\n" == log.getvalue()


def test_only_the_current_requests_url_is_known(redaction: RedactingFilter, log: io.StringIO) -> None:
    """A function lives through many requests; the handler keeps one filter."""
    redaction.protect(f"{URL}2")
    redaction.protect(f"{URL}3")
    logging.getLogger("any").info("%s3", URL)

    assert "INFO any [ResponseURL]\n" == log.getvalue()
    assert [redaction] == logging.getLogger().handlers[0].filters


def test_an_url_without_a_query_hides_nothing_else(log: io.StringIO) -> None:
    """An empty secret would be in every line."""
    RedactingFilter().protect("https://bucket.test/plain")
    logging.getLogger("any").info("any line to https://bucket.test/plain")

    assert "INFO any any line to [ResponseURL]\n" == log.getvalue()


def fail(name: str) -> None:
    """Fail in a way that nobody thought of, with the URL in the error's text."""
    raise ZeroDivisionError(RESPONSE_URL)


@pytest.mark.parametrize("request_type", ["Create", "Update", "Delete"])
@pytest.mark.parametrize("kind", ["none", "response", "bad event", "bug"])
def test_a_whole_request_at_debug_level_never_logs_the_url(
    appstream: FakeAppStream, log: io.StringIO, monkeypatch: pytest.MonkeyPatch, request_type: str, kind: str
) -> None:
    """Crhelper's and botocore's loggers included, whatever goes wrong; nor is the event ever written as a whole."""
    harness = LambdaHarness(appstream, log_level="DEBUG")
    appstream.put("STOPPED")
    sent = event(request_type, OnDelete="STOP", Comment="whole-payload")
    if kind == "response":
        harness.put_results = [500, OSError(RESPONSE_URL), 403]
    if kind == "bad event":
        sent["ResourceProperties"]["Name"] = RESPONSE_URL
    if kind == "bug":
        monkeypatch.setattr(appstream.builders, "describe", fail)

    harness.deliver(sent)

    assert log.getvalue()
    assert "Signature" not in log.getvalue()
    assert "whole-payload" not in log.getvalue()
    assert "crhelper" not in log.getvalue()


def test_botocore_at_debug_level_never_logs_the_url(log: io.StringIO, redaction: RedactingFilter) -> None:
    """It writes the parameters of every call: a self-invocation's payload holds the URL."""
    client = boto3.client("lambda", region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(client) as stubber:
        stubber.add_response("invoke", {"StatusCode": 202})
        client.invoke(FunctionName="any", InvocationType="Event", Payload=f'{{"ResponseURL":"{URL}"}}'.encode())

    assert "botocore" in log.getvalue()
    assert "Signature" not in log.getvalue()
