"""Camera pixels: each format against NumPy, for all values of a byte, in colour and grey."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mcupatch.camera_pixels import encode_camera
from mcupatch.decode_rows import decode_picture
from mcupatch.errors import BadInput
from mcupatch.row_formats import RowSource
from tests.support.jpeg_pixels import exact_colours, luma


def decode(
    row_format: str, data: NDArray[np.uint8], size: tuple[int, int], channels: int
) -> NDArray[np.int64]:
    values = decode_picture(RowSource(row_format), data.tobytes(), (*size, channels), "uint8")
    return values[0].astype(np.int64)


@pytest.mark.parametrize(("row_format", "order"), [("rgb565", "<u2"), ("rgb565-be", ">u2")])
def test_rgb565_for_all_words(row_format: str, order: str) -> None:
    words = np.arange(65536).reshape(256, 256)
    data = np.frombuffer(words.astype(order).tobytes(), np.uint8)
    red, green, blue = words >> 11, words >> 5 & 63, words & 31
    # as many bits as a byte has: the highest ones again
    wide = (red * 8 + red // 4, green * 4 + green // 16, blue * 8 + blue // 4)
    colours = np.stack(wide, axis=-1)
    assert np.array_equal(decode(row_format, data, (256, 256), 3), colours)
    assert np.array_equal(decode(row_format, data, (256, 256), 1)[..., 0], luma(colours))
    assert (np.abs(colours - np.rint(np.stack([red, green, blue], -1) * 255 / [31, 63, 31])) <= 1).all()


@pytest.mark.parametrize("columns", [8, 7, 1])
@pytest.mark.parametrize(("row_format", "order"), [("yuv422", [0, 1, 2, 3]), ("yuv422-uyvy", [1, 0, 3, 2])])
def test_yuv422(row_format: str, order: list[int], columns: int) -> None:
    groups = np.random.default_rng(columns).integers(0, 256, (40, (columns + 1) // 2, 4))  # Y U Y V
    data = groups[..., order].astype(np.uint8)
    y = groups[..., [0, 2]].reshape(40, -1)[:, :columns]
    u, v = (groups[..., i].repeat(2, axis=1)[:, :columns] for i in (1, 3))
    assert np.array_equal(decode(row_format, data, (40, columns), 3), exact_colours(y, u, v))
    assert np.array_equal(decode(row_format, data, (40, columns), 1)[..., 0], y)


@pytest.mark.parametrize("row_format", ["rgb565", "rgb565-be", "yuv422", "yuv422-uyvy"])
@pytest.mark.parametrize("columns", [12, 13])
def test_there_and_back(row_format: str, columns: int) -> None:
    rgb = np.full((9, columns, 3), [200, 90, 40], np.uint8)
    rgb[4:] = [10, 250, 128]
    sent = encode_camera(RowSource(row_format), rgb)
    assert sent.size == 9 * RowSource(row_format).camera_row_bytes(columns)
    assert np.abs(decode(row_format, sent, (9, columns), 3) - rgb).max() <= (8 if "rgb" in row_format else 2)


def test_another_number_of_bytes_is_told() -> None:
    with pytest.raises(BadInput, match="5x4 pixels has 48 bytes, not 40"):
        decode_picture(RowSource("yuv422"), bytes(40), (4, 5, 3), "uint8")
