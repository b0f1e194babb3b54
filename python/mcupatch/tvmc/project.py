"""A project of ``tvmc micro create``: the directory that an export wrote, its archive, and which platform it is for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mcupatch.errors import BadInput
from mcupatch.files import read_user_file
from mcupatch.outputs import write_file

PROJECT_FILE = "tvmc-project.json"
ARCHIVE_FILE = "model.tar"


@dataclass(frozen=True)
class MicroProject:
    """``options`` are the project options that it was created with."""

    directory: Path
    platform: str
    options: Mapping[str, str]

    @property
    def archive(self) -> Path:
        return self.directory / ARCHIVE_FILE

    @property
    def build_directory(self) -> Path:
        return self.directory / "build"


def write_project(project: MicroProject, archive: bytes) -> None:
    """Into its directory, which exists."""
    write_file(project.archive, archive)
    facts = {"platform": project.platform, "options": dict(project.options)}
    write_file(project.directory / PROJECT_FILE, json.dumps(facts, indent=2) + "\n")


def read_project(directory: Path) -> MicroProject:
    """Raises BadInput if ``directory`` is no project."""
    if not (directory / PROJECT_FILE).is_file():
        raise BadInput(f"{str(directory)!r} is no project; 'tvmc micro create' makes one of an archive")
    try:
        facts = json.loads(read_user_file(directory / PROJECT_FILE, "the project"))
        options = {str(name): str(value) for name, value in facts["options"].items()}
        return MicroProject(directory, str(facts["platform"]), options)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BadInput(f"{str(directory / PROJECT_FILE)!r} is damaged; create the project again") from error
