"""C names: from anything a model may call its tensors to identifiers that no compiler objects to."""

from __future__ import annotations

import re
from collections.abc import Iterable

# C11 and C23 keywords, and the macros and types that the generated files include.
_RESERVED = frozenset(
    """
    alignas alignof auto bool break case char const constexpr continue default do double else enum extern false
    float for goto if inline int long nullptr register restrict return short signed sizeof static static_assert
    struct switch thread_local true typedef typeof typeof_unqual union unsigned void volatile while asm fortran
    main errno NULL EOF linux unix arena inputs outputs pools
    """.split()
)


def c_identifier(name: str, fallback: str = "x") -> str:
    """``name`` with everything but ASCII letters, digits and ``_`` folded to ``_``; never empty or reserved."""
    text = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")[:48].rstrip("_")
    if not text:
        text = fallback
    if text[0].isdigit():
        text = f"{fallback}_{text}"
    return text + "_" if text in _RESERVED or re.fullmatch(r"u?int\d+_t|size_t|ptrdiff_t", text) else text


def unique_identifiers(names: Iterable[str], fallback: str = "x") -> dict[str, str]:
    """A C identifier for each name, all different."""
    taken: set[str] = set()
    found: dict[str, str] = {}
    for name in names:
        if name in found:
            continue
        base = candidate = c_identifier(name, fallback)
        number = 2
        while candidate in taken:
            candidate, number = f"{base}_{number}", number + 1
        taken.add(candidate)
        found[name] = candidate
    return found
