"""Builds tables for the documentation from the code's signatures, docstrings and constants."""

import ast
import inspect
import re
from pathlib import Path
from typing import Any, NamedTuple

from cdk_appstream_image_builder.plain_template import image_builder_template
from running_image_builder_function import contract
from running_image_builder_function.reconcile.states import STATES

ROOT = Path(__file__).resolve().parents[1]
CONSTRUCTS = ROOT / "constructs" / "cdk_appstream_image_builder"

Function = ast.FunctionDef


class Source(NamedTuple):
    """One class of the public API: where it is, and what its methods are told from."""

    module: str
    name: str

    @property
    def body(self) -> list[ast.stmt]:
        """Return what the class holds."""
        tree = ast.parse((CONSTRUCTS / f"{self.module}.py").read_text(encoding="utf-8"))
        (found,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == self.name]
        return found.body

    def functions(self) -> dict[str, Function]:
        """Return its public methods and properties, and its constructor."""
        functions = {node.name: node for node in self.body if isinstance(node, Function)}
        return {name: node for name, node in functions.items() if name == "__init__" or not name.startswith("_")}


BUILDER = Source("running_image_builder", "RunningImageBuilder")
PROVIDER = Source("provider", "RunningImageBuilderProvider")
PROVIDER_BASES = (Source("monitoring/alarms", "FunctionAlarms"), Source("monitoring/metrics", "FunctionMetrics"))
ATTRIBUTES = Source("attributes", "ImageBuilderAttributes")


def arguments(source: Source) -> str:
    """Return a constructor's keyword arguments, with what its docstring says of each."""
    init = source.functions()["__init__"]
    said = _sections(init).get("Args", {})
    rows = [(f"`{each.arg}`", f"{_type(each.annotation)}. {_plain(said[each.arg])}") for each in init.args.kwonlyargs]
    return _table(("argument", "type, meaning, default"), rows)


def members(*sources: Source) -> str:
    """Return the properties and methods of a class and its bases, with the first line of each docstring."""
    functions: dict[str, Function] = {}
    for source in sources:
        functions |= {name: node for name, node in source.functions().items() if name not in functions}
    rows = [
        (
            f"`{name}{'' if _is_property(node) else _parameters(node)}`",
            _plain((ast.get_docstring(node) or "").split("\n")[0]),
        )
        for name, node in functions.items()
        if name != "__init__"
    ]
    return _table(("member", "meaning"), rows)


def attributes() -> str:
    """Return the construct's attributes: the property, the name for ``Fn::GetAtt``, the meaning."""
    rows = []
    for name, node in ATTRIBUTES.functions().items():
        (call,) = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
        (attribute,) = [each.value for each in call.args if isinstance(each, ast.Constant)]
        rows.append((f"`{name}`", f"`{attribute}`", _plain(ast.get_docstring(node) or "")))
    return _table(("property", "attribute", "meaning"), rows)


def states() -> str:
    """Return what each state means for a start and for a stop."""
    rows = [(f"`{name}`", row.when_starting.value, row.when_stopping.value) for name, row in STATES.items()]
    return _table(("state", "when starting", "when stopping"), rows)


def limits() -> str:
    """Return the numbers that the code keeps to."""
    low, high, usual = (
        each // 60
        for each in (
            contract.MIN_TIMEOUT_SECONDS,
            contract.MAX_TIMEOUT_SECONDS,
            contract.DEFAULT_TIMEOUT_SECONDS,
        )
    )
    least, most = contract.MIN_POLL_INTERVAL_SECONDS, contract.MAX_POLL_INTERVAL_SECONDS
    often = contract.DEFAULT_POLL_INTERVAL_SECONDS
    rows: list[tuple[str, ...]] = [
        ("`timeout`", f"{low} to {high} minutes; default {usual}"),
        ("`ServiceTimeout` of CloudFormation", f"the timeout and {contract.RESPONSE_MARGIN_SECONDS} seconds"),
        ("`poll_interval`", f"{least} to {most} seconds, not above the timeout; default {often}"),
        ("one invocation", f"{contract.FUNCTION_TIMEOUT_SECONDS // 60} minutes, then a self-invocation"),
        ("an image builder's name", f"`{contract.NAME_PATTERN.pattern}`"),
        ("an agent version", f"1 to {contract.AGENT_VERSION_MAX_LENGTH} characters"),
    ]
    return _table(("what", "limit"), rows)


def parameters() -> str:
    """Return the parameters of the template without CDK, those of the code's place last."""
    found = image_builder_template(code_parameters=True).body["Parameters"]
    rows = [
        (f"`{name}`", _default(each), _allowed(each), _plain(each["Description"]))
        for name, each in sorted(found.items(), key=lambda item: item[0].startswith("CodeS3"))
    ]
    return _table(("parameter", "default", "allowed", "meaning"), rows)


def _default(parameter: dict[str, Any]) -> str:
    if "Default" not in parameter:
        return "required"
    return f"`{parameter['Default']}`" if str(parameter["Default"]) else "empty"


def _allowed(parameter: dict[str, Any]) -> str:
    if "AllowedValues" in parameter:
        values = [str(each) for each in parameter["AllowedValues"]]
        return (
            ", ".join(f"`{each}`" for each in values) if len(values) < 4 else f"a value of {values[0]} to {values[-1]}"
        )
    if "MinValue" in parameter:
        return f"{parameter['MinValue']} to {parameter['MaxValue']}"
    if "MaxLength" in parameter:
        return f"at most {parameter['MaxLength']} characters"
    pattern = str(parameter["AllowedPattern"]).strip("^$").replace("|", r"\|")
    return str(parameter.get("ConstraintDescription") or f"`{pattern}`").removeprefix("specify ")


def _sections(node: Function) -> dict[str, dict[str, str]]:
    """Return a docstring's sections of named entries, as Google's style writes them."""
    found: dict[str, dict[str, str]] = {}
    section = entry = ""
    for line in inspect.cleandoc(ast.get_docstring(node) or "").splitlines():
        if heading := re.fullmatch(r"(\w+):", line):
            section, entry = heading[1], ""
            found[section] = {}
        elif section and (start := re.fullmatch(r"    (\w+): (.*)", line)):
            entry = start[1]
            found[section][entry] = start[2]
        elif section and entry and line.startswith("        "):
            found[section][entry] += " " + line.strip()
    return found


def _type(annotation: ast.expr | None) -> str:
    """Return a type as a reader wants it: None says only that there is a default."""
    text = ast.unparse(annotation) if annotation is not None else ""
    return f"`{text.removesuffix(' | None').rpartition('.')[2] if '[' not in text else text.removesuffix(' | None')}`"


def _parameters(node: Function) -> str:
    given = [each.arg for each in node.args.args[1:]] + [f"{each.arg}=" for each in node.args.kwonlyargs]
    return f"({', '.join(given + ([f'*{node.args.vararg.arg}'] if node.args.vararg else []))})"


def _is_property(node: Function) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "property" for each in node.decorator_list)


def _plain(text: str) -> str:
    """Return a docstring's words for Markdown."""
    return " ".join(text.split()).replace("``", "`").replace("|", r"\|")


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines).replace("| --- ", "|---").replace("|--- |", "|---|")
