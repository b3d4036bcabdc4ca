"""Faults: what they strike, how often, for how long, and what they answer."""

from random import Random

import pytest

from appstream_local.service.errors import ApiError
from appstream_local.service.faults import Fault, Faults, fault
from appstream_local.service.in_process import VirtualClock

_DESCRIBE = "DescribeImageBuilders"


@pytest.fixture
def faults(clock: VirtualClock) -> Faults:
    """Return no faults yet, with their chances fixed."""
    return Faults(now=clock, random=Random(7))


def _struck(faults: Faults, operation: str = _DESCRIBE, *names: str) -> bool:
    return faults.pick(operation, names) is not None


def test_a_fault_strikes_as_often_as_it_says(faults: Faults) -> None:
    """Two times, and not a third."""
    faults.add(Fault("throttle", times=2))

    assert [True, True, False] == [_struck(faults) for _ in range(3)]


def test_a_fault_strikes_as_long_as_it_says(faults: Faults, clock: VirtualClock) -> None:
    """Ten seconds after it was added."""
    faults.add(Fault("throttle", seconds=10))
    clock.advance(9.9)
    assert _struck(faults)
    clock.advance(0.1)
    assert not _struck(faults)


def test_a_fault_strikes_only_what_it_names(faults: Faults) -> None:
    """Another operation or image builder isn't affected and doesn't count."""
    faults.add(Fault("drop", operation="StartImageBuilder", name="cad", times=1))

    assert not _struck(faults, _DESCRIBE, "cad")
    assert not _struck(faults, "StartImageBuilder", "other")
    assert _struck(faults, "StartImageBuilder", "cad")


def test_a_probability_affects_that_share_reproducibly(clock: VirtualClock) -> None:
    """About a third of many requests, the same ones with the same seed."""
    runs = []
    for _ in range(2):
        faults = Faults(now=clock, random=Random(7))
        faults.add(Fault("throttle", probability=0.3))
        runs.append([_struck(faults) for _ in range(1000)])

    assert runs[0] == runs[1]
    assert 250 < sum(runs[0]) < 350


def test_the_first_fault_strikes_first(faults: Faults) -> None:
    """When the first is used up, the second applies."""
    faults.add(Fault("throttle", times=1))
    faults.add(Fault("unavailable", times=1))

    picked = [faults.pick(_DESCRIBE, ()) for _ in range(2)]
    assert ["throttle", "unavailable"] == [each.kind for each in picked if each]


def test_cleared_faults_strike_no_more(faults: Faults) -> None:
    """Neither a fault nor the rate limit is left."""
    faults.add(Fault("throttle"))
    faults.limit_rate(1)
    faults.clear()

    assert [False] * 5 == [_struck(faults) for _ in range(5)]


def test_a_rate_limit_throttles_and_recovers(faults: Faults, clock: VirtualClock) -> None:
    """Requests beyond the burst are throttled; a second later the rate allows more."""
    faults.limit_rate(2, burst=3)

    assert [False, False, False, True] == [_struck(faults) for _ in range(4)]
    clock.advance(1)
    assert [False, False, True] == [_struck(faults) for _ in range(3)]


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("throttle", "ThrottlingException", 400),
        ("request_limit", "RequestLimitExceededException", 400),
        ("server_error", "InternalFailure", 500),
        ("unavailable", "ServiceUnavailableException", 503),
        ("access_denied", "AccessDeniedException", 400),
    ],
)
def test_a_kind_answers_what_aws_answers(kind: str, code: str, status: int) -> None:
    """Each kind has its code and its HTTP status."""
    error = Fault(kind).error(principal="p", operation="o", resource="r")

    assert (code, status) == (error.code, error.http_status)


def test_an_access_denied_names_who_what_and_where() -> None:
    """Its message is IAM's: principal, action and resource."""
    error = Fault("access_denied").error(principal="P", operation="StopImageBuilder", resource="R")

    expected = (
        "User: P is not authorized to perform: appstream:StopImageBuilder on resource: R "
        "because no identity-based policy allows the appstream:StopImageBuilder action"
    )
    assert expected == error.message


def test_an_error_can_be_any_error() -> None:
    """A test sets code, message and status."""
    made = fault({"kind": "error", "code": "ConcurrentModificationException", "message": "m", "status": 409})
    error = made.error(principal="p", operation="o", resource="r")

    assert ("ConcurrentModificationException", "m", 409) == (error.code, error.message, error.http_status)


@pytest.mark.parametrize("values", [{"kind": "flood"}, {}, {"kind": "error"}, {"kind": "drop", "often": True}])
def test_a_fault_that_makes_no_sense_is_refused(values: dict[str, object]) -> None:
    """A misspelled fault must not silently do nothing."""
    with pytest.raises(ApiError, match="ValidationException"):
        fault(values)
