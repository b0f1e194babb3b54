"""
Redistribute the receptive field
================================

Patches overlap by what the patched blocks see. Here a network is changed so that they see less, and later blocks more, at
equal multiply-accumulates; then both are planned, and the new one is compiled and run:

    .venv/bin/python tutorials/05_redistribution.py
"""

from __future__ import annotations

from pathlib import Path

import mcupatch
from mcupatch.options import ByHand
from mcupatch.patch_stage import count_operators, measure_patches
from mcupatch.redistribute import compare_networks, describe_edits, redistribute
from mcupatch.zoo.definition import format_definition
from mcupatch.zoo.models import parse_network

NETWORK, BLOCKS, GRID = "mobilenet_v2_w0.35@96", 5, (3, 3)


def main() -> None:
    network = parse_network(NETWORK)

    # 1. What do patches over the first blocks cost?
    cost = measure_patches(network, BLOCKS, GRID)
    print(f"{network.name}: patches of {cost.pixels} pixels compute {cost.overhead:.1%} of the network twice")

    # 2. The least change that brings this below 8 %, with MACs, receptive field and parameters within 5 %.
    found = redistribute(network, BLOCKS, GRID, most_overhead=0.08, tolerance=0.05)
    for edit in (*describe_edits(network, found.early), *describe_edits(network, found.late)):
        print(f"  {edit}")
    print(f"then patches of {found.cost.pixels} pixels compute {found.cost.overhead:.1%} twice")

    # 3. What does each kind of schedule gain?
    figures = compare_networks(network, BLOCKS, GRID, found, stream_input=False)
    for before, after in zip(figures.before.schedules, figures.after.schedules):
        print(f"  {before.title}: {before.arena_bytes:,} B to {after.arena_bytes:,} B of arena")

    # 4. The new network is a file that every command takes as a model, to be trained later.
    Path("redistributed.json").write_text(format_definition(found.network))
    ops = count_operators(found.network, found.blocks)
    compiled = mcupatch.compile("redistributed.json", "stm32h743", mode=ByHand(ops, GRID))
    run = mcupatch.run(compiled)
    print(f"redistributed.json runs; equal to the reference, byte for byte: {run.matches_reference}")
    assert found.cost.overhead < cost.overhead and run.matches_reference


if __name__ == "__main__":
    main()
