"""How the guide is built: every page of ``docs/`` and of the root, as HTML. ``make docs`` runs it."""

project = "miniaws"
root_doc = "docs/index"
include_patterns = [
    "docs/*.md",
    "docs/how-to/*.md",
    "docs/decisions/*.md",
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
]
extensions = ["myst_parser"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "miniaws"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
nitpicky = True
suppress_warnings = ["myst.xref_missing"]
html_extra_path = ["root"]
