"""The documentation site, made by ``make docs``.

Its source is the whole checkout, so that README, docs, tutorials and benchmarks are the same files here and in a
repository browser, and a link between them is right in both or an error.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # tutorial_pages

from mcupatch import __version__

project = "mcupatch"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "tutorial_pages"]
root_doc = "docs/index"
include_patterns = ["README.md", "CHANGELOG.md", "docs/*.md", "benchmarks/*.md", "tutorials/*.py"]
exclude_patterns = [".*", "build", "dist", "python", "src", "tests"]  # not walked through
templates_path = ["templates"]

highlight_language = "none"  # of indented blocks: most are shells and what they print
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
add_module_names = False
toc_object_entries = False

html_theme = "furo"
html_title = "mcupatch"
html_additional_pages = {"index": "redirect.html"}  # the front page lies in docs/
html_copy_source = False
html_show_copyright = False
