"""Tools of other systems, run as their users run them: what they print is seen as it comes."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from mcupatch.errors import BadInput, ToolMissing

_PACKAGES = {
    "cmake": "pip install cmake",
    "west": "pip install west",
    "arduino-cli": "see arduino.github.io/arduino-cli",
}


def run_tool(command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Raises ToolMissing where it is not installed, BadInput where it fails."""
    tool, *words = command
    path = shutil.which(tool)
    if path is None:
        raise ToolMissing(f"{tool} is not installed; {_PACKAGES.get(tool, 'install it')}")
    status = subprocess.run([path, *words], env={**os.environ, **(environment or {})}).returncode
    if status != 0:
        raise BadInput(f"{shlex.join(command)} failed with status {status}")
