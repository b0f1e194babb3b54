"""The stages as C: the loops and the arithmetic of areas that TVM's code generator prints, and nothing of its ABI."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from mcupatch.emit.c_text import c_array
from mcupatch.transform.flatten_windows import OUTPUT, WINDOWS
from mcupatch.transform.lower_to_kernels import KernelStage
from mcupatch.tvm_api import IRModule, build_c_source

_PREAMBLE = re.compile(r'^(//.*|#.*|extern "C".*|void\* __tvm_ffi__library_ctx.*|TVM_DLL .*;)$')

_MAKER = re.compile(rf"\b({'|'.join(WINDOWS)})\(")

_TABLE = """\
{linkage}int32_t {name}(int32_t index) {{
  static {array}  return values[index];
}}
"""


# Inlined into the inference, the stages' frames would all be on the stack at once.
_OWN_FRAME = """\
#if defined(__GNUC__)
#define OWN_FRAME __attribute__((noinline))
#else
#define OWN_FRAME
#endif

"""


def print_stages(stages: Sequence[KernelStage], fetches: Collection[str] = ()) -> str:
    """Static C functions, one a stage, in order. The functions ``fetches`` end the stage if they return a status."""
    module = IRModule({stage.name: stage.function for stage in stages})
    lines = [line for line in build_c_source(module).splitlines() if not _PREAMBLE.match(line)]
    text = "\n".join(lines).replace("TVM_DLL void", "static OWN_FRAME void").strip() + "\n"
    for name in fetches:
        text = re.sub(rf"(?<!\w)({name}\(.*\));", r"if (\1 != 0) { return; }", text)
    functions = re.split(r"(?m)^(?=static OWN_FRAME void )", text)
    by_name = {
        m[1]: f.rstrip() + "\n" for f in functions if (m := re.match(r"static OWN_FRAME void (\w+)\(", f))
    }
    return _OWN_FRAME + "\n".join(
        _print_tables(stage) + _fill_windows(by_name[stage.name]) for stage in stages
    )


def _fill_windows(function: str) -> str:
    """Windows as variables that all calls share: TVM prints them as values, operator functions take pointers."""
    head, *lines = function.splitlines(keepends=True)
    names: dict[str, None] = {}
    body = ""
    for line in lines:
        inputs = 0
        indent = line[: len(line) - len(line.lstrip())]
        while found := _MAKER.search(line):
            end = _end_of_call(line, found.end())
            name = "out"
            if WINDOWS[found[1]] != OUTPUT:
                name, inputs = f"in{inputs}", inputs + 1
            names[name] = None
            body += f"{indent}{name} = {line[found.start() : end]};\n"
            line = f"{line[: found.start()]}&{name}{line[end:]}"
        body += line
    types = ("mcup_output" if name == "out" else "mcup_input" for name in names)
    return head + "".join(f"  {kind} {name};\n" for kind, name in zip(types, names)) + body


def _end_of_call(text: str, first: int) -> int:
    """Behind the parenthesis that closes the one right before ``first``."""
    depth, end = 1, first
    while depth > 0:
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        end += 1
    return end


def _print_tables(stage: KernelStage) -> str:
    return "".join(print_table(name, values) + "\n" for name, values in stage.tables.items())


def print_table(name: str, values: NDArray[np.generic], linkage: str = "static ") -> str:
    """``int32_t name(int32_t index)``, which returns an entry of the table."""
    lines = c_array("values", values).splitlines(keepends=True)
    return _TABLE.format(
        linkage=linkage, name=name, array="".join([lines[0], *(f"  {line}" for line in lines[1:])])
    )
