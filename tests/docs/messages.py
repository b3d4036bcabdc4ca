"""Collects every message that a user can see from the product's source, with "…" for a value."""

import ast
from collections.abc import Iterator
from pathlib import Path

from running_image_builder_function import contract
from support.paths import PROJECT_DIR

SOURCES = (
    PROJECT_DIR / "app.py",
    *sorted((PROJECT_DIR / "constructs").rglob("*.py")),
    *sorted((PROJECT_DIR / "lambda").rglob("*.py")),
)

PLACES = {"failed": 0, "_wrong": 1, "add_warning_v2": 1, "warning": 0, "error": 0, "exception": 0}
"""Functions that take a message, with the message's argument index; the last three are a logger's."""

DETAILS = 2
"""The argument index of AWS's own words in "failed"."""

FOR_PYTHON = ("NotImplementedError", "AttributeError")
"""Errors of Python's own protocols, which no user of this project sees."""

FOR_COMMAND_LINES = ("parser.error",)
"""These explain a mistyped command by themselves, as argparse's own messages do."""


def messages(path: Path) -> set[str]:
    """Return the messages of one file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {message for scope in _scopes(tree) for message in _in(scope, tree)} - {"…", ""}


def _scopes(tree: ast.Module) -> list[ast.AST]:
    return [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))]


def _in(scope: ast.AST, tree: ast.Module) -> Iterator[str]:
    known = {**_assigned(tree), **_assigned(scope)}
    for node in _own(scope):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            if ast.unparse(node.exc.func) not in FOR_PYTHON and isinstance(node.exc.func, ast.Name) and node.exc.args:
                yield from _texts(node.exc.args[0], known)
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
            if ast.unparse(node.func) in FOR_COMMAND_LINES:
                continue
            if name in PLACES and len(node.args) > PLACES[name]:
                yield from _texts(node.args[PLACES[name]], known)
                if name == "failed" and len(node.args) > DETAILS:
                    yield from _texts(node.args[DETAILS], known)
            elif name == "reason":
                yield from (text for each in node.keywords if each.arg == "cause" for text in _texts(each.value, known))


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a scope, without those of its functions."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef):
            yield child
            yield from _own(child)


def _assigned(scope: ast.AST) -> dict[str, ast.expr]:
    return {
        target.id: node.value
        for node in _own(scope)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _texts(node: ast.expr, known: dict[str, ast.expr]) -> Iterator[str]:
    """Yield the strings that an expression can be: for a name, its assigned value; for "or", both sides."""
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _texts(value, known)
    elif isinstance(node, ast.Name) and node.id in known:
        yield from _texts(known[node.id], known)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value.replace("%s", "…")
    elif isinstance(node, ast.JoinedStr):
        yield "".join(_part(part) for part in node.values)
        for part in node.values:
            if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.BoolOp):
                yield from _texts(part.value, known)


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    # A property's name is the same in every message.
    if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Attribute):
        owner, name = ast.unparse(part.value.value), part.value.attr
        if owner == "contract" and isinstance(getattr(contract, name), str):
            return str(getattr(contract, name))
    return "…"
