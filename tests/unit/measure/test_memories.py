"""An arena in several memories: equal bytes on the chip and on the host, and a guard around each part of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcupatch.emit.csources import CSources, WorkspacePool
from mcupatch.emit.emit_model import emit_model
from mcupatch.errors import EmulationFault, Infeasible
from mcupatch.firmware.bare_metal import build_firmware
from mcupatch.importer.detect import import_graph
from mcupatch.ir import reference
from mcupatch.ir.graph import Graph
from mcupatch.measure.host_backend import run_on_host
from mcupatch.measure.unicorn_backend import run_on_unicorn
from mcupatch.memory.check import check_plan
from mcupatch.memory.plan import MemoryPlan, Pool
from mcupatch.memory.planner import plan_memory
from mcupatch.model_inputs import random_inputs
from mcupatch.program.build_module import build_module
from mcupatch.schedule.stage import Schedule
from mcupatch.scratch import find_schedule_scratch
from mcupatch.target.board import Board, Memory
from mcupatch.transform import FusePatches
from tests.support.random_networks import random_staged_tflite
from tests.support.random_schedules import random_schedule
from tests.support.tiny_sources import tiny_sources

KIB = 1024
NAMES = ("main", "int", "arena")  # no good names in C
BOARD = Board(
    "three",
    "cortex-m7",
    0,
    (
        Memory("flash", "flash", 0x0800_0000, 2048 * KIB),
        Memory("main", "ram", 0x2000_0000, 512 * KIB),
        Memory("int", "ram", 0x2400_0000, 256 * KIB),
        Memory("arena", "ram", 0x3000_0000, 128 * KIB),
    ),
)
X = np.arange(-8, 8, dtype=np.int8).reshape(1, 16)


def divide(graph: Graph, schedule: Schedule) -> MemoryPlan:
    """In three memories, the smallest parts that are found to do."""
    scratch = find_schedule_scratch(graph, schedule)
    whole = plan_memory(graph, schedule, scratch).arena_bytes
    for percent in (40, 50, 60, 80, 95):
        pools = [Pool(name, whole * percent // 100) for name in NAMES]
        try:
            plan = plan_memory(graph, schedule, scratch, pools=pools)
        except Infeasible:
            continue
        check_plan(graph, schedule, plan, scratch)
        return plan
    raise AssertionError("no division was found")


@pytest.mark.parametrize("seed", [1, 4, 9, 13])
def test_three_memories_give_the_same_bytes(seed: int, tmp_path: Path) -> None:
    graph = import_graph(random_staged_tflite(seed), "net.tflite")
    schedule = random_schedule(graph, seed)
    plan = divide(graph, schedule)
    sources = emit_model(FusePatches(schedule=schedule)(build_module(graph)), graph, plan, "net")
    assert len(sources.pools) > 1
    values = list(random_inputs(graph, seed).values())
    (chip,) = run_on_unicorn(build_firmware(sources, BOARD, tmp_path), [values])
    (host,) = run_on_host(sources, [values], sanitize=True)
    for got, also, want in zip(chip.outputs, host.outputs, reference.run(graph, values), strict=True):
        assert got.tobytes() == also.tobytes() == want.tobytes()
    assert chip.pools_touched_bytes is not None and chip.arena_touched_bytes == sum(chip.pools_touched_bytes)
    assert all(0 < n <= pool.nbytes for n, pool in zip(chip.pools_touched_bytes, sources.pools, strict=True))


def tiny_in_two(body: str) -> CSources:
    """The small network with ``x`` in one memory and ``y`` in another."""
    sources = tiny_sources(body)
    header = sources.headers["tvmgen_tiny.h"].replace("uint8_t *arena;", "uint8_t *near; uint8_t *far;")
    return replace(
        sources,
        headers={**sources.headers, "tvmgen_tiny.h": header},
        inputs=(replace(sources.inputs[0], pool="near"),),
        outputs=(replace(sources.outputs[0], pool="far"),),
        pools=(WorkspacePool("near", 48, "main"), WorkspacePool("far", 64, "arena")),
    )


@pytest.mark.parametrize("backend", ["chip", "host", "sanitized"])
@pytest.mark.parametrize(
    ("pool", "offset", "title"), [("near", 48, "main"), ("far", 64, "arena"), ("far", -1, "arena")]
)
def test_a_write_beside_a_memory_is_found(
    backend: str, pool: str, offset: int, title: str, tmp_path: Path
) -> None:
    sources = tiny_in_two(f"(void)inputs; (void)outputs; pools->{pool}[{offset}] = 1;")
    known = f"arena's part in {title}|left the board's memories|AddressSanitizer"
    with pytest.raises(EmulationFault, match=known):
        if backend == "chip":
            run_on_unicorn(build_firmware(sources, BOARD, tmp_path), [[X]])
        else:
            run_on_host(sources, [[X]], sanitize=backend == "sanitized")


def test_a_memory_that_is_too_small_is_named(tmp_path: Path) -> None:
    sources = tiny_in_two("(void)inputs; (void)outputs; (void)pools;")
    far = replace(sources.pools[1], nbytes=128 * KIB + 16)
    with pytest.raises(Infeasible, match="of arena and three has 128 KiB: 16 bytes too many"):
        build_firmware(replace(sources, pools=(sources.pools[0], far)), BOARD, tmp_path)
