"""The memories that hold the arena, as the generated C knows them: a pointer each, given by the caller."""

from __future__ import annotations

from collections.abc import Sequence

from mcupatch.emit.csources import ARENA, WorkspacePool
from mcupatch.emit.names import UniqueIdentifiers, unique_identifiers
from mcupatch.memory.plan import BufferKind, MemoryPlan


def find_pools(plan: MemoryPlan) -> tuple[WorkspacePool, ...]:
    """The pools that the plan uses, in its order."""
    used = [pool for pool in plan.pools if pool.nbytes]
    if len(used) < 2:
        return (WorkspacePool(ARENA, plan.arena_bytes, used[0].name if used else ""),)
    names = unique_identifiers((p.name for p in used), "pool", UniqueIdentifiers((ARENA,)))
    return tuple(WorkspacePool(names[p.name], p.nbytes, p.name) for p in used)


def name_plan_pools(plan: MemoryPlan, pools: Sequence[WorkspacePool]) -> tuple[str, ...]:
    """The C name of every pool of ``plan``; an empty buffer may lie in an empty pool, and any pointer will do."""
    names = {pool.memory: pool.c_name for pool in pools}
    return tuple(names.get(p.name, pools[0].c_name) for p in plan.pools) or (ARENA,)


def find_own_bytes(plan: MemoryPlan, first: int, last: int) -> int:
    """The most bytes that the operators [first, last] hold at once for nobody but themselves."""
    ends = (BufferKind.INPUT, BufferKind.OUTPUT)
    buffers = (p.buffer for p in plan.placed if p.buffer.kind not in ends)
    own = [b for b in buffers if first <= b.first_step and b.last_step <= last]
    held = (sum(b.nbytes for b in own if b.first_step <= s <= b.last_step) for s in range(first, last + 1))
    return max(held, default=0)
