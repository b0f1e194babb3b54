"""The stages as an object for a Cortex-M core, from TVM's LLVM, and the C on either side of it.

The object holds the loops over tiles and the arithmetic of areas, which ``emit/stage_functions.py`` prints as C. It
calls the operator functions, which stay C with their weights and kernels, as do the tables and the rows of streamed
inputs; the entry in C calls it.
"""

from __future__ import annotations

from collections.abc import Sequence

from mcupatch.emit.csources import Port
from mcupatch.emit.plain_calls import print_plain_calls
from mcupatch.emit.row_sources import fetch_function, print_fetches
from mcupatch.emit.stage_functions import print_table
from mcupatch.transform.flatten_windows import PlainCall, flatten_windows
from mcupatch.transform.lower_to_kernels import KernelStage
from mcupatch.tvm_api import IRModule, build_object

# TVM's functions may unwind; nothing here does, and without this the linker would bring a library's unwinder.
_UNWIND = """\
#if defined(__arm__)
void __aeabi_unwind_cpp_pr0(void);
__attribute__((weak)) void __aeabi_unwind_cpp_pr0(void) {}
#endif

"""


def emit_object_stages(
    stages: Sequence[KernelStage], prefix: str, inputs: Sequence[Port], cpu: str
) -> tuple[str, bytes]:
    """What stands in the C file of the entry in place of the stages, and the object for ``cpu``.

    After a row that could not be read a stage goes on to its end, with what the arena holds; the entry returns then.
    """
    flat = {stage.name: flatten_windows(stage) for stage in stages}
    calls: dict[PlainCall, None] = dict.fromkeys(call for _, found in flat.values() for call in found)
    prototypes, definitions = print_plain_calls(calls)
    tables = {name: values for stage in stages for name, values in stage.tables.items()}
    fetches = [fetch_function(prefix, port) for port in inputs if port.streamed]
    heads = [
        *(f"int32_t {name}(void *source, int32_t row, void *target);\n" for name in fetches),
        *(f"int32_t {name}(int32_t index);\n" for name in tables),
        *(f"void {stage.name}({_parameters(stage)});\n" for stage in stages),
    ]
    text = (
        "/* The stages are in an object of TVM's LLVM; it calls what follows. */\n"
        + prototypes
        + "".join(heads)
        + "\n"
        + _UNWIND
        + print_fetches(prefix, inputs, linkage="")
        + "".join(print_table(name, values, linkage="") + "\n" for name, values in tables.items())
        + definitions
    )
    return text, build_object(IRModule({name: function for name, (function, _) in flat.items()}), cpu)


def _parameters(stage: KernelStage) -> str:
    pointers = (f"void *p{number}" for number in range(len(stage.parameters)))
    return ", ".join([*pointers, *(f"uint8_t *{pool}" for pool in stage.pools)])
