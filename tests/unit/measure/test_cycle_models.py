"""The models of cycles, on blocks short enough to count by hand, against what the manuals say of them."""

from __future__ import annotations

import pytest

from mcupatch.measure.cycle_model import model_cycles
from mcupatch.measure.cycles_cortex_m4 import REFILL
from mcupatch.measure.cycles_cortex_m4 import block_cycles as m4_cycles
from mcupatch.measure.cycles_cortex_m7 import block_cycles as m7_cycles
from mcupatch.measure.decode import decode
from mcupatch.measure.profile import Block, Profile, Span
from tests.unit.measure.test_decode import code

LDR = "f8d1 0000"  # ldr r0, [r1]
LDR_OTHER = "f8d2 3000"  # ldr r3, [r2]
LDR_CHASE = "f8d0 3000"  # ldr r3, [r0]
LDRB = "7808"  # ldrb r0, [r1]
STR = "f8c4 0000"  # str r0, [r4]
STR_OTHER = "f8c5 3000"  # str r3, [r5]
STR_INDEXED = "5128"  # str r0, [r5, r4]
LDRD = "e9d5 0300"  # ldrd r0, r3, [r5]
ADD = "f106 0601"  # add r6, r6, #1
ADD_OTHER = "f107 0701"  # add r7, r7, #1
ADD_BASE = "f101 0104"  # add r1, r1, #4
USE = "ea80 0009"  # eor r0, r0, r9
SMLAD = "fb28 6609"  # smlad r6, r8, r9, r6
SMLAD_OTHER = "fb28 7709"  # smlad r7, r8, r9, r7
SMLAD_LOADED = "fb20 6609"  # smlad r6, r0, r9, r6
USE_SUM = "ea86 0609"  # eor r6, r6, r9
SDIV = "fb98 f8f9"  # sdiv r8, r8, r9
SHIFTED = "eb01 70e2"  # add r0, r1, r2, asr #31
SHIFTED_OTHER = "eb08 77e9"  # add r7, r8, r9, asr #31
IT = "bf08"
NARROW = "4288"  # cmp r0, r1, of 16 bits
VADD = "ee30 0a81"
VADD_AGAIN = "ee30 0a20"  # vadd.f32 s0, s0, s1


def m4(*instructions: str) -> float:
    return m4_cycles(decode(code(" ".join(instructions))))


def m7(*instructions: str, is_loop: bool = False) -> float:
    return m7_cycles(decode(code(" ".join(instructions))), is_loop)


@pytest.mark.parametrize(
    ("block", "cycles"),
    [
        ([ADD], 1),
        ([SMLAD], 1),
        ([SDIV], 7),
        ([LDR], 2),
        ([LDR, LDR_OTHER], 3),  # they overlap
        ([LDR, LDR_OTHER, LDR], 4),
        ([LDR, LDR_CHASE], 4),  # unless one waits for the other
        ([LDR, ADD, LDR_OTHER], 5),
        ([LDR, STR_OTHER], 3),
        ([STR], 1),
        ([STR_INDEXED], 2),
        ([LDR_OTHER, STR_INDEXED], 3),
        ([LDRD], 3),
        ([ADD_BASE, LDR], 4),  # an address just computed
        ([IT], 1),
        ([NARROW, IT], 1),  # folded
        ([ADD, IT], 2),
        ([VADD], 1),
        ([VADD, VADD_AGAIN], 3),  # the next one consumes it
    ],
)
def test_cortex_m4(block: list[str], cycles: int) -> None:
    assert m4(*block) == cycles


@pytest.mark.parametrize(
    ("block", "cycles"),
    [
        ([ADD], 1),
        ([ADD, ADD_OTHER], 1),  # two at a time
        ([ADD, ADD_OTHER, ADD], 2),
        ([LDR, LDR_OTHER], 1),
        ([STR, STR_OTHER], 2),  # one store a cycle
        ([LDR_OTHER, STR], 1),
        ([SMLAD, SMLAD_OTHER], 2),  # one multiplier
        ([SMLAD, STR], 2),  # which does not pair with a store
        ([SMLAD, ADD_OTHER], 1),
        ([SMLAD, SMLAD], 2),  # the sum is passed on at once
        ([SMLAD, USE_SUM], 3),  # to anything else it takes a cycle more
        ([LDR, USE], 2),
        ([LDRB, USE], 3),  # a byte is a cycle later than a word
        ([LDR, SMLAD_LOADED], 3),  # a factor too
        ([LDR, STR], 1),  # what was loaded can be stored at once
        ([LDR, LDR_CHASE], 3),
        ([SHIFTED, SHIFTED_OTHER], 2),  # one shifter
        ([LDRD, ADD], 2),  # a pair goes alone
        ([LDRD], 1),
        ([SDIV, ADD], 2),
        ([VADD, VADD_AGAIN], 4),
    ],
)
def test_cortex_m7(block: list[str], cycles: int) -> None:
    assert m7(*block) == cycles


def test_a_loop_on_the_m7_waits_for_itself() -> None:
    assert m7(SMLAD, USE_SUM, is_loop=True) == 3
    assert m7(SMLAD, SMLAD_OTHER, LDR, LDR_OTHER, is_loop=True) == 3
    assert m7(SDIV, is_loop=True) > m7(SDIV)


def profile(*blocks: Block, text: str) -> Profile:
    return Profile(code(text), 0x1000, {"op": Span(0, blocks)}, Span(0, blocks[:1]))


def test_blocks_count_as_often_as_they_ran_and_jumps_refill_the_pipeline_of_the_m4() -> None:
    loop = profile(Block(0x1000, 0x1006, 10, 9), text=f"{ADD} d1fc")  # 1: add; bne 1b
    found = model_cycles(loop, "cortex-m4")
    assert found.operators == {"op": 10 * 2 + 9 * REFILL} and found.glue == found.operators["op"]
    assert found.total == 2 * found.glue
    assert model_cycles(loop, "cortex-m7").operators == {"op": 10}


def test_operators_share_code() -> None:
    both = profile(Block(0x1000, 0x1004, 5, 0), Block(0x1004, 0x1008, 3, 0), text=f"{LDR} {SDIV}")
    assert model_cycles(both, "cortex-m4").operators == {"op": 5 * 2 + 3 * 7}
    assert model_cycles(both, "cortex-m4").glue == 10


@pytest.mark.parametrize(
    ("multiplication", "more"), [("fb00 3103", 1), ("fb80 3103", 3), ("fbc0 3103", 4), (ADD, 0)]
)
def test_multiplications_take_longer_on_the_m3(multiplication: str, more: int) -> None:
    """MLA, SMULL, SMLAL; and an ADD, which does not."""
    block = profile(Block(0x1000, 0x1004, 10, 0), text=multiplication)
    found = {core: model_cycles(block, core).glue for core in ("cortex-m3", "cortex-m4")}
    assert found["cortex-m3"] - found["cortex-m4"] == 10 * more
