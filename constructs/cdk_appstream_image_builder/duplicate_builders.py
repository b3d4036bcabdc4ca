"""Warns at synth if two constructs of an app name the same image builder."""

import json
from weakref import WeakKeyDictionary

from aws_cdk import Annotations, Reference, Stack, Token, Tokenization
from aws_cdk.aws_appstream import CfnImageBuilder
from constructs import Construct, IConstruct

from cdk_appstream_image_builder.iam.scheduled_stop import stack_name_and_path

WARNING = "cdk-appstream-image-builder:sameImageBuilder"
"""The id of the warning, for ``Annotations.acknowledge_warning``."""

_apps: WeakKeyDictionary[IConstruct, dict[str, list[Construct]]] = WeakKeyDictionary()
"""The constructs of each app, by account, Region and name."""


def warn_of_duplicate_builders(construct: Construct, name: str) -> None:
    """Warn if another construct of the app names the same builder, as far as names are known at synth.

    Args:
        construct: The construct.
        name: Its builder's name at synth; a token is the same in one stack only.
    """
    name = _referenced_name(name)
    others = _apps.setdefault(construct.node.root, {}).setdefault(_key(construct, name), [])
    # Two stacks of one name are two versions of one stack, which may have the same resource.
    (*_, other) = [None, *(each for each in others if stack_name_and_path(each) != stack_name_and_path(construct))]
    others.append(construct)
    if other is None:
        return
    if Stack.of(other) is Stack.of(construct):
        effect = "deleting one leaves the builder to the other, whatever its on_delete is"
    else:
        effect = "deleting one applies its own on_delete, although the other needs the builder"
    Annotations.of(construct).add_warning_v2(
        WARNING,
        f"{other.node.path} and {construct.node.path} both name the image builder {name!r}: {effect}; "
        "keep one of them, or acknowledge this warning",
    )


def _referenced_name(name: str) -> str:
    """Return the name that a reference to a builder of the app stands for, the same string for any other."""
    parts = Tokenization.reverse_string(name)
    token = parts.first_token if parts.length == 1 else None
    if not isinstance(token, Reference) or token.display_name != "Ref" or not isinstance(token.target, CfnImageBuilder):
        return name
    return token.target.name


def _key(construct: Construct, name: str) -> str:
    stack = Stack.of(construct)
    where = [None if Token.is_unresolved(each) else each for each in (stack.account, stack.region)]
    only_here = stack.node.addr if Token.is_unresolved(name) else None
    return json.dumps([*where, stack.resolve(name), only_here])
