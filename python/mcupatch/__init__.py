"""mcupatch: quantised CNNs on microcontrollers in a fraction of the SRAM, patch by patch, bit for bit equal.

    import mcupatch
    mod = mcupatch.import_model("model.tflite")                       # Relax IRModule, int8 operators
    mod = mcupatch.transform.FusePatches(board="stm32f746")(mod)      # or inside tvm.transform.Sequential
    result = mcupatch.compile("model.tflite", board="stm32f746")      # the whole flow

Nothing heavy is imported until one of these names is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcupatch import transform
    from mcupatch.pipeline import compile, import_model

__version__ = "0.1.0"
__all__ = ["__version__", "compile", "import_model", "transform"]


def __getattr__(name: str) -> Any:
    if name == "transform":
        return importlib.import_module("mcupatch.transform")
    if name in ("compile", "import_model"):
        return getattr(importlib.import_module("mcupatch.pipeline"), name)
    raise AttributeError(f"module 'mcupatch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
