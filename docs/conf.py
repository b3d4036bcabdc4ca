"""Settings of the documentation site, which `make docs` builds from the repository's own Markdown, README included."""

from pathlib import Path
from typing import Any

project = "cdk-appstream-image-builder"
html_title = project
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/*.md",
    "docs/*/*.md",
    "examples/*/README.md",
]
html_theme = "furo"
html_static_path = ["_static"]
html_extra_path = ["_extra"]
html_css_files = ["tables.css"]
html_copy_source = False
myst_heading_anchors = 3
nitpicky = True
linkcheck_timeout = 10
linkcheck_retries = 1

FIRST = ("reference", "examples", "operations", "behavior", "architecture", "security")
"""The pages of docs/ that the menu begins with; the others follow by their names."""

_DOCS = Path(__file__).resolve().parent
_OTHERS = sorted(path.stem for path in _DOCS.glob("*.md") if path.stem not in FIRST)
_BELOW = sorted(f"{path.parent.name}/README" for path in _DOCS.glob("*/README.md"))
_PAGES = "\n".join(f"docs/{name}" for name in (*FIRST, *_OTHERS, *_BELOW))

MENU = f"""
```{{toctree}}
:hidden:

{_PAGES}
CONTRIBUTING
Reporting a vulnerability <SECURITY>
CHANGELOG
```
"""
"""The site's menu: the README, which is read elsewhere too, has none."""

EXAMPLES = """
```{toctree}
:hidden:
:glob:

../examples/*/README
```
"""


def setup(app: Any) -> None:
    """Give the pages what only the site needs."""
    menus = {root_doc: MENU, "docs/examples": EXAMPLES}

    def with_menu(_app: Any, page: str, source: list[str]) -> None:
        source[0] += menus.get(page, "")

    app.connect("source-read", with_menu)
