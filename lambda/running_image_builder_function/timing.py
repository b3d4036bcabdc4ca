"""The clock, and every duration that the function waits for or plans with. All are in seconds."""

from typing import Protocol


class Clock(Protocol):
    """Wall-clock time, since a wait spans processes; Python's ``time`` module is the real one."""

    def time(self) -> float:
        """Return the seconds since the epoch."""

    def sleep(self, seconds: float, /) -> None:
        """Return after that many seconds."""


# One AWS call. A call that hangs must end well before the invocation does.
CONNECT_TIMEOUT = 5
READ_TIMEOUT = 10
LONGEST_CALL = float(CONNECT_TIMEOUT + READ_TIMEOUT)

# One invocation, within Lambda's limit.
SELF_INVOCATION_MARGIN = 45.0  # before Lambda's limit: enough for two calls that hang, and for the self-invocation
SELF_INVOCATION_MARGIN_SHARE = 0.5
"""The same as a share (not seconds) of an invocation's time, for functions with a short limit."""

RESPONSE_RESERVE = 1.0  # before Lambda's limit, sending the response is given up: Lambda then retries the event
RESPONSE_TIME = 5.0  # kept for a response, which usually takes a fraction of a second
HEARTBEAT_INTERVAL = 60.0  # between two log lines while nothing changes

# The pause between two AppStream calls. AWS publishes no rate limit.
MAX_DELAY = 15.0  # however long AppStream throttles
EXTRA_CALL_DELAY = 2.0
"""Added after a start or stop, which follows a description at once: there is never more than one call each 2 s."""

DESCRIPTION_MAX_AGE = 30.0
"""For so long, a throttled start is retried without another description, which would take a request from others."""

# What AppStream shows, and when it is believed.
CONSISTENCY_WINDOW = 100.0
"""After an accepted call, a description may still show the state before it. A minute and a half has been seen."""

UNCONFIRMED_RETRY = 10.0  # after a call whose response was lost, it is made again where the state is still the same
SECOND_DESCRIPTION = 10.0
"""Between two descriptions that must both find no builder, or both contradict a start of a moment ago."""

CLOCK_SKEW = 30.0  # by which AppStream's clock and this one may differ, with a call under way
OTHER_START_COOLDOWN = CONSISTENCY_WINDOW + 20.0
"""After somebody else's failed start, before this request makes its own. If another delivery of this request made that
start, the stack shows the end of the request by then."""

ADDRESS_WAIT = 300.0  # for the address of a running builder in a VPC; then the response goes out without it
ROLLBACK_WAIT = 300.0
"""In a rollback, for a builder in transition that this request didn't start. The failed update has waited before; to
wait the whole timeout again would double the time."""

# How long a failed call is tried again, counted from the first failure in a row.
IAM_PROPAGATION = 90.0
"""Access denied: a new policy still spreads through IAM (aws-cdk 18237, 37675; terraform-provider-aws 28128)."""

BUSY_RETRY = 300.0  # ConcurrentModification: AWS's advice is "wait a few minutes and try again"
REFUSAL_RETRY = 10.0  # a refusal whose reason AWS doesn't document
NO_ENDPOINT_RETRY = 60.0  # a host name that doesn't resolve: a passing failure, or a Region without the service
CANCEL_STOP_RETRY = 40.0
"""To delete the schedule of a stopped builder. One that stays has nothing to stop."""

LATE_DELETE_TIME = 15.0
"""After the deadline, for the one description and the one stop of a Delete that is delivered late. ServiceTimeout is a
minute after the deadline."""

LEAVE_BUILDER_TIMEOUT = 40.0
"""From the first invocation to the last try of a Delete that leaves the builder: with one call that hangs, the response
comes within a minute."""

LEAVE_BUILDER_TRY = 5.0  # that such a Delete has at least, after the list of the stack's resources took all the time
LEAVE_BUILDER_INTERVAL = 5.0  # between two tries of it at most: a longer interval would leave no time for a second one

RETRY_DELAY = 1.0  # before the first retry of a response or a self-invocation; it doubles from then on
MAX_RETRY_DELAY = 8.0

# The stack.
CANCELLATION_CHECK_INTERVAL = 60.0  # between two checks of whether CloudFormation still waits for the response
STACK_CONSISTENCY_WINDOW = 15.0  # CloudFormation may still show the status before the request
STACK_CHECK_RETRY = 45.0  # a failed check is repeated for so long
LEAVE_BUILDER_CHECK_RETRY = 20.0  # the same for a Delete that stops nothing, which has other calls to make as well
STACK_CHECK_DELAY = 5.0  # between two tries of a check
CANCELLATION_CHECK_RETRY = {"Create": STACK_CHECK_RETRY, "Update": STACK_CHECK_RETRY, "Delete": 10.0}
"""For so long it is asked, before a change, whether CloudFormation still waits. A Delete has other calls to make."""

ROLLBACK_CHECK_TIME = 15.0
"""After the deadline, until which it is checked whether a failure would leave the stack in UPDATE_ROLLBACK_FAILED.
ServiceTimeout is a minute after the deadline, and each call can hang for a quarter of one."""

ABANDONED_BUILDER_TIME = 10.0  # that a rollback takes at least for a builder that the failed update may have started

# The request's own date, which is in the ResponseURL.
RESPONSE_URL_LIFETIME = 7200.0  # X-Amz-Expires of CloudFormation's URLs
MAX_SIGNATURE_LIFETIME = 7 * 24 * 3600.0  # Signature Version 4's own limit
REDELIVERED_AFTER = 30.0
"""An older request has been delivered before: Lambda delivers an event within seconds, and retries after a minute."""

MAX_CLOCK_AHEAD = 60.0  # by which CloudFormation's clock may be ahead of this one; a later date is none
REQUEST_DATE_PRECISION = 1.0  # the date is in whole seconds, which tell nothing of the order within one
STATUS_DELAY = 0.5  # by which a resource may show a request later than the request's date says
UNCERTAIN_STATUS_DELAY = 10.0
"""The same where nothing speaks against it: AWS documents neither the order of the two nor their distance."""

UNDATED_STATUS_DELAY = 25.0
"""By which a status must be later than a request without a date, which begins by Lambda's clock."""

# The scheduled stop.
SCHEDULER_RETRIES_FOR = 300
"""EventBridge Scheduler retries a stop that AppStream refuses, because the builder is being changed. Not longer: a late
stop may meet a builder that somebody has started meanwhile. A builder in a longer transition isn't stopped."""

SCHEDULER_PRECISION = 300
"""By which EventBridge Scheduler may be late, and its retries begin later. AWS documents 60 s (a stop for 1:00:00 comes
until 1:00:59): https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html. This allows more."""

SCHEDULER_CLOCK_SKEW = 20.0  # by which the clocks of two services may differ, with a stop under way
SCHEDULE_COLLISION_WINDOW = 600.0
"""A stop that is later than this doesn't meet what the request does: its response or next step comes first."""

SCHEDULING_TIME = 30.0
"""Before the deadline, a failed rename's builder is waited for no longer: the own stop must be scheduled after that."""

SCHEDULING_RESERVE = 10.0
"""Before the deadline, an earlier stop is waited for no longer: the builder runs, and its stop must be scheduled."""
