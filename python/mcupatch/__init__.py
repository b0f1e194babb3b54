"""mcupatch: quantised CNNs on microcontrollers in a fraction of the SRAM, patch by patch, bit for bit equal.

    import mcupatch
    mod = mcupatch.import_model("model.tflite")                       # Relax IRModule, int8 operators
    mod = mcupatch.transform.FusePatches(board="stm32f746")(mod)      # or inside tvm.transform.Sequential
    result = mcupatch.compile("model.tflite", board="stm32f746")      # the whole flow
    mcupatch.run(result).matches_reference                            # on the emulated chip

Nothing heavy is imported until one of these names is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcupatch import transform
    from mcupatch.api import figures, load, run, save
    from mcupatch.options import ByHand, FitBudget, LeastSram, PerLayer
    from mcupatch.pipeline import compile, import_model
    from mcupatch.torch_model import from_torch

__version__ = "0.1.0"

_HOMES = {
    "compile": "pipeline",
    "import_model": "pipeline",
    "from_torch": "torch_model",
    "run": "api",
    "figures": "api",
    "save": "api",
    "load": "api",
    "PerLayer": "options",
    "ByHand": "options",
    "FitBudget": "options",
    "LeastSram": "options",
}
__all__ = [
    "ByHand",
    "FitBudget",
    "LeastSram",
    "PerLayer",
    "__version__",
    "compile",
    "figures",
    "from_torch",
    "import_model",
    "load",
    "run",
    "save",
    "transform",
]


def __getattr__(name: str) -> Any:
    if name == "transform":
        return importlib.import_module("mcupatch.transform")
    if name in _HOMES:
        return getattr(importlib.import_module(f"mcupatch.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'mcupatch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
