"""Which memories of a board may hold the arena, and how much of each: what ``--memories`` says."""

from __future__ import annotations

from collections.abc import Iterator

from mcupatch.errors import BadInput
from mcupatch.memory.plan import Pool
from mcupatch.target.board import Board, Memory
from mcupatch.target.sizes import format_size, parse_size

AUTO = "auto"  # the main RAM, and if that is too small, all of it
MAIN = "main"  # the main RAM alone


def board_pools(board: Board) -> tuple[Pool, ...]:
    """What an arena may use of each run of RAM: the main one first, without stack and statics, then by size.

    RAM at address 0 is left out: it is meant for code, and a pointer to its first byte is NULL.
    """
    main, *others = board.ram_runs
    return (_pool(board, main), *(Pool(m.name, m.size) for m in others if m.base))


def named_pools(board: Board, memories: str) -> tuple[Pool, ...]:
    """The pools that ``axi_sram=64KiB,dtcm,sram1+sram2`` names, in this order; a size is how much may be used.

    Of the memory that the stack and the statics lie in, they are a part of that size. Raises BadInput.
    """
    chosen = [_parse(board, word.strip()) for word in memories.split(",")]
    ordered = sorted(chosen, key=lambda m: m.base)
    for lower, upper in zip(ordered, ordered[1:]):
        if upper.base < board.ram_named(lower.name).stop:
            raise BadInput(f"memories {lower.name} and {upper.name} share bytes; name each once")
    return tuple(_pool(board, m) for m in chosen)


def _parse(board: Board, word: str) -> Memory:
    """The memory that a word names, with no more bytes than the word allows."""
    name, sign, limit = word.partition("=")
    try:
        memory = board.ram_named(name) if name else None
    except KeyError:
        memory = None
    if memory is None:
        known = ", ".join(_known_names(board))
        raise BadInput(
            f"board {board.name} has no RAM {name!r}; it has {known}. Neighbours are joined by '+'."
        )
    if memory.base == 0:
        raise BadInput(f"memory {name} lies at address 0, where a pointer is NULL: it cannot hold an arena")
    if sign and not limit:
        raise BadInput(f"a size is missing after {word!r}: write {name}=16KiB, or {name} for all of it")
    size = parse_size(limit) if limit else memory.size
    if not 0 < size <= memory.size:
        raise BadInput(
            f"memory {name} has {format_size(memory.size)}, so {format_size(size)} cannot be used of it"
        )
    return Memory(name, memory.kind, memory.base, size)


def _known_names(board: Board) -> Iterator[str]:
    for memory in board.memories:
        if memory.kind == "ram" and memory.base:
            yield f"{memory.name} ({format_size(memory.size)})"


def _pool(board: Board, memory: Memory) -> Pool:
    """What ``memory`` has for the arena: stack and statics lie at the bottom of the main RAM."""
    main, reserved = board.main_ram.base, board.stack_bytes + board.statics_bytes
    if main < memory.base < main + reserved:
        raise BadInput(f"the stack reaches into memory {memory.name}: it cannot hold an arena")
    if memory.base != main:
        return Pool(memory.name, memory.size)
    return Pool(memory.name, max(0, memory.size - reserved), reserved)
