"""The stages as C: the tile loops and region arithmetic that TVM's code generator prints, and nothing of its ABI."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mcupatch.transform.lower_to_kernels import KernelStage
from mcupatch.tvm_api import IRModule, build_c_source

_PREAMBLE = re.compile(r'^(//.*|#.*|extern "C".*|void\* __tvm_ffi__library_ctx.*|TVM_DLL .*;)$')


def print_stages(stages: Sequence[KernelStage]) -> str:
    """Static C functions, one a stage, in order."""
    module = IRModule({stage.name: stage.function for stage in stages})
    lines = [line for line in build_c_source(module).splitlines() if not _PREAMBLE.match(line)]
    text = "\n".join(lines).replace("TVM_DLL void", "static void").strip() + "\n"
    functions = re.split(r"(?m)^(?=static void )", text)
    by_name = {m[1]: f.rstrip() + "\n" for f in functions if (m := re.match(r"static void (\w+)\(", f))}
    return "\n".join(by_name[stage.name] for stage in stages)
