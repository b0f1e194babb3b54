"""
Fit a model on a chip
=====================

A network that needs 245 KiB layer by layer is compiled for 96 KiB, run on an emulated Cortex-M7, and compared with
the reference. Run it from the checkout:

    .venv/bin/python tutorials/01_fit_a_model_on_a_chip.py

.. image:: ../docs/pictures/budget.svg
   :alt: Memory at each operator: layer by layer two are far above the budget, in this schedule none is
"""

from __future__ import annotations

import mcupatch
from mcupatch.analysis import analyze_graph
from mcupatch.errors import Infeasible
from mcupatch.pipeline import CompiledModel

# A MobileNetV2 of width 0.35 for pictures of 144 x 144. A path to a .tflite or .onnx file works as well.
MODEL = "zoo:mbv2_w0.35_r144"
BOARD = "stm32f746"


def show(title: str, compiled: CompiledModel) -> None:
    """Run on the emulated chip and print what was measured."""
    run = mcupatch.run(compiled)
    figures = mcupatch.figures(compiled, run)
    measured, first = figures["measured"], figures["schedule"][0]
    print(
        f"{title}: operators {first['ops'][0]} to {first['ops'][1]} in {first['grid'][0]}x{first['grid'][1]} tiles"
    )
    print(
        f"  arena {figures['memory']['arena_bytes']:,} B, of which written {measured['arena_touched_bytes']:,} B"
    )
    print(
        f"  SRAM {measured['sram_bytes']:,} B, stack {measured['stack_bytes']} B, flash {measured['flash_bytes']:,} B"
    )
    print(f"  {measured['instructions']:,} instructions, {figures['compute']['extra_macs']:,} extra MACs")
    print(f"  equal to the reference, byte for byte: {run.matches_reference}")
    assert run.matches_reference


def main() -> None:
    # 1. Layer by layer: the most SRAM, the least work.
    whole = mcupatch.compile(MODEL, BOARD, mode=mcupatch.PerLayer())
    show("per layer", whole)

    # 2. Where does the memory go? The early layers, as in most image models.
    analysis = analyze_graph(whole.graph)
    print(f"bottleneck: {analysis.bottleneck}")

    # 3. Only 96 KiB of SRAM, stack and statics included: the fewest extra MACs that fit.
    fitted = mcupatch.compile(MODEL, BOARD, sram_bytes=96 * 1024, mode=mcupatch.FitBudget())
    show("in 96 KiB", fitted)

    # 4. The smallest arena that computes nothing twice, for an image that comes row by row.
    least = mcupatch.compile(MODEL, BOARD, mode=mcupatch.LeastSram(max_extra_macs=0.0), stream_input=True)
    show("least SRAM, streamed", least)

    # 5. What cannot be done is told with the bytes that are missing.
    try:
        mcupatch.compile(MODEL, BOARD, sram_bytes=40 * 1024)
    except Infeasible as error:
        print(f"in 40 KiB: {error}")


if __name__ == "__main__":
    main()
