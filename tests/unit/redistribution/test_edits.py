"""Changes of blocks: what they give, and that readers of a block find it again."""

from __future__ import annotations

import pytest

from mcupatch.redistribution.balance import Totals, balance_tail, count_totals
from mcupatch.redistribution.edits import Change, Edit, apply_edits, describe_change, list_edits
from mcupatch.zoo.blocks import ConvBlock, Detector, InvertedResidual, MergeUp, Network
from mcupatch.zoo.definition import format_definition, parse_definition
from mcupatch.zoo.expand import expand_layers
from mcupatch.zoo.networks import find_network, list_networks

MBV2 = find_network("mobilenet_v2")


def test_the_papers_edits_of_mobilenet_v2() -> None:
    edited = apply_edits(MBV2, [Edit(Change.SHRINK, 1), Edit(Change.DROP, 3)])
    assert edited.blocks[:4] == find_network("mbv2_rd").blocks[:4]
    assert edited.blocks[4:] == MBV2.blocks[5:]


def test_repeats_and_larger_kernels() -> None:
    edited = apply_edits(MBV2, [Edit(Change.REPEAT, 4), Edit(Change.REPEAT, 4), Edit(Change.ENLARGE, 4)])
    first, second, third = edited.blocks[4:7]
    assert first == InvertedResidual(5, 2, 6, 32)
    assert second == third == InvertedResidual(3, 1, 6, 32)
    assert len(edited.blocks) == len(MBV2.blocks) + 2


def test_what_cannot_be_done() -> None:
    strided = Edit(Change.DROP, 2)
    assert strided not in list_edits(MBV2, Change.DROP)
    with pytest.raises(ValueError, match="block 2"):
        apply_edits(MBV2, [strided])
    with pytest.raises(ValueError, match="dropped already"):
        apply_edits(MBV2, [Edit(Change.DROP, 3), Edit(Change.REPEAT, 3)])
    assert Edit(Change.SHRINK, 0) not in list_edits(
        MBV2, Change.SHRINK
    )  # a stem that strides keeps its window


def test_descriptions_name_the_window() -> None:
    assert describe_change(MBV2, Edit(Change.SHRINK, 1)) == "3x3 to 1x1 (16 channels)"
    assert describe_change(MBV2, Edit(Change.DROP, 3)) == "dropped (3x3, 24 channels)"


def test_readers_of_a_block_find_it_after_it_moved() -> None:
    network = find_network("person_det")
    edited = apply_edits(network, [Edit(Change.DROP, 1), Edit(Change.REPEAT, 6)])
    assert isinstance(network.head, Detector) and isinstance(edited.head, Detector)
    shapes = [_prediction_shapes(each) for each in (network, edited)]
    assert shapes[0] == shapes[1]
    merges = [block for block in edited.blocks if isinstance(block, MergeUp)]
    assert merges and merges != [block for block in network.blocks if isinstance(block, MergeUp)]
    assert parse_definition(format_definition(edited).encode()) == edited  # which checks that sums fit


def _prediction_shapes(network: Network) -> list[tuple[int, int, int]]:
    return [layer.out_shape for layer in expand_layers(network) if layer.name.endswith("_predict")]


@pytest.mark.parametrize("name", list_networks())
def test_every_edit_of_the_zoo_keeps_the_sizes_after_it(name: str) -> None:
    network = find_network(name)
    outputs = [layer.out_shape for layer in expand_layers(network) if layer.name in ("logits", "p0_predict")]
    for change in Change:
        for edit in list_edits(network, change):
            edited = apply_edits(network, [edit])
            parse_definition(format_definition(edited).encode())
            assert outputs == [
                layer.out_shape for layer in expand_layers(edited) if layer.name in ("logits", "p0_predict")
            ]


def test_a_tail_is_balanced_with_the_fewest_edits() -> None:
    wanted = count_totals(MBV2)
    edited = apply_edits(MBV2, [Edit(Change.SHRINK, 1), Edit(Change.DROP, 3)])
    late = balance_tail(edited, 4, wanted, 0.05)
    assert len(late) == 1
    assert max(map(abs, count_totals(apply_edits(edited, late)).deviations(wanted))) <= 0.05
    assert balance_tail(MBV2, 5, wanted, 0.05) == ()


def test_brute_force_finds_no_balance_of_fewer_edits() -> None:
    """Every choice of one edit a block at the ends of the runs, against what the search took."""
    network = Network("net", (64, 64, 3), (ConvBlock(3, 2, 8), *_RUNS), find_network("mcunet_vww0").head)
    wanted = count_totals(apply_edits(network, [Edit(Change.REPEAT, 4), Edit(Change.ENLARGE, 2)]))
    late = balance_tail(network, 1, wanted, 0.01)
    assert _within(apply_edits(network, late), wanted, 0.01)
    ends = (2, 4, 5)
    single = [Edit(change, block) for block in ends for change in Change if change is not Change.SHRINK]
    possible = [edit for edit in single if edit in list_edits(network, edit.change)]
    assert len(late) == 2
    shorter = [(), *((edit,) for edit in possible)]
    assert not any(_within(apply_edits(network, edits), wanted, 0.01) for edits in shorter)


_RUNS = (
    InvertedResidual(3, 2, 3, 16),
    InvertedResidual(3, 1, 3, 16),
    InvertedResidual(3, 2, 3, 24),
    InvertedResidual(3, 1, 3, 24),
    InvertedResidual(3, 1, 3, 40),
)


def _within(network: Network, wanted: Totals, tolerance: float) -> bool:
    return max(map(abs, count_totals(network).deviations(wanted))) <= tolerance
