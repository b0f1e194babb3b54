"""Streamed inputs in C: the caller gives a function that reads a row, and the stages fetch the rows in order.

struct tvmgen_net_rows_image {                                     in the header, a field of the inputs
  int32_t (*read)(void *context, int32_t row, uint8_t *target);
  void *context;
};
static int32_t tvmgen_net_fetch_image(void *source, int32_t row, void *target);     called by a stage
"""

from __future__ import annotations

from collections.abc import Sequence

from mcupatch.emit.c_text import c_comment
from mcupatch.emit.csources import Port

_FUNCTIONS = ("run", "map_inputs", "map_outputs")  # of the header, each after the prefix

_ROWS_STRUCT = """
/*
 * Where the rows of the input {name} come from. `run` calls `read` for row 0, 1, ... to {last_row}, each once and in
 * this order, and the call writes the row's {elements} values ({shape}) to `target`. A result other than 0
 * ends the inference: `run` returns it, and asks for no more rows.
 */
struct {prefix}_rows_{c_name} {{
  int32_t (*read)(void *context, int32_t row, {c_type} *target);
  void *context; /* handed to `read` */
}};
"""

_FETCH = """\
/* The rows of {name} during one inference: the caller's, and what the first failed read returned. */
struct {prefix}_source_{c_name} {{
  const struct {prefix}_rows_{c_name} *rows;
  int32_t status;
}};

{linkage}int32_t {fetch}(void *source, int32_t row, void *target) {{
  struct {prefix}_source_{c_name} *state = source;
  if (state->status == 0) {{
    state->status = state->rows->read(state->rows->context, row, target);
  }}
  return state->status;
}}

"""


def fetch_function(prefix: str, port: Port) -> str:
    """The C function that a stage calls for a row: ``int32_t fetch(void *source, int32_t row, void *target)``.

    It returns 0, or what the caller's function returned when it failed, and then ``target`` holds no row.
    """
    return f"{prefix}_fetch_{port.c_name}"


def reserved_functions(prefix: str, inputs: Sequence[Port]) -> tuple[str, ...]:
    """The names that no operator's function may take."""
    header = (f"{prefix}_{name}" for name in _FUNCTIONS)
    return (*header, *(fetch_function(prefix, p) for p in inputs if p.streamed))


def print_rows_struct(prefix: str, port: Port) -> str:
    """For the header: what the caller gives in place of a pointer."""
    tensor = port.tensor
    _, width, channels = tensor.hwc
    return _ROWS_STRUCT.format(
        prefix=prefix,
        name=c_comment(tensor.name),
        c_name=port.c_name,
        c_type=port.c_type,
        last_row=port.rows - 1,
        elements=width * channels,
        shape=f"{width} x {channels}, {tensor.dtype}",
    )


def print_fetches(prefix: str, inputs: Sequence[Port], linkage: str = "static ") -> str:
    """The functions behind ``fetch_function``, for the file of the stages; empty if nothing is streamed."""
    return "".join(
        _FETCH.format(
            prefix=prefix,
            name=c_comment(port.tensor.name),
            c_name=port.c_name,
            fetch=fetch_function(prefix, port),
            linkage=linkage,
        )
        for port in inputs
        if port.streamed
    )


def print_source(prefix: str, port: Port) -> str:
    """The line of ``run`` that opens the source which the stages get."""
    return f"  struct {prefix}_source_{port.c_name} {source_variable(port)} = {{&inputs->{port.c_name}, 0}};"


def source_variable(port: Port) -> str:
    return f"{port.c_name}_source"
