"""The public header and the entry function, in the shape that microTVM users know."""

from __future__ import annotations

from collections.abc import Sequence

from mcupatch.emit.c_text import c_comment, c_float
from mcupatch.emit.csources import Port
from mcupatch.transform.lower_to_kernels import KernelStage

FUNCTIONS = ("run", "map_inputs", "map_outputs")  # of the header, each after the prefix

_HEADER = """\
/* {provenance} */
#ifndef {guard}
#define {guard}

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

/* The arena: one block of bytes, aligned to 16, that the caller owns. It holds inputs, outputs and all that is between. */
#define {upper}_WORKSPACE_POOL_SIZE {arena_bytes}u
#define {upper}_WORKSPACE_POOL_ALIGNMENT 16u
{ports}
struct {prefix}_inputs {{
{input_fields}
}};

struct {prefix}_outputs {{
{output_fields}
}};

struct {prefix}_workspace_pools {{
  uint8_t *arena;
}};

/* The places that the plan keeps for inputs and outputs inside the arena. */
static inline struct {prefix}_inputs {prefix}_map_inputs(struct {prefix}_workspace_pools *pools) {{
  struct {prefix}_inputs inputs = {{{input_places}}};
  return inputs;
}}

static inline struct {prefix}_outputs {prefix}_map_outputs(struct {prefix}_workspace_pools *pools) {{
  struct {prefix}_outputs outputs = {{{output_places}}};
  return outputs;
}}

/*
 * One inference. Returns 0, or -1 if a pointer is NULL. An input that lies in the arena may be overwritten, so fill
 * it again before the next call; pointers to memory of your own work as well.
 */
int32_t {prefix}_run(struct {prefix}_inputs *inputs, struct {prefix}_outputs *outputs,
    struct {prefix}_workspace_pools *pools);

#ifdef __cplusplus
}}
#endif

#endif /* {guard} */
"""


def print_header(
    prefix: str, inputs: Sequence[Port], outputs: Sequence[Port], arena_bytes: int, provenance: str
) -> str:
    upper = prefix.upper()
    ports = [_port_constants(upper, "INPUT", port) for port in inputs]
    ports += [_port_constants(upper, "OUTPUT", port) for port in outputs]
    return _HEADER.format(
        provenance=c_comment(provenance),
        guard=f"{upper}_H",
        upper=upper,
        prefix=prefix,
        arena_bytes=arena_bytes,
        ports="".join(ports),
        input_fields=_fields(inputs),
        output_fields=_fields(outputs),
        input_places=_places(inputs),
        output_places=_places(outputs),
    )


def print_entry(
    prefix: str,
    stages: Sequence[KernelStage],
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    offsets: dict[str, int],
) -> str:
    """``PREFIX_run``. ``offsets`` are the arena places of the tensors between stages."""
    expressions = {name: f"arena + {offset}" for name, offset in offsets.items()}
    expressions |= {p.tensor.name: f"inputs->{p.c_name}" for p in inputs}
    expressions |= {p.tensor.name: f"outputs->{p.c_name}" for p in outputs}
    checks = ["inputs == NULL", "outputs == NULL", "pools == NULL", "pools->arena == NULL"]
    fields = [f"inputs->{p.c_name} == NULL" for p in inputs] + [
        f"outputs->{p.c_name} == NULL" for p in outputs
    ]
    lines = [
        f"int32_t {prefix}_run(struct {prefix}_inputs *inputs, struct {prefix}_outputs *outputs,",
        f"    struct {prefix}_workspace_pools *pools) {{",
        *(f"  if ({condition}) {{ return -1; }}" for condition in (*checks, *fields)),
        "  uint8_t *const arena = pools->arena;",
    ]
    if not any(stage.uses_arena or _needs_arena(stage, inputs, outputs) for stage in stages):
        lines.append("  (void)arena;")
    for stage in stages:
        arguments = [f"(void *)({expressions[name]})" for name in stage.parameters]
        if stage.uses_arena:
            arguments.append("arena")
        lines.append(f"  {stage.name}({', '.join(arguments)});")
    return "\n".join([*lines, "  return 0;", "}", ""])


def _needs_arena(stage: KernelStage, inputs: Sequence[Port], outputs: Sequence[Port]) -> bool:
    ports = {p.tensor.name for p in (*inputs, *outputs)}
    return any(name not in ports for name in stage.parameters)


def _port_constants(upper: str, kind: str, port: Port) -> str:
    tensor = port.tensor
    stem = f"{upper}_{kind}_{port.c_name.upper()}"
    shape = "x".join(map(str, tensor.shape))
    text = f"\n/* {c_comment(tensor.name)}: {tensor.dtype} {shape} */\n"
    text += f"#define {stem}_SIZE {tensor.nbytes}u\n#define {stem}_OFFSET {port.offset}u\n"
    if tensor.quant is not None and tensor.dtype != "float32":
        text += f"#define {stem}_SCALE {c_float(tensor.quant.scale)}\n"
        text += f"#define {stem}_ZERO_POINT ({tensor.quant.zero_point})\n"
    return text


def _fields(ports: Sequence[Port]) -> str:
    return "\n".join(f"  void *{port.c_name};" for port in ports)


def _places(ports: Sequence[Port]) -> str:
    return ", ".join(f"pools->arena + {port.offset}" for port in ports)
