"""Machine code to what the cycle models need of it: encodings assembled by hand (by the Arm Architecture Manual)."""

from __future__ import annotations

import struct

import pytest

from mcupatch.measure.decode import decode
from mcupatch.measure.instruction import Instruction, Kind


def code(halfwords: str) -> bytes:
    return struct.pack(f"<{len(halfwords.split())}H", *(int(each, 16) for each in halfwords.split()))


def one(halfwords: str) -> Instruction:
    (found,) = decode(code(halfwords))
    return found


@pytest.mark.parametrize(
    ("halfwords", "kind"),
    [
        ("fb21 0002", Kind.MULTIPLY),  # smlad r0, r1, r2, r0
        ("fb51 3012", Kind.MULTIPLY),  # smmlar r0, r1, r2, r3
        ("fb71 f002", Kind.BITS),  # usad8 r0, r1, r2
        ("fa2f f091", Kind.BITS),  # sxtb16 r0, r1, ror #8
        ("f301 0007", Kind.BITS),  # ssat r0, #8, r1
        ("eb01 70e2", Kind.SHIFTED),  # add r0, r1, r2, asr #31
        ("f501 50fe", Kind.SIMPLE),  # add r0, r1, #8128
        ("ea4f 0081", Kind.SIMPLE),  # lsl r0, r1, #2
        ("4288", Kind.ALU),  # cmp r0, r1
        ("f021 0001", Kind.ALU),  # bic r0, r1, #1: no branch
        ("fb91 f0f2", Kind.DIVIDE),  # sdiv r0, r1, r2
        ("bf18", Kind.CONDITION),  # it ne
        ("4770", Kind.BRANCH),  # bx lr
        ("ee30 0a81", Kind.FLOAT),  # vadd.f32 s0, s1, s2
        ("feb9 0a60", Kind.FLOAT),  # vrintn.f32 s0, s1
        ("eea0 0a81", Kind.FUSED),  # vfma.f32 s0, s1, s2
        ("ee80 0a81", Kind.FLOAT_DIVIDE),  # vdiv.f32 s0, s1, s2
    ],
)
def test_kinds(halfwords: str, kind: Kind) -> None:
    found = one(halfwords)
    assert found.kind is kind and found.nbytes == 2 * len(halfwords.split())


@pytest.mark.parametrize(
    ("halfwords", "reads", "writes", "sums"),
    [
        ("fb21 0002", "r0 r1 r2", "r0", "r0"),  # smlad r0, r1, r2, r0
        ("fb01 3002", "r1 r2 r3", "r0", "r3"),  # mla r0, r1, r2, r3
        ("fbc2 0103", "r0 r1 r2 r3", "r0 r1", "r0 r1"),  # smlal r0, r1, r2, r3
        ("fb11 f002", "r1 r2", "r0", ""),  # smulbb r0, r1, r2
        ("fa51 f082", "r1 r2", "r0", ""),  # uxtab r0, r1, r2
        ("f301 0007", "r1", "r0", ""),  # ssat r0, #8, r1
        ("ee00 0a81", "s0 s1 s2", "s0", "s0"),  # vmla.f32 s0, s1, s2
    ],
)
def test_registers(halfwords: str, reads: str, writes: str, sums: str) -> None:
    found = one(halfwords)
    assert (found.reads, found.writes) == (frozenset(reads.split()), frozenset(writes.split()))
    assert found.accumulators == frozenset(sums.split())


@pytest.mark.parametrize(
    ("halfwords", "kind", "words", "addresses", "update"),
    [
        ("f851 0022", Kind.LOAD, 1, "r1 r2", ""),  # ldr r0, [r1, r2, lsl #2]
        ("f851 0b04", Kind.LOAD, 1, "r1", "r1"),  # ldr r0, [r1], #4
        ("e8f2 0102", Kind.LOAD, 2, "r2", "r2"),  # ldrd r0, r1, [r2], #8
        ("c80e", Kind.LOAD, 3, "r0", "r0"),  # ldm r0!, {r1, r2, r3}
        ("bd10", Kind.LOAD, 2, "sp", "sp"),  # pop {r4, pc}
        ("b510", Kind.STORE, 2, "sp", "sp"),  # push {r4, lr}
        ("e9c2 0102", Kind.STORE, 2, "r2", ""),  # strd r0, r1, [r2, #8]
        ("ed90 0b00", Kind.LOAD, 2, "r0", ""),  # vldr d0, [r0]
        ("ecb0 0a04", Kind.LOAD, 4, "r0", "r0"),  # vldm r0!, {s0-s3}
    ],
)
def test_transfers(halfwords: str, kind: Kind, words: int, addresses: str, update: str) -> None:
    found = one(halfwords)
    assert (found.kind, found.words) == (kind, words)
    assert found.addresses == found.early == frozenset(addresses.split())
    assert found.base_update == frozenset(update.split())


def test_bytes_are_narrow_and_words_are_not() -> None:
    assert one("f991 0003").narrow  # ldrsb r0, [r1, #3]
    assert not one("f851 0b04").narrow


def test_a_shifted_operand_is_needed_early() -> None:
    assert one("eb01 70e2").early == {"r2"}  # add r0, r1, r2, asr #31
    assert one("eac1 4002").early == {"r2"}  # pkhbt r0, r1, r2, lsl #16


def test_a_branch_says_where_it_leads() -> None:
    add, branch = decode(code("3101 d1fd"))  # 1: adds r1, #1; bne 1b
    assert add.kind is Kind.SIMPLE and branch.target == 0


def test_what_is_no_instruction_takes_its_place() -> None:
    found = decode(code("3101 ffff ffff 3101"))
    assert [each.nbytes for each in found] == [2, 4, 2] and found[1].kind is Kind.ALU
