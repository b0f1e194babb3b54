"""A Sphinx extension: a tutorial is a page. Its docstring is the text, the program below it the listing; nothing runs."""

from __future__ import annotations

import ast
import re
import textwrap
from typing import Any

from sphinx.application import Sphinx
from sphinx.parsers import RSTParser


class TutorialParser(RSTParser):  # type: ignore[misc]
    """Reads a Python file as the reStructuredText of ``write_page``."""

    supported = ("tutorial",)

    def parse(self, inputstring: str, document: Any) -> None:
        super().parse(write_page(inputstring), document)


def write_page(program: str) -> str:
    """The page of a tutorial as reStructuredText.

    \"\"\"                          Title
    Title                        =====
    =====                  -->   Words.
    Words.                       .. code-block:: python
    \"\"\"
    import mcupatch                  import mcupatch
    """
    module = ast.parse(program)
    text = ast.get_docstring(module)
    if text is None:
        raise ValueError(
            "a tutorial begins with a docstring: its title, underlined with =, and what it shows"
        )
    text = re.sub(r":\n\n(?= )", "::\n\n", text)  # what is indented is literal, as in Markdown
    code = "\n".join(program.splitlines()[module.body[0].end_lineno :]).strip("\n")
    return f"{text}\n\n.. code-block:: python\n\n{textwrap.indent(code, '    ')}\n"


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_source_suffix(".py", "tutorial")
    app.add_source_parser(TutorialParser)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
