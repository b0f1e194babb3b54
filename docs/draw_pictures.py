"""Draws docs/pictures: `make pictures`. The pictures are those of `mcupatch report`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import mcupatch
from mcupatch.model_inputs import random_inputs
from mcupatch.page_figures import collect_page
from mcupatch.pipeline import CompiledModel
from mcupatch.report.page.page import draw_pictures

FOLDER = Path(__file__).parent / "pictures"
BOARD = "stm32f746"


def draw_report(compiled: CompiledModel) -> dict[str, str]:
    """The report's pictures of a compiled model, as SVG texts by name."""
    with tempfile.TemporaryDirectory() as folder:
        mcupatch.save(compiled, Path(folder, "net"))
        saved = mcupatch.load(Path(folder, "net"))
        return draw_pictures(collect_page(saved, random_inputs(saved.graph)))


def main() -> None:
    # The networks and budgets of the first and the third tutorial, and the last row of `make demo` in 24 KiB.
    network = "zoo:mbv2_w0.35_r144"
    fitted = draw_report(mcupatch.compile(network, BOARD, sram_bytes=96 * 1024))
    least = mcupatch.LeastSram(max_extra_macs=0.0)
    streamed = draw_report(
        mcupatch.compile(network, BOARD, sram_bytes=24 * 1024, mode=least, stream_input=True)
    )
    reported = draw_report(
        mcupatch.compile("zoo:mlperf_vww96", BOARD, sram_bytes=24 * 1024, stream_input=True)
    )
    pictures = {
        "budget": fitted["memory"],
        "streamed": streamed["memory"],
        **{name: reported[name] for name in ("memory", "arena", "tiles")},
    }
    for name, svg in pictures.items():
        (FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")
        print(f"{FOLDER / name}.svg: {len(svg) // 1024} KiB")


if __name__ == "__main__":
    main()
