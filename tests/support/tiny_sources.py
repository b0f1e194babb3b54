"""A network of a few lines of C, written by hand: firmware and measurement are tested without any compiler."""

from __future__ import annotations

from mcupatch.emit.csources import ARENA, CSources, Port, WorkspacePool
from mcupatch.ir.tensor import Tensor

HEADER = """\
#ifndef TVMGEN_TINY_H
#define TVMGEN_TINY_H
#include <stdint.h>
struct tvmgen_tiny_inputs { void *x; };
struct tvmgen_tiny_outputs { void *y; };
struct tvmgen_tiny_workspace_pools { uint8_t *arena; };
int32_t tvmgen_tiny_run(struct tvmgen_tiny_inputs *inputs, struct tvmgen_tiny_outputs *outputs,
                        struct tvmgen_tiny_workspace_pools *pools);
#endif
"""

# y[i] = weight[i] * x[i] + 1, through a scratch of 16 bytes at offset 32.
BODY = """\
  const int8_t *x = inputs->x;
  int8_t *y = outputs->y;
  uint8_t *scratch = pools->arena + 32;
  for (int i = 0; i < 16; i++) { scratch[i] = (uint8_t)(tiny_weights[i] * x[i]); }
  for (int i = 0; i < 16; i++) { y[i] = (int8_t)((int8_t)scratch[i] + 1); }
"""

SOURCE = """\
#include "tvmgen_tiny.h"
#include "tiny_weights.h"
{before}
int32_t tvmgen_tiny_run(struct tvmgen_tiny_inputs *inputs, struct tvmgen_tiny_outputs *outputs,
                        struct tvmgen_tiny_workspace_pools *pools) {{
{body}
  return 0;
}}
"""


def tiny_sources(
    body: str = BODY, before: str = "", arena_bytes: int = 48, weights_bytes: int = 16
) -> CSources:
    """``x`` (16 bytes at 0) to ``y`` (16 bytes at 16); the rest of the arena is scratch."""
    numbers = ", ".join(str(i % 5 - 2) for i in range(weights_bytes))
    return CSources(
        name="tiny",
        sources={
            "tvmgen_tiny.c": SOURCE.format(body=body, before=before),
            "tiny_weights.c": f'#include "tiny_weights.h"\nconst int8_t tiny_weights[] = {{{numbers}}};\n',
        },
        headers={
            "tvmgen_tiny.h": HEADER,
            "tiny_weights.h": "#include <stdint.h>\nextern const int8_t tiny_weights[];\n",
        },
        inputs=(Port("x", Tensor("x", (1, 16), "int8"), 0),),
        outputs=(Port("y", Tensor("y", (1, 16), "int8"), 16),),
        pools=(WorkspacePool(ARENA, arena_bytes),),
        weights_bytes=weights_bytes,
    )
