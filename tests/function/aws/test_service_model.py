"""The AppStream API's service model, as the installed botocore has it, against what the function knows of it.

``make drift`` runs this file with the newest botocore, and a workflow does so every week: what AWS adds fails it, so
that somebody decides what becomes of it.
"""

from collections.abc import Iterator
from typing import Any

import botocore
import botocore.exceptions
import botocore.session
import pytest
from botocore.model import Shape

from running_image_builder_function import contract
from running_image_builder_function.aws.client import translate
from running_image_builder_function.model.errors import ErrorKind
from running_image_builder_function.reconcile.states import STATES

SINCE = {"AgentAccessConfig": (1, 44, 8)}
"""The botocore that first had a field of ImageBuilder, where that is newer than the pinned one."""

INSTALLED = tuple(int(part) for part in botocore.__version__.split(".")[:3])

ERRORS = {
    "StartImageBuilder": {
        "ConcurrentModificationException": ErrorKind.BUSY,
        "IncompatibleImageException": ErrorKind.INVALID,
        "InvalidAccountStatusException": ErrorKind.INVALID,
        "ResourceNotAvailableException": ErrorKind.BUSY,
        "ResourceNotFoundException": ErrorKind.NOT_FOUND,
    },
    "StopImageBuilder": {
        "ConcurrentModificationException": ErrorKind.BUSY,
        "OperationNotPermittedException": ErrorKind.BUSY,
        "ResourceNotFoundException": ErrorKind.NOT_FOUND,
    },
    "DescribeImageBuilders": {"ResourceNotFoundException": ErrorKind.NOT_FOUND},
}
"""The errors that the model promises of each call, and what the function takes them for."""


@pytest.fixture(scope="module")
def model() -> Any:
    """Return the installed service model."""
    return botocore.session.get_session().get_service_model("appstream")


def leaves(shape: Shape, *path: str) -> Iterator[tuple[str, ...]]:
    """Return the paths of a structure's fields; a list is one field, whatever is in it."""
    for name, member in getattr(shape, "members", {}).items():
        if member.type_name == "structure":
            yield from leaves(member, *path, name)
        else:
            yield (*path, name)


def test_every_field_of_the_api_is_an_attribute(model: Any) -> None:
    """A field that AWS adds or takes away fails this test, so that somebody adds or drops the attribute."""
    unknown_here = {field for field, first in SINCE.items() if first > INSTALLED}
    expected = [path for path in contract.ATTRIBUTES.values() if path[0] not in unknown_here]

    assert sorted(leaves(model.shape_for("ImageBuilder"))) == sorted(expected)


@pytest.mark.parametrize("field", SINCE)
def test_a_newer_field_is_compared_with_a_newer_botocore(model: Any, field: str) -> None:
    """What the installed one can't know is reported, not passed over."""
    first = SINCE[field]
    if first > INSTALLED:
        version = ".".join(str(part) for part in first)
        pytest.skip(f"botocore {botocore.__version__} does not know {field}; {version} does: make drift")

    own = {path for path in contract.ATTRIBUTES.values() if path[0] == field}
    assert own == {path for path in leaves(model.shape_for("ImageBuilder")) if path[0] == field}


def test_every_state_of_the_api_is_in_the_table(model: Any) -> None:
    """A state that AWS adds fails this test, so that somebody decides what it means."""
    assert set(model.shape_for("ImageBuilderState").enum) == set(STATES)


@pytest.mark.parametrize("operation", ERRORS)
def test_every_error_of_the_api_is_understood(model: Any, operation: str) -> None:
    """An error that AWS adds to a call fails this test, and so does one that the function takes for something else."""
    modeled = {shape.name: shape for shape in model.operation_model(operation).error_shapes}
    assert set(ERRORS[operation]) == set(modeled)

    understood = {
        name: translate(error_of(model, name), action=f"appstream:{operation}").kind for name in ERRORS[operation]
    }
    assert ERRORS[operation] == understood


def error_of(model: Any, name: str) -> Exception:
    """Return an error as boto3 raises it: the code is the shape's, whatever its name."""
    shape = model.shape_for(name)
    response: Any = {"Error": {"Code": shape.error_code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return botocore.exceptions.ClientError(response, "Any")


def test_the_wire_is_the_one_that_the_engine_speaks(model: Any) -> None:
    """AWS JSON 1.1 by its target header: another protocol would leave the engine and the tests behind."""
    assert ("json", "1.1", "PhotonAdminProxyService", "appstream2", "appstream") == (
        model.resolved_protocol,
        model.metadata["jsonVersion"],
        model.metadata["targetPrefix"],
        model.metadata["endpointPrefix"],
        model.metadata["signingName"],
    )


def test_what_the_calls_take_is_what_the_construct_checks(model: Any) -> None:
    """The limits of a name and of an agent's version are the API's own."""
    start, create, stop, describe = (
        model.operation_model(operation).input_shape.members
        for operation in ("StartImageBuilder", "CreateImageBuilder", "StopImageBuilder", "DescribeImageBuilders")
    )
    assert {"Name", "AppstreamAgentVersion"} == set(start)
    assert {"Name"} == set(stop)
    assert {"Names", "MaxResults", "NextToken"} == set(describe)
    assert {"min": 1, "max": contract.AGENT_VERSION_MAX_LENGTH} == start["AppstreamAgentVersion"].metadata
    assert f"^{contract.NAME_PATTERN.pattern}$" == create["Name"].metadata["pattern"]
