"""Layouts of stages with a single fault each: for showing that the checkers notice it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mcupatch.ir.region import Interval
from mcupatch.schedule.stage_layout import RowWindow, StageLayout, Tile


def spoil_layout(layout: StageLayout) -> Iterator[tuple[str, StageLayout]]:
    """Every single fault of the kinds below, with what it is."""
    for name, window in layout.windows.items():
        for what, spoilt in (*_smaller_window(window), *_wrong_bases(layout, name, window)):
            yield f"{what} of '{name}'", replace(layout, windows={**layout.windows, name: spoilt})
    for name, tile in layout.tiles.items():
        for what, spoilt_tile in (*_smaller_tile(tile), *_missing_moves(tile), *_wrong_flushes(tile)):
            yield f"{what} of '{name}'", replace(layout, tiles={**layout.tiles, name: spoilt_tile})
    yield from _wrong_orders(layout)


def _smaller_window(window: RowWindow) -> Iterator[tuple[str, RowWindow]]:
    yield "a row less in the window", replace(window, rows=window.rows - 1)


def _wrong_bases(layout: StageLayout, name: str, window: RowWindow) -> Iterator[tuple[str, RowWindow]]:
    for s, base in enumerate(window.base):
        if _holds_nothing(layout, name, window.producer, s):
            continue
        moved = (*window.base[:s], base + 1, *window.base[s + 1 :])
        yield f"window too high at step {s} of its producer", replace(window, base=moved)
    for g, bases in window.base_read.items():
        for s, base in enumerate(bases):
            if layout.walks[g].rows.read[name][s].length:
                for shift in (-1, 1):
                    moved = (*bases[:s], base + shift, *bases[s + 1 :])
                    reads = {**window.base_read, g: moved}
                    yield (
                        f"read {shift} rows off at step {s} of segment {g}",
                        replace(window, base_read=reads),
                    )


def _holds_nothing(layout: StageLayout, name: str, producer: int, step: int) -> bool:
    """Whether the first rows are still to come: warm-up may compute none, a reduction's result comes at the end."""
    if producer >= len(layout.walks):
        return False
    rows = layout.walks[producer].rows
    return rows.held[name][step].stop == 0 if name in rows.held else step < rows.steps - 1


def _smaller_tile(tile: Tile) -> Iterator[tuple[str, Tile]]:
    if tile.rows and tile.cols:  # else nobody reads it, and it holds nothing
        yield "a row less in the tile", replace(tile, rows=tile.rows - 1)
        yield "a column less in the tile", replace(tile, cols=tile.cols - 1)
    if tile.cache_rows:
        yield "a row less in the cache", replace(tile, cache_rows=tile.cache_rows - 1)


def _missing_moves(tile: Tile) -> Iterator[tuple[str, Tile]]:
    if tile.moves_left:
        yield "no move to the left", replace(tile, moves_left=False)
    if tile.moves_up:
        yield "no move up", replace(tile, moves_up=False)


def _wrong_flushes(tile: Tile) -> Iterator[tuple[str, Tile]]:
    for c, part in enumerate(tile.flushed):
        if part.length:
            fewer = (Interval(part.start + 1, part.stop), Interval(part.start, part.stop - 1))
            for what, wrong in zip(("without the first column", "without the last column"), fewer):
                flushed = (*tile.flushed[:c], wrong, *tile.flushed[c + 1 :])
                yield f"flush {what} at tile {c}", replace(tile, flushed=flushed)
        if c and part.length and tile.flushed[c - 1].stop == part.start:
            early = Interval(tile.flushed[c - 1].start, part.start + 1)
            late = Interval(part.start + 1, part.stop)
            flushed = (*tile.flushed[: c - 1], early, late, *tile.flushed[c + 1 :])
            yield f"flush of a column too early at tile {c - 1}", replace(tile, flushed=flushed)


def _wrong_orders(layout: StageLayout) -> Iterator[tuple[str, StageLayout]]:
    """A step before the one that it waited for; no last step."""
    order = layout.order
    feeds = {(w.producer, g) for w in layout.windows.values() for g in w.base_read}
    for k, pair in enumerate(zip(order, order[1:])):
        if pair in feeds:
            swapped = (*order[:k], *reversed(pair), *order[k + 2 :])
            yield f"steps {k} and {k + 1} swapped", replace(layout, order=swapped)
    yield "the last step left out", replace(layout, order=order[:-1])
