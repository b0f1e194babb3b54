"""The public header and the entry function, in the shape that microTVM users know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcupatch.emit.c_text import c_comment, c_float
from mcupatch.emit.csources import ARENA, Port, WorkspacePool
from mcupatch.emit.row_sources import print_rows_struct, print_source, source_variable
from mcupatch.transform.lower_to_kernels import KernelStage

_HEADER = """\
/* {provenance} */
#ifndef {guard}
#define {guard}

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

{pool_sizes}#define {upper}_WORKSPACE_POOL_ALIGNMENT 16u
{ports}{rows}
struct {prefix}_inputs {{
{input_fields}
}};

struct {prefix}_outputs {{
{output_fields}
}};

struct {prefix}_workspace_pools {{
{pool_fields}
}};

/* The places that the plan keeps for inputs and outputs inside the arena.{rows_to_set} */
static inline struct {prefix}_inputs {prefix}_map_inputs(struct {prefix}_workspace_pools *pools) {{
{unused_pools}  struct {prefix}_inputs inputs = {{{input_places}}};
  return inputs;
}}

static inline struct {prefix}_outputs {prefix}_map_outputs(struct {prefix}_workspace_pools *pools) {{
  struct {prefix}_outputs outputs = {{{output_places}}};
  return outputs;
}}

/*
 * One inference. Returns 0, or -1 if a pointer is NULL{or_status}.
 * An input that lies in the arena may be overwritten, so fill it again before the next call; pointers to memory of
 * your own work as well.
 */
int32_t {prefix}_run(struct {prefix}_inputs *inputs, struct {prefix}_outputs *outputs,
    struct {prefix}_workspace_pools *pools);

#ifdef __cplusplus
}}
#endif

#endif /* {guard} */
"""


def print_header(
    prefix: str,
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    pools: Sequence[WorkspacePool],
    provenance: str,
) -> str:
    upper = prefix.upper()
    streamed = [port for port in inputs if port.streamed]
    all_streamed = len(streamed) == len(inputs)
    ports = [_port_constants(upper, "INPUT", port) for port in inputs]
    ports += [_port_constants(upper, "OUTPUT", port) for port in outputs]
    return _HEADER.format(
        provenance=c_comment(provenance),
        guard=f"{upper}_H",
        upper=upper,
        prefix=prefix,
        pool_sizes=_pool_sizes(upper, pools, "outputs" if all_streamed else "inputs, outputs"),
        pool_fields="\n".join(f"  uint8_t *{pool.c_name};" for pool in pools),
        ports="".join(ports),
        rows="".join(print_rows_struct(prefix, port) for port in streamed),
        input_fields="\n".join(_field(prefix, port) for port in inputs),
        output_fields="\n".join(_field(prefix, port) for port in outputs),
        rows_to_set="\n * An input that comes by rows has none: set its `read`." if streamed else "",
        unused_pools="  (void)pools;\n" if all_streamed else "",
        input_places=", ".join(map(_place, inputs)),
        output_places=", ".join(map(_place, outputs)),
        or_status=", or what reading a row returned" if streamed else "",
    )


def print_entry(
    prefix: str,
    stages: Sequence[KernelStage],
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    pools: Sequence[WorkspacePool],
    places: Mapping[str, tuple[str, int]],
) -> str:
    """``PREFIX_run``. ``places`` are those of the tensors between stages: a pool's C name and the offset in it."""
    streamed = {port.tensor.name: port for port in inputs if port.streamed}
    expressions = {name: f"{pool} + {offset}" for name, (pool, offset) in places.items()}
    expressions |= {p.tensor.name: f"inputs->{p.c_name}" for p in inputs}
    expressions |= {name: f"&{source_variable(port)}" for name, port in streamed.items()}
    expressions |= {p.tensor.name: f"outputs->{p.c_name}" for p in outputs}
    checks = ["inputs == NULL", "outputs == NULL", "pools == NULL"]
    checks += [f"pools->{pool.c_name} == NULL" for pool in pools]
    fields = [f"inputs->{p.c_name}{'.read' if p.streamed else ''} == NULL" for p in inputs]
    fields += [f"outputs->{p.c_name} == NULL" for p in outputs]
    lines = [
        f"int32_t {prefix}_run(struct {prefix}_inputs *inputs, struct {prefix}_outputs *outputs,",
        f"    struct {prefix}_workspace_pools *pools) {{",
        *(f"  if ({condition}) {{ return -1; }}" for condition in (*checks, *fields)),
    ]
    used = _used_pools(stages, inputs, outputs, places)
    for pool in pools:
        lines.append(f"  uint8_t *const {pool.c_name} = pools->{pool.c_name};")
        lines += [] if pool.c_name in used else [f"  (void){pool.c_name};"]
    lines += [print_source(prefix, port) for port in streamed.values()]
    for stage in stages:
        arguments = [f"(void *)({expressions[name]})" for name in stage.parameters]
        arguments += stage.pools
        lines.append(f"  {stage.name}({', '.join(arguments)});")
        for name in stage.parameters:
            if name in streamed:
                status = f"{source_variable(streamed[name])}.status"
                lines.append(f"  if ({status} != 0) {{ return {status}; }}")
    return "\n".join([*lines, "  return 0;", "}", ""])


def _used_pools(
    stages: Sequence[KernelStage],
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    places: Mapping[str, tuple[str, int]],
) -> set[str]:
    """The pools that the stages use, or that hold a tensor between them."""
    ports = {p.tensor.name for p in (*inputs, *outputs)}
    between = {places[n][0] for stage in stages for n in stage.parameters if n not in ports}
    return between.union(*(stage.pools for stage in stages))


def _pool_sizes(upper: str, pools: Sequence[WorkspacePool], held: str) -> str:
    if len(pools) == 1:
        text = (
            "The arena: one block of bytes, aligned to 16, that the caller owns. "
            f"It holds {held} and all that is between."
        )
    else:
        text = (
            "The arena: blocks of bytes, each in the memory of its name and aligned to 16, that the caller owns.\n"
            f" * They hold {held} and all that is between."
        )
    sizes = (f"#define {upper}_WORKSPACE_POOL{pool.constant}_SIZE {pool.nbytes}u\n" for pool in pools)
    return f"/* {text} */\n{''.join(sizes)}"


def _port_constants(upper: str, kind: str, port: Port) -> str:
    tensor = port.tensor
    stem = f"{upper}_{kind}_{port.c_name.upper()}"
    shape = "x".join(map(str, tensor.shape))
    text = f"\n/* {c_comment(tensor.name)}: {tensor.dtype} {shape}{', by rows' if port.streamed else ''} */\n"
    text += f"#define {stem}_SIZE {tensor.nbytes}u\n"
    if port.streamed:
        text += f"#define {stem}_STREAMED 1\n#define {stem}_ROWS {port.rows}\n"
        text += f"#define {stem}_ROW_SIZE {port.row_bytes}u\n"
    else:
        text += f"#define {stem}_OFFSET {port.offset}u"
        text += "\n" if port.pool == ARENA else f" /* in {port.pool} */\n"
    if tensor.quant is not None and tensor.dtype != "float32":
        text += f"#define {stem}_SCALE {c_float(tensor.quant.scale)}\n"
        text += f"#define {stem}_ZERO_POINT ({tensor.quant.zero_point})\n"
    return text


def _field(prefix: str, port: Port) -> str:
    kind = f"struct {prefix}_rows_{port.c_name} " if port.streamed else "void *"
    return f"  {kind}{port.c_name};"


def _place(port: Port) -> str:
    """The first value of a field of the inputs or outputs."""
    return "{NULL, NULL}" if port.streamed else f"pools->{port.pool} + {port.offset}"
