"""Thumb code to instructions, with capstone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

from capstone import CS_ARCH_ARM, CS_MODE_MCLASS, CS_MODE_THUMB, CS_MODE_V8, Cs, CsInsn
from capstone.arm import ARM_OP_IMM, ARM_OP_MEM, ARM_OP_REG
from capstone.arm_const import ARM_SFT_INVALID

from mcupatch.measure.instruction import Instruction, Kind
from mcupatch.measure.instruction_starts import WIDE_PREFIXES

_SIMPLE = frozenset("add sub mov movw movt lsl lsr asr ror adr addw subw nop".split())
_DIVIDE = frozenset(("sdiv", "udiv"))
_BRANCHES = frozenset("b bl bx blx cbz cbnz tbb tbh".split())
_MULTIPLY = (
    "mul",
    "mla",
    "mls",
    "smla",
    "smls",
    "smul",
    "smua",
    "smus",
    "smml",
    "smmu",
    "umul",
    "umla",
    "umaa",
)
_LONG_ACCUMULATE = ("smlal", "umlal", "smlsl", "umaal")
_ACCUMULATE = ("mla", "mls", "smla", "smls", "smmla", "smmls")
_BITS = (
    "sxt",
    "uxt",
    "ssat",
    "usat",
    "pkh",
    "bfi",
    "bfc",
    "sbfx",
    "ubfx",
    "rev",
    "rbit",
    "clz",
    "sel",
    "usad",
)
_PARALLEL = tuple(
    f"{prefix}{action}" for prefix in ("s", "u", "q", "sh", "uh", "uq") for action in ("add", "sub", "asx", "sax")
)  # fmt: skip
# What of the bit instructions takes its last register before the others (as the shifter of an operand does).
_EARLY_BITS = ("sbfx", "ubfx", "rbit", "rev", "bfi", "pkh", "sxta", "uxta")
_FUSED = ("vmla", "vmls", "vnmla", "vnmls", "vfma", "vfms", "vfnma", "vfnms")
_KEPT = 4096  # blocks: networks share the kernels
_PUSHES = ("push", "pop", "vpush", "vpop")


@lru_cache(maxsize=_KEPT)
def decode(code: bytes) -> tuple[Instruction, ...]:
    """The instructions of ``code``. One that capstone does not know is taken for an ALU's."""
    found: list[Instruction] = []
    at = 0
    while at < len(code):
        for each in _disassembler().disasm(code[at:], at):
            found.append(_instruction(each))
            at += each.size
        if at < len(code):
            wide = code[at + 1] >> 3 in WIDE_PREFIXES
            found.append(Instruction("", Kind.ALU, 4 if wide else 2))
            at += 4 if wide else 2
    return tuple(found)


@cache
def _disassembler() -> Cs:
    # With CS_MODE_V8 it knows the roundings and the maxima of the M7's floating-point unit too.
    engine = Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS | CS_MODE_V8)
    engine.detail = True
    return engine


def _instruction(found: CsInsn) -> Instruction:
    name = found.insn_name()
    kind = _find_kind(name, found)
    read, written = found.regs_access()
    registers = [op for op in found.operands if op.type == ARM_OP_REG]
    memory = [op.mem for op in found.operands if op.type == ARM_OP_MEM]
    names = [found.reg_name(op.reg) for op in registers]
    writes = {found.reg_name(r) for r in written}
    reads = {found.reg_name(r) for r in read}
    # capstone leaves the access of some operands open: all are sources, but for the list of a load
    unknown = {n for n, op in zip(names, registers) if op.access == 0}
    (writes if kind is Kind.LOAD else reads).update(unknown)
    addresses = {found.reg_name(r) for m in memory for r in (m.base, m.index) if r}
    if kind in (Kind.LOAD, Kind.STORE) and not memory:
        addresses = {"sp"} if name in _PUSHES else set(names[:1])
    accumulators: set[str] = set()
    if name.startswith(_LONG_ACCUMULATE):
        accumulators = set(names[:2])
    elif kind is Kind.MULTIPLY and name.startswith(_ACCUMULATE):
        accumulators = set(names[3:]) - set(names[1:3])
    elif kind is Kind.FUSED:
        accumulators = set(names[:1])
    early = addresses | {n for n, op in zip(names, registers) if op.shift.type != ARM_SFT_INVALID}
    if name.startswith(_EARLY_BITS):
        early |= set(names[-1:])
    return Instruction(
        name=name,
        kind=kind,
        nbytes=found.size,
        reads=frozenset(reads | accumulators | addresses),
        writes=frozenset(writes),
        addresses=frozenset(addresses),
        early=frozenset(early),
        accumulators=frozenset(accumulators),
        base_update=frozenset(addresses & writes) if found.writeback or name in _PUSHES else frozenset(),
        words=_count_words(name, names, bool(memory)) if kind in (Kind.LOAD, Kind.STORE) else 1,
        narrow=kind is Kind.LOAD and name.startswith("ldr") and name[3:] in ("b", "h", "sb", "sh"),
        register_offset=any(m.index for m in memory),
        is_double=".f64" in found.mnemonic,
        target=next((op.imm for op in found.operands if op.type == ARM_OP_IMM), None)
        if kind is Kind.BRANCH
        else None,
    )


def _find_kind(name: str, found: CsInsn) -> Kind:
    if name in _BRANCHES:
        return Kind.BRANCH
    if name == "it":
        return Kind.CONDITION
    if name.startswith(("ldr", "ldm", "pop", "vldr", "vldm", "vpop")):
        return Kind.LOAD
    if name.startswith(("str", "stm", "push", "vstr", "vstm", "vpush")):
        return Kind.STORE
    if name in _DIVIDE:
        return Kind.DIVIDE
    if name.startswith(("vdiv", "vsqrt")):
        return Kind.FLOAT_DIVIDE
    if name.startswith(_FUSED):
        return Kind.FUSED
    if name.startswith(("v", "fm")):
        return Kind.FLOAT
    if name.startswith(_MULTIPLY):
        return Kind.MULTIPLY
    if name.startswith(_BITS + _PARALLEL):
        return Kind.BITS
    if name not in ("lsl", "lsr", "asr", "ror") and any(
        op.type == ARM_OP_REG and op.shift.type != ARM_SFT_INVALID for op in found.operands
    ):
        return Kind.SHIFTED
    return Kind.SIMPLE if name in _SIMPLE else Kind.ALU


def _count_words(name: str, names: Sequence[str], has_memory: bool) -> int:
    """Of the registers that a load or store moves; a multiple one without "push" or "pop" names its base first."""
    if has_memory:
        moved: Sequence[str] = names
    else:
        moved = names if name in _PUSHES else names[1:]
    return sum(2 if each[0] == "d" else 1 for each in moved)
