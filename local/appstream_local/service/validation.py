"""Checks requests against botocore's service model."""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape

from .errors import ApiError, validation_error

_PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    # AWS JSON 1.1 carries timestamps as epoch seconds.
    "timestamp": (int, float),
}


@lru_cache(maxsize=1)
def service_model() -> ServiceModel:
    """Return AppStream's model from botocore's own data, never from the user's ~/.aws/models."""
    loader = Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    return ServiceModel(loader.load_service_model("appstream", "service-2"), "appstream")


def parse(operation: str, body: bytes) -> dict[str, Any]:
    """Return the parameters of a request.

    Raises:
        ApiError: UnknownOperationException, SerializationException (the body is not a JSON object) or
            ValidationException.
    """
    model = service_model()
    if operation not in model.operation_names:
        raise unknown_operation(operation)
    params = parse_json(body)
    check(model.operation_model(operation).input_shape, params)
    return params


def unknown_operation(operation: str) -> ApiError:
    """Return the error for an unknown operation, or one that only the real AppStream has."""
    if operation in service_model().operation_names:
        message = f"The local engine has image builders only, not AppStream's {operation}."
        return ApiError("UnknownOperationException", message, 501)
    return ApiError("UnknownOperationException", f"There is no operation {operation!r}.")


def parse_json(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a body.

    Raises:
        ApiError: SerializationException.
    """
    try:
        params = json.loads(body or b"{}")
    except ValueError as error:
        raise ApiError("SerializationException", f"The body is not JSON: {error}") from None
    if not isinstance(params, dict):
        raise ApiError("SerializationException", "The body is not a JSON object.")
    return params


def check(shape: Shape | None, value: Any, path: str = "") -> None:
    """Check a value against a shape of the model.

    Raises:
        ApiError: ValidationException with every violation in AWS's wording. That it is also the error
            for wrong types is an assumption.
    """
    found = list(_violations(shape, value, path)) if shape is not None else []
    if found:
        noun = "error" if len(found) == 1 else "errors"
        raise validation_error(f"{len(found)} validation {noun} detected: {'; '.join(found)}")


def _violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    # isinstance takes a bool for an int, but JSON's true is no number.
    if isinstance(value, bool) != (shape.type_name == "boolean") or not _has_type(shape, value):
        yield _violation(value, path, f"Member must be of type {shape.type_name}")
        return
    yield from _sizes(shape, value, path)
    if isinstance(shape, StructureShape):
        yield from _members(shape, value, path)
    elif isinstance(shape, ListShape):
        for number, item in enumerate(value, start=1):
            yield from _violations(shape.member, item, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _violations(shape.key, key, f"{path}.{key}.key")
            yield from _violations(shape.value, item, f"{path}.{key}.value")
    elif isinstance(shape, StringShape):
        yield from _text(shape, value, path)


def _has_type(shape: Shape, value: Any) -> bool:
    return isinstance(value, _PYTHON_TYPES.get(shape.type_name, object))


def _members(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _violation(None, _below(path, name), "Member must not be null")
    # Members that the model doesn't have are ignored, as in AWS.
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _violations(member, value[name], _below(path, name))


def _sizes(shape: Shape, value: Any, path: str) -> Iterator[str]:
    counted = isinstance(value, (str, list, dict))
    size = len(value) if counted else value
    what = "have length" if counted else "have value"
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _violation(value, path, f"Member must {what} greater than or equal to {least}")
    if most is not None and size > most:
        yield _violation(value, path, f"Member must {what} less than or equal to {most}")


def _text(shape: StringShape, value: str, path: str) -> Iterator[str]:
    pattern = shape.metadata.get("pattern")
    # fullmatch is Java's matches(): Python's $ would allow a trailing newline.
    if pattern and re.fullmatch(python_pattern(pattern), value) is None:
        rule = f"Member must satisfy regular expression pattern: {pattern}"
        yield _violation(value, path, rule)
    if shape.enum and value not in shape.enum:
        rule = f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
        yield _violation(value, path, rule)


def python_pattern(pattern: str) -> str:
    """Return one of the model's Java patterns in the syntax of Python's `re`."""
    # Letters, spaces and digits, in the one form that the model uses. Python has no \p.
    return pattern.replace(r"\p{L}\p{Z}\p{N}", r"\w\s")


def _below(path: str, name: str) -> str:
    """Return the path of a member, in the lower camel case of AWS's messages."""
    lowered = name[:1].lower() + name[1:]
    return f"{path}.{lowered}" if path else lowered


def _violation(value: Any, path: str, rule: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path or 'body'}' failed to satisfy constraint: {rule}"
