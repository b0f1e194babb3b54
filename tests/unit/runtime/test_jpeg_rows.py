"""The JPEG decoder: exact as documented, near to the real transform and to Pillow, and never wrong in silence."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mcupatch.decode_rows import decode_picture, jpeg_size, jpeg_source
from mcupatch.errors import BadInput
from mcupatch.row_formats import RowSource
from tests.support.jpeg_pixels import exact_pixels, exact_samples, real_samples
from tests.support.jpeg_writer import Picture, random_picture, write_jpeg

SAMPLINGS = {
    "grey": ((1, 1),),
    "grey-2x2": ((2, 2),),  # of a single component this means nothing
    "4:4:4": ((1, 1),) * 3,
    "4:2:2": ((2, 1), (1, 1), (1, 1)),
    "4:2:0": ((2, 2), (1, 1), (1, 1)),
    "4:4:0": ((1, 2), (1, 1), (1, 1)),
    "uneven": ((2, 1), (1, 2), (2, 2)),
}
SIZES = [(16, 16), (1, 1), (37, 21), (24, 50)]


def decode(
    data: bytes, size: tuple[int, int], channels: int = 3, held: int | None = None
) -> NDArray[np.int64]:
    return decode_picture(jpeg_source(size[1], held), data, (*size, channels), "uint8")[0].astype(np.int64)


def flat_sampling(name: str) -> tuple[tuple[int, int], ...]:
    """As blocks are laid out: those of a single component follow each other."""
    return ((1, 1),) if name.startswith("grey") else SAMPLINGS[name]


@pytest.mark.parametrize("interval", [0, 1, 5])
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_pixels_are_exact(sampling: str, size: tuple[int, int], interval: int) -> None:
    picture = random_picture(size, flat_sampling(sampling), len(sampling) + size[1], interval)
    data = write_jpeg(picture)
    if sampling == "grey-2x2":
        data = data.replace(b"\x01\x11\x00\xff\xc4", b"\x01\x22\x00\xff\xc4")
    for channels in (1, 3):
        assert np.array_equal(decode(data, size, channels), exact_pixels(picture, channels))
    assert jpeg_size(data) == size


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_what_is_held_changes_nothing(sampling: str) -> None:
    size, columns = (37, 45), 48
    picture = random_picture(size, flat_sampling(sampling), 3, 2)
    expected = exact_pixels(picture, 3)
    for held in (3, 5, 6, 12, 23, 24, 48):
        assert np.array_equal(decode(write_jpeg(picture), size, 3, held * columns), expected)
    with pytest.raises(BadInput, match="at least 144 bytes, not 143"):
        jpeg_source(45, 143)


def test_the_transform_is_within_one_of_reals() -> None:
    picture = random_picture((160, 160), ((1, 1),), 9)
    real = real_samples(picture.components[0])
    assert np.abs(exact_samples(picture.components[0]) - real).max() < 0.75


@pytest.mark.parametrize("sampling", ["grey", "4:4:4"])
def test_pillow_sees_the_same(sampling: str) -> None:
    size = (60, 75)
    data = write_jpeg(random_picture(size, SAMPLINGS[sampling], 4, 3))
    pillow = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(np.int64)
    assert np.abs(decode(data, size) - pillow).max() <= (1 if sampling == "grey" else 3)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"restart_marker_blocks": 7}], ids=str)
def test_a_file_of_pillow(subsampling: int, options: dict[str, int]) -> None:
    size = (45, 70)
    random = np.random.default_rng(subsampling)
    small = Image.fromarray(random.integers(60, 180, (5, 7, 3), np.uint8))
    stream = io.BytesIO()
    small.resize(size[::-1], Image.Resampling.BICUBIC).save(
        stream, "JPEG", quality=92, subsampling=subsampling, **options
    )
    data = stream.getvalue()
    with Image.open(io.BytesIO(data)) as opened:
        pillow = np.asarray(opened.convert("RGB")).astype(np.int64)
    with Image.open(io.BytesIO(data)) as opened:
        opened.draft("L", opened.size)
        grey = np.asarray(opened).astype(np.int64)
    difference = np.abs(decode(data, size) - pillow)
    # Pillow interpolates chroma, the decoder repeats it.
    assert difference.mean() < (0.5 if subsampling == 0 else 3)
    assert difference.max() <= (3 if subsampling == 0 else 40)
    assert np.abs(decode(data, size, 1)[..., 0] - grey).max() <= 1


@pytest.mark.parametrize(("transform", "is_rgb"), [(0, True), (1, False)])
def test_adobe_says_what_the_colours_are(transform: int, is_rgb: bool) -> None:
    picture = random_picture((20, 30), SAMPLINGS["4:4:4"], 5, transform=transform)
    data = write_jpeg(picture)
    pixels = decode(data, (20, 30))
    assert np.array_equal(pixels, exact_pixels(picture, 3))
    assert np.array_equal(decode(data, (20, 30), 1), exact_pixels(picture, 1))
    samples = [exact_samples(c)[:20, :30] for c in picture.components]
    assert np.array_equal(pixels, np.stack(samples, axis=-1)) == is_rgb
    pillow = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(np.int64)
    assert np.abs(pixels - pillow).max() <= 3


def test_an_extended_frame_and_wide_steps() -> None:
    picture = random_picture((16, 24), SAMPLINGS["4:2:2"], 6)
    data = write_jpeg(picture, frame=0xC1)
    start = data.index(b"\xff\xdb\0\x43\0")
    narrow = data[start + 5 : start + 69]
    wide = b"\xff\xdb\0\x83\x10" + b"".join(bytes([0, step]) for step in narrow)
    assert np.array_equal(
        decode(data[:start] + wide + data[start + 69 :], (16, 24)), exact_pixels(picture, 3)
    )


def small_file(**changes: int) -> tuple[Picture, bytes]:
    picture = random_picture((24, 40), SAMPLINGS["4:2:0"], 7, **changes)
    return picture, write_jpeg(picture)


def test_every_truncated_file_is_told() -> None:
    _, data = small_file()
    for length in range(len(data) - 2):
        with pytest.raises(BadInput, match="no JPEG file" if length < 3 else "end before"):
            decode(data[:length], (24, 40))
    assert np.array_equal(
        decode(data[:-2], (24, 40)), decode(data, (24, 40))
    )  # only the end's marker is missing


def test_garbage_is_told() -> None:
    random = np.random.default_rng(8)
    for length in (0, 1, 2, 3, 100, 1000):
        with pytest.raises(BadInput, match="no JPEG file"):
            decode(random.bytes(length), (24, 40))
        with pytest.raises(BadInput):
            decode(b"\xff\xd8\xff" + random.bytes(length), (24, 40))


def test_a_missing_restart_marker_is_told() -> None:
    _, data = small_file(restart_interval=2)
    at = data.index(b"\xff\xd1")
    for damaged in (data[:at] + b"\xff\xd3" + data[at + 2 :], data[:at] + data[at + 2 :]):
        with pytest.raises(BadInput, match="are damaged"):
            decode(damaged, (24, 40))
    assert np.array_equal(decode(data[:at] + b"\xff\xff" + data[at:], (24, 40)), decode(data, (24, 40)))


def pillow_file(mode: str, **options: bool) -> bytes:
    stream = io.BytesIO()
    Image.new(mode, (40, 24)).save(stream, "JPEG", **options)
    return stream.getvalue()


def test_what_is_not_baseline_is_refused() -> None:
    _, data = small_file()
    frame = data.index(b"\xff\xc0")
    sampled = bytearray(data)
    sampled[frame + 11] = 0x41
    twelve = bytearray(data)
    twelve[frame + 4] = 12
    lone = bytearray(data)
    lone[data.index(b"\xff\xda") + 4] = 1
    for wrong, message in (
        (pillow_file("RGB", progressive=True), "progressive"),
        (pillow_file("CMYK"), "CMYK"),
        (data.replace(b"\xff\xc0", b"\xff\xc9"), "arithmetic"),
        (bytes(sampled), "more than 2 samples"),
        (bytes(twelve), "do not have 8 bits"),
        (bytes(lone), "several scans"),
        (data.replace(b"\x03\x11\x02\xff\xc4", b"\x03\x11\x03\xff\xc4"), "are damaged"),  # no such steps
    ):
        assert wrong != data
        with pytest.raises(BadInput, match=message):
            decode(wrong, (24, 40))


def test_another_size_is_told() -> None:
    with pytest.raises(BadInput, match="it is 40x24 pixels, the input 41x24"):
        decode(small_file()[1], (24, 41))


def test_int8_is_128_less() -> None:
    picture, data = small_file()
    values = decode_picture(RowSource("jpeg", jpeg_source(40).held_bytes), data, (24, 40, 3), "int8")
    assert values.dtype == np.int8
    assert np.array_equal(values[0].astype(np.int64) + 128, exact_pixels(picture, 3))
