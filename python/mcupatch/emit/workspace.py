"""The memories that hold the arena, as the generated C knows them: a pointer each, given by the caller."""

from __future__ import annotations

from collections.abc import Sequence

from mcupatch.emit.csources import ARENA, WorkspacePool
from mcupatch.emit.names import UniqueIdentifiers, unique_identifiers
from mcupatch.memory.plan import MemoryPlan


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
