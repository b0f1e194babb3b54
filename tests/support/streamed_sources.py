"""A network whose input is streamed, with a stage written by hand between the generated header and entry."""

from __future__ import annotations

from mcupatch.emit.csources import ARENA, CSources, Port, WorkspacePool
from mcupatch.emit.interface import print_entry, print_header
from mcupatch.emit.row_sources import fetch_function, print_fetches
from mcupatch.ir.quant import QuantParams
from mcupatch.ir.tensor import Tensor
from mcupatch.transform.lower_to_kernels import KernelStage

ROWS, COLS, CHANNELS = 6, 5, 3
ROW_BYTES = COLS * CHANNELS
IMAGE = Port("image", Tensor("image", (1, ROWS, COLS, CHANNELS), "uint8", QuantParams(0.5, 128)), None)
GAIN = Port("gain", Tensor("gain", (1, 1), "int8", QuantParams(1.0, 0)), 32)
Y = Port("y", Tensor("y", (1, ROWS, 1, 1), "int8", QuantParams(1.0, 0)), 16)

# y[row] = gain + the row's first element - its last one, through a window of one row at offset 0.
STAGE = """\
static void tiny_stage(void *image, void *gain_data, void *y_data, uint8_t *arena) {{
  const int8_t *gain = gain_data;
  int8_t *y = y_data;
  {rows}
}}

"""
ALL_ROWS = """\
for (int32_t row = 0; row < 6; row++) {
    if (tvmgen_rows_fetch_image(image, row, arena) != 0) { return; }
    y[row] = (int8_t)(gain[0] + arena[0] - arena[14]);
  }"""


def streamed_sources(rows: str = ALL_ROWS) -> CSources:
    """``rows`` are the statements that fetch the rows into the first bytes of ``arena`` and fill ``y``."""
    prefix, inputs, outputs = "tvmgen_rows", (IMAGE, GAIN), (Y,)
    pools = (WorkspacePool(ARENA, 48),)
    assert fetch_function(prefix, IMAGE) == "tvmgen_rows_fetch_image"
    stage = KernelStage("tiny_stage", None, ("image", "gain", "y"), (ARENA,), {}, (), (0, 0))
    text = print_fetches(prefix, inputs) + STAGE.format(rows=rows)
    return CSources(
        name="rows",
        sources={
            f"{prefix}.c": f'#include "{prefix}.h"\n\n{text}'
            + print_entry(prefix, [stage], inputs, outputs, pools, {})
        },
        headers={f"{prefix}.h": print_header(prefix, inputs, outputs, pools, "by hand")},
        inputs=inputs,
        outputs=outputs,
        pools=pools,
        weights_bytes=0,
    )
