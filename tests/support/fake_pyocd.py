"""The modules of pyOCD that are used, over a fake chip; and a probe whose cable is pulled after some calls."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.support.fake_stm32 import FakeStm32


class Error(RuntimeError):
    """pyocd.core.exceptions.Error"""


class PulledCable:
    """Passes ``calls`` of a chip's functions on; from then on every one fails."""

    def __init__(self, chip: FakeStm32, calls: int) -> None:
        self.chip, self.calls = chip, calls

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> Any:
            self.calls -= 1
            if self.calls < 0:
                raise Error("probe disconnected")
            return getattr(self.chip, name)(*arguments)

        return call


def install_fake_pyocd(monkeypatch: pytest.MonkeyPatch, target: Any) -> None:
    """Let ``import pyocd`` find a probe with ``target``; None: no probe."""

    class Session:
        board = SimpleNamespace(target=target)

        def __enter__(self) -> Session:
            return self

        def __exit__(self, *error: object) -> None:
            pass

    class FileProgrammer:
        def __init__(self, session: Session, progress: object) -> None:
            pass

        def program(self, path: str, file_format: str) -> None:
            assert file_format == "elf"
            target.flash(Path(path))

    class ConnectHelper:
        @staticmethod
        def session_with_chosen_probe(**options: object) -> Session | None:
            return None if target is None else Session()

    parts: dict[str, dict[str, object]] = {
        "pyocd": {},
        "pyocd.core": {},
        "pyocd.core.exceptions": {"Error": Error},
        "pyocd.core.helpers": {"ConnectHelper": ConnectHelper},
        "pyocd.flash": {},
        "pyocd.flash.file_programmer": {"FileProgrammer": FileProgrammer},
    }
    for name, contents in parts.items():
        module = ModuleType(name)
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, name, module)
