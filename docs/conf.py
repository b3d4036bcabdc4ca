"""Settings of the documentation site, which `make docs` builds from the repository's own Markdown, README included."""

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
# The menu ends with whatever page it does not name; often there is none.
suppress_warnings = ["toc.empty_glob"]
linkcheck_timeout = 10
linkcheck_retries = 1

MENU = """
```{toctree}
:hidden:
:glob:

docs/reference
docs/examples
docs/operations
docs/behaviour
docs/architecture
docs/security
docs/mutants
docs/releasing
docs/*
docs/*/README
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
