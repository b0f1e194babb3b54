"""C names from any text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcupatch.emit.c_text import c_comment, wrap_c
from mcupatch.emit.names import c_identifier, unique_identifiers


@given(st.text())
def test_identifiers_are_identifiers(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", c_identifier(name))


@given(st.lists(st.text(max_size=8)))
def test_different_names_stay_different(names: list[str]) -> None:
    found = unique_identifiers(names)
    assert set(found) == set(names)
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize(
    "word", ["int", "static", "arena", "int32_t", "uint8_t", "size_t", "while", "NULL", "class"]
)
def test_reserved_words_get_a_tail(word: str) -> None:
    assert c_identifier(word) == word + "_"


@given(st.text())
def test_comments_cannot_be_left(text: str) -> None:
    plain = c_comment(text)
    assert "*/" not in plain and "\n" not in plain and plain.isascii()


@given(st.lists(st.text("abcdefgh(", min_size=1, max_size=40), min_size=1, max_size=12), st.integers(0, 8))
def test_wrapped_lines_are_short_and_whole(words: list[str], indent: int) -> None:
    line = " " * indent + ", ".join(words) + ";\n"
    wrapped = wrap_c(line, 60)
    assert " ".join(wrapped.split()) == " ".join(line.split())
    assert all(len(part) <= 60 for part in wrapped.splitlines())
