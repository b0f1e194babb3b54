"""The memories that a board has for an arena, and what is said where a name or a size is wrong."""

from __future__ import annotations

import pytest

from mcupatch.errors import BadInput
from mcupatch.memory.board_pools import named_pools
from mcupatch.memory.plan import Pool
from mcupatch.target.board import STATICS_BYTES, load_board

KIB = 1024
H7, F7 = load_board("stm32h743"), load_board("stm32f746")
RESERVED = H7.stack_bytes + STATICS_BYTES


def test_the_order_and_the_sizes_are_the_users() -> None:
    assert named_pools(H7, "dtcm, axi_sram=64KiB,sram1+sram2") == (
        Pool("dtcm", 128 * KIB),
        Pool("axi_sram", 64 * KIB - RESERVED, RESERVED),  # stack and statics lie there
        Pool("sram1+sram2", 256 * KIB),
    )


def test_a_part_of_the_main_ram() -> None:
    assert named_pools(F7, "sram1") == (Pool("sram1", 240 * KIB),)
    assert named_pools(F7, "dtcm") == (Pool("dtcm", 64 * KIB - RESERVED, RESERVED),)


@pytest.mark.parametrize(
    ("memories", "reason"),
    [
        ("dtcn", "board stm32h743 has no RAM 'dtcn'; it has dtcm \\(128 KiB\\), axi_sram"),
        ("flash", "no RAM 'flash'"),
        ("", "no RAM ''"),
        ("dtcm,", "no RAM ''"),
        ("dtcm+axi_sram", "no RAM 'dtcm\\+axi_sram'"),
        ("itcm", "address 0"),
        ("dtcm,dtcm=8KiB", "share bytes"),
        ("sram1+sram2,sram2", "share bytes"),
        ("dtcm=129KiB", "dtcm has 128 KiB, so 129 KiB cannot be used"),
        ("dtcm=0", "cannot be used"),
        ("dtcm=much", "not a size"),
    ],
)
def test_what_cannot_be_meant(memories: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        named_pools(H7, memories)
