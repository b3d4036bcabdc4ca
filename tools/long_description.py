"""Makes README.md the long description on PyPI, whose relative links then lead to the repository."""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_RELATIVE = r"(?![a-z]+:|#)"


class LongDescription(MetadataHookInterface):
    """hatchling's hook for what pyproject.toml calls dynamic."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the long description."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        repository = metadata["urls"]["Homepage"]
        raw = repository.replace("https://github.com/", "https://raw.githubusercontent.com/")
        # Pictures first: what is left then are links.
        text = re.sub(rf"(!\[[^]]*\]\(){_RELATIVE}", rf"\1{raw}/main/", text)
        text = re.sub(rf"\]\({_RELATIVE}", f"]({repository}/blob/main/", text)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
