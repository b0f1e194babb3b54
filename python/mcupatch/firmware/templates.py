"""The files that are written beside the generated C: from the templates in ``support/``."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import jinja2

SUPPORT = Path(str(resources.files("mcupatch.firmware.support")))
BARE_METAL = SUPPORT / "bare_metal"
HOSTED = SUPPORT / "hosted"


def render_template(template: str, **values: object) -> str:
    """The text of ``template`` (a path inside ``support/``); a value that it lacks is an error."""
    return render_from(SUPPORT, template, **values)


def render_from(folder: Path, template: str, **values: object) -> str:
    """The text of ``template``, a path inside ``folder``."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), undefined=jinja2.StrictUndefined, keep_trailing_newline=True
    )
    return environment.get_template(template).render(**values)
