"""C names: from anything a model may call its tensors to identifiers that no compiler objects to."""

from __future__ import annotations

import re
from collections.abc import Iterable

# C11 and C23 keywords, those of C++ (the header may be included there), and the macros and types that the generated
# files include.
_RESERVED = frozenset(
    """
    alignas alignof auto bool break case char const constexpr continue default do double else enum extern false
    float for goto if inline int long nullptr register restrict return short signed sizeof static static_assert
    struct switch thread_local true typedef typeof typeof_unqual union unsigned void volatile while asm fortran
    and and_eq bitand bitor catch char8_t char16_t char32_t class compl concept consteval constinit const_cast
    co_await co_return co_yield decltype delete dynamic_cast explicit export friend mutable namespace new noexcept
    not not_eq operator or or_eq private protected public reinterpret_cast requires static_cast template this throw
    try typeid typename using virtual wchar_t xor xor_eq
    main errno NULL EOF offsetof linux unix arena inputs outputs pools
    """.split()
)
# The types and limits of stdint.h and stddef.h.
_RESERVED_PATTERN = re.compile(r"\w+_t|[A-Z]\w*_(?:MAX|MIN|C)", re.ASCII)


def c_identifier(name: str, fallback: str = "x") -> str:
    """``name`` with everything but ASCII letters, digits and ``_`` folded to ``_``; never empty or reserved."""
    text = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")[:48].rstrip("_")
    if not text:
        text = fallback
    if text[0].isdigit():
        text = f"{fallback}_{text}"
    return text + "_" if text in _RESERVED or _RESERVED_PATTERN.fullmatch(text) else text


class UniqueIdentifiers:
    """Hands out each identifier once, upper and lower case being one: macros are made of them too."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._taken = {name.upper() for name in reserved}

    def take(self, wanted: str) -> str:
        """``wanted``, which is an identifier, or the first free one of ``wanted_2``, ``wanted_3`` ..."""
        candidate, number = wanted, 2
        while candidate.upper() in self._taken:
            candidate, number = f"{wanted}_{number}", number + 1
        self._taken.add(candidate.upper())
        return candidate


def unique_identifiers(
    names: Iterable[str], fallback: str = "x", identifiers: UniqueIdentifiers | None = None
) -> dict[str, str]:
    """A C identifier for each name, all different, and different from what ``identifiers`` gave away before."""
    identifiers = identifiers or UniqueIdentifiers()
    return {name: identifiers.take(c_identifier(name, fallback)) for name in dict.fromkeys(names)}
