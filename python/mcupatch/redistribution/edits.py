"""Changes of one block each, and what they do to a network.

What they change of MACs, receptive field and parameters adds up: each keeps the size of every other block's input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from mcupatch.zoo.blocks import (
    BasicResidual,
    Block,
    ConvBlock,
    Detector,
    InvertedResidual,
    MergeDown,
    MergeUp,
    Network,
    Separable,
)

LARGEST_KERNEL = 7


class Change(Enum):
    """What happens to a block; the value is how a reader is told."""

    SHRINK = "smaller kernel"
    DROP = "block dropped"
    REPEAT = "block repeated"
    ENLARGE = "larger kernel"


@dataclass(frozen=True)
class Edit:
    """``change`` of block number ``block`` of the unedited network."""

    change: Change
    block: int


def describe_change(network: Network, edit: Edit) -> str:
    """Like ``5x5 to 3x3, 24 channels``. Raises ValueError where the edit is not possible."""
    changed = edit_block(network, edit)
    if changed is None:
        raise ValueError(f"{edit.change.value} is not possible for block {edit.block}")
    block = network.blocks[edit.block]
    place = f"{block.out_channels} channels"
    if edit.change in (Change.DROP, Change.REPEAT):
        return f"{'dropped' if edit.change is Change.DROP else 'repeated'} ({_window(block)}, {place})"
    return f"{_window(block)} to {_window(changed[0])} ({place})"


def _window(block: Block) -> str:
    kernel = getattr(block, "kernel", 3)
    rows, cols = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    return f"{rows}x{cols}"


def list_edits(network: Network, change: Change) -> Iterator[Edit]:
    """Every block that ``change`` can be applied to."""
    for number in range(len(network.blocks)):
        if edit_block(network, Edit(change, number)) is not None:
            yield Edit(change, number)


def apply_edits(network: Network, edits: Sequence[Edit]) -> Network:
    """The network after all ``edits``; one that is named twice is done twice. Raises ValueError where one cannot be."""
    pieces: list[list[Block]] = [[block] for block in network.blocks]
    for edit in edits:
        piece = pieces[edit.block]
        if not piece:
            raise ValueError(f"block {edit.block} is dropped already")
        changed = edit_block(_with_block(network, edit.block, piece[0]), edit)
        if changed is None:
            raise ValueError(f"{edit.change.value} is not possible for block {edit.block}")
        pieces[edit.block] = [*changed, *piece[1:]]
    return _join(network, pieces)


def edit_block(network: Network, edit: Edit) -> tuple[Block, ...] | None:
    """What stands in the place of the block then, or None where the change is not possible."""
    block = network.blocks[edit.block]
    same_shape = _input_channels(network, edit.block) == block.out_channels and _stride(block) == 1
    if edit.change is Change.SHRINK:
        smaller = _shrink(block, same_shape)
        return None if smaller is None else (smaller,)
    if edit.change is Change.ENLARGE:
        larger = _enlarge(block)
        return None if larger is None else (larger,)
    if edit.change is Change.DROP:
        return () if same_shape and not isinstance(block, MergeUp | MergeDown) else None
    again = _repeat(block)
    return None if again is None else (block, again)


def _shrink(block: Block, same_shape: bool) -> Block | None:
    """Two rows and columns less. A window of 3 that does not stride goes altogether; its block becomes pointwise."""
    if isinstance(block, InvertedResidual):
        if block.kernel > 3:
            return replace(block, kernel=block.kernel - 2)
        # With an expansion or a skip the block would be a pointwise pair, or nothing: dropping it says the same.
        plain = block.stride == 1 and block.expand == 1 and not block.expand_always and not block.squeeze
        return ConvBlock(1, 1, block.out_channels, linear=True) if plain and not same_shape else None
    if isinstance(block, Separable):
        return ConvBlock(1, 1, block.out_channels, linear=block.linear) if block.stride == 1 else None
    if isinstance(block, ConvBlock) and isinstance(block.kernel, int):
        smallest = 3 if block.stride > 1 else 1
        return replace(block, kernel=block.kernel - 2) if block.kernel > smallest else None
    return None


def _enlarge(block: Block) -> Block | None:
    if isinstance(block, InvertedResidual) and block.kernel < LARGEST_KERNEL:
        return replace(block, kernel=block.kernel + 2)
    return None


def _repeat(block: Block) -> Block | None:
    if isinstance(block, InvertedResidual):
        return replace(block, stride=1, skip=True)
    return replace(block, stride=1) if isinstance(block, Separable | BasicResidual) else None


def _stride(block: Block) -> int:
    return 2 if isinstance(block, MergeUp | MergeDown) else block.stride


def _input_channels(network: Network, number: int) -> int:
    return network.blocks[number - 1].out_channels if number else network.input_shape[2]


def _with_block(network: Network, number: int, block: Block) -> Network:
    return replace(network, blocks=(*network.blocks[:number], block, *network.blocks[number + 1 :]))


def _join(network: Network, pieces: Sequence[Sequence[Block]]) -> Network:
    """The pieces in a row; whoever read a block's output reads that of the last in its place, or of the one before."""
    ends = []
    count = 0
    for piece in pieces:
        count += len(piece)
        ends.append(max(count - 1, 0))
    blocks: list[Block] = []
    for piece in pieces:
        blocks += [
            replace(b, other=ends[b.other]) if isinstance(b, MergeUp | MergeDown) else b for b in piece
        ]
    head = network.head
    if isinstance(head, Detector):
        head = Detector(tuple(replace(p, source=ends[p.source]) for p in head.predictions))
    return replace(network, blocks=tuple(blocks), head=head)
