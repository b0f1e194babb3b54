"""
Read the report
===============

A model that does not fit layer by layer is compiled into less memory, run on the emulated chip, and shown on one page.
Run it from the checkout; it writes report.html and a folder of pictures into the folder it is run in:

    .venv/bin/python tutorials/03_read_the_report.py

Memory at each operator, scratch included: grey where every operator runs whole, blue in this schedule.

.. image:: ../docs/pictures/memory.svg
   :alt: Two bars for each of 29 operators; the grey ones of the first four are far above the budget, no blue one is

The arena over time: a rectangle is a buffer, as high as its bytes and as wide as its life. Where two lie over each
other, an operator writes its output over its input.

.. image:: ../docs/pictures/arena.svg
   :alt: Rectangles from byte 0 to the end of the arena, for operators 0 to 28

What a tile reads of the picture, one of them in red; the blue strips are read by two.

.. image:: ../docs/pictures/tiles.svg
   :alt: The input of 96 x 96 in bands over its full width
"""

from __future__ import annotations

from pathlib import Path

import mcupatch
from mcupatch.model_inputs import random_inputs
from mcupatch.page_figures import collect_page
from mcupatch.report.page.page import draw_pictures, render_page

MODEL = "zoo:mlperf_vww96"


def main() -> None:
    # 1. Compile for 24 KiB of SRAM, the picture row by row, and keep the result in a folder.
    compiled = mcupatch.compile(MODEL, "stm32f746", sram_bytes=24 * 1024, stream_input=True)
    mcupatch.save(compiled, "vww")

    # 2. One run on the emulated chip, and everything that is known of it.
    saved = mcupatch.load("vww")
    figures = collect_page(saved, random_inputs(saved.graph))

    # 3. Where is the memory? The highest grey bar of the first picture is why the network does not fit ...
    worst = max(figures.steps, key=lambda step: step.per_layer_bytes)
    print(f"layer by layer operator {worst.index} ({worst.kind}) needs {worst.per_layer_bytes:,} B")
    # ... and in the schedule the same operator runs in tiles.
    print(
        f"in this schedule it needs {worst.schedule_bytes:,} B, of {figures.budget_bytes:,} B that are there"
    )

    # 4. What lies in the arena? Each buffer has its bytes and its time.
    for block in sorted(figures.blocks, key=lambda block: -block.nbytes)[:3]:
        print(
            f"  {block.kind} {block.nbytes:,} B from byte {block.offset:,}, operators {block.first} to {block.last}"
        )

    # 5. What should be tried next?
    for advice in figures.advice:
        print(f"{advice.title}: {advice.text}")

    # 6. The page, and its pictures alone.
    pictures = draw_pictures(figures)
    Path("report.html").write_text(render_page(figures, pictures))
    Path("figures").mkdir(exist_ok=True)
    for name, svg in pictures.items():
        Path("figures", f"{name}.svg").write_text(svg)
    print("report.html: open it in a browser")
    assert worst.schedule_bytes < worst.per_layer_bytes
    assert figures.result.measured is not None and figures.result.measured.matches_reference


if __name__ == "__main__":
    main()
