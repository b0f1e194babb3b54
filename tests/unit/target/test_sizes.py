import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcupatch.errors import BadInput
from mcupatch.target.sizes import format_size, parse_size


@pytest.mark.parametrize(
    ("text", "nbytes"),
    [
        ("512", 512),
        ("512B", 512),
        ("64KiB", 65536),
        (" 64 kib ", 65536),
        ("1MiB", 1 << 20),
        ("0.5MiB", 1 << 19),
        ("0", 0),
    ],
)
def test_parses(text: str, nbytes: int) -> None:
    assert parse_size(text) == nbytes


@pytest.mark.parametrize(
    "text", ["", "KiB", "-1KiB", "64KB", "64 K i B", "1e3", "nan", "1.5B", "9" * 40, "٣KiB", "1\n2"]
)
def test_refuses(text: str) -> None:
    with pytest.raises(BadInput):
        parse_size(text)


def test_formats() -> None:
    assert format_size(0) == "0 B"
    assert format_size(1000) == "1000 B"
    assert format_size(64 * 1024) == "64 KiB"
    assert format_size(1 << 20) == "1 MiB"
    assert format_size(65 * 1024 + 512) == "65.5 KiB"


@given(st.integers(0, 1 << 32))
def test_bytes_survive_parsing(nbytes: int) -> None:
    assert parse_size(f"{nbytes}B") == nbytes
