"""The figures of the MCUNet papers, from the networks as data: memory per layer, patches, extra MACs."""

from __future__ import annotations

import json

import pytest

from mcupatch.ir.graph import Graph
from mcupatch.schedule.analytic import analytic_per_layer_bytes, analytic_schedule_bytes
from mcupatch.schedule.by_hand import schedule_by_hand
from mcupatch.schedule.cost import extra_macs, stage_macs, total_macs
from mcupatch.schedule.paper_patches import full_patch_macs, input_patch
from mcupatch.schedule.stage_layout import lay_out_stage
from tests.support.networks import load_network
from tests.support.shared import shared_path

NETWORKS = """fbnet_a fbnet_a_paper mbv2_rd mbv2_w0.35_r144 mbv2_w0.3_r80 mcunet_in0 mcunet_in1 mcunet_in2 mcunet_in3
mcunet_in4 mcunet_int4_256kb mcunet_int4_320kb mcunet_int4_512kb mcunet_vww0 mcunet_vww1 mcunet_vww2 mcunetv2_large
mlperf_kws_dscnn mlperf_resnet8 mlperf_vww96 mnasnet_a1 mnasnet_b1 mobilenet_v2 ofa_cpu_10ms ofa_cpu_11ms ofa_cpu_15ms
ofa_cpu_17ms person_det proxyless_mobile proxyless_w0.25_r112 proxyless_w0.3_r176""".split()


@pytest.mark.parametrize("name", NETWORKS)
def test_memory_and_macs_of_every_layer(name: str) -> None:
    path = shared_path(f"networks/{name}.json")
    graph, layers = load_network(path)
    memory = analytic_per_layer_bytes(graph)
    assert list(memory.per_op_bytes) == [layer["mem_bytes"] for layer in layers]
    assert memory.peak_bytes == json.loads(path.read_text())["peak_memory"]["bytes"]
    assert total_macs(graph) == json.loads(path.read_text())["macs"]


def ops_of_blocks(layers: list[dict[str, object]], blocks: int) -> int:
    return sum(layer["block"] in range(blocks) for layer in layers)


def load(name: str) -> tuple[Graph, list[dict[str, object]]]:
    return load_network(shared_path(f"networks/{name}.json"))


@pytest.mark.parametrize(
    "name, blocks, patch, full_macs, clipped_macs, overall_percent",
    [
        ("mobilenet_v2", 5, 75, 129_517_568, 119_202_032, 9.3),
        ("mbv2_rd", 4, 63, 73_250_048, 70_321_472, 2.9),
    ],
)
def test_table_1_of_mcunetv2(
    name: str, blocks: int, patch: int, full_macs: int, clipped_macs: int, overall_percent: float
) -> None:
    graph, layers = load(name)
    schedule = schedule_by_hand(graph, ops_of_blocks(layers, blocks), (4, 4))
    layout = lay_out_stage(graph, schedule.stages[0])
    assert input_patch(graph, layout) == (patch, patch)
    assert full_patch_macs(graph, layout) == full_macs
    assert stage_macs(graph, layout) == clipped_macs
    assert round(100 * extra_macs(graph, schedule) / total_macs(graph), 1) == overall_percent
    assert analytic_per_layer_bytes(graph).peak_bytes == 1372 * 1024
    memory = analytic_schedule_bytes(graph, schedule)
    assert memory.peak_bytes == 171.5 * 1024
    peak = memory.per_op_bytes.index(memory.peak_bytes)
    assert peak > layout.stage.last  # the peak is in the per-layer rest, as the paper says
