"""Settings of the documentation site, which `make docs` builds from the repository's own Markdown, README included."""

from pathlib import Path
from typing import Any

project = "cdk-appstream-image-builder"
html_title = project
extensions = ["myst_parser", "sphinxcontrib.mermaid"]
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
myst_fence_as_directive = ["mermaid"]
nitpicky = True
linkcheck_timeout = 10
linkcheck_retries = 1

SECTIONS = {
    "Getting started": ["docs/getting-started"],
    "How-to": ["docs/how-to", "docs/private-network", "docs/pipeline", "docs/without-cdk"],
    "Reference": ["docs/reference", "docs/security"],
    "Troubleshooting": ["docs/troubleshooting"],
    "Command line": ["docs/command-line"],
    "Explanation": ["docs/architecture", "docs/behavior"],
    "Development": [
        "CONTRIBUTING",
        "docs/development/testing",
        "docs/development/local-engine",
        "docs/development/equivalent-mutants",
        "docs/benchmarks/README",
        "docs/development/releasing",
        "SECURITY",
        "CHANGELOG",
    ],
}
"""The site's menu. A page that isn't written yet is left out; Sphinx warns of a page that no section lists."""

_ROOT = Path(__file__).resolve().parents[1]


def _menu(caption: str, pages: list[str]) -> str:
    present = "\n".join(page for page in pages if (_ROOT / f"{page}.md").is_file())
    return f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{present}\n```\n" if present else ""


MENU = "".join(_menu(caption, pages) for caption, pages in SECTIONS.items())
"""Only the site needs it: the README is also read elsewhere."""

EXAMPLES = """
```{toctree}
:hidden:
:glob:

../examples/*/README
```
"""


def setup(app: Any) -> None:
    """Give the pages what only the site needs."""
    menus = {root_doc: MENU, "docs/how-to": EXAMPLES}

    def with_menu(_app: Any, page: str, source: list[str]) -> None:
        source[0] += menus.get(page, "")

    app.connect("source-read", with_menu)
