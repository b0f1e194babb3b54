"""The templates of pictures, which lie beside this file."""

from __future__ import annotations

from pathlib import Path

import jinja2


def render_svg(template: str, **values: object) -> str:
    """The text of one SVG file; every value is escaped, and a name that is missing is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(**values)
