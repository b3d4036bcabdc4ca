"""The public names of cdk-appstream-image-builder."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cdk_appstream_image_builder.on_delete import OnDelete
    from cdk_appstream_image_builder.provider import RunningImageBuilderProvider
    from cdk_appstream_image_builder.running_image_builder import RunningImageBuilder

__all__ = ["OnDelete", "RunningImageBuilder", "RunningImageBuilderProvider"]

_MODULES = {
    "OnDelete": "on_delete",
    "RunningImageBuilder": "running_image_builder",
    "RunningImageBuilderProvider": "provider",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is asked for: the commands of this package need no CDK, which starts a Node."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """Return what is there to import."""
    return sorted([*globals(), *__all__])
