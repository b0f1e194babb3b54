"""The formats in which the rows of a streamed image can come: raw values, camera pixels, a JPEG file."""

from __future__ import annotations

from dataclasses import dataclass

RAW, JPEG = "raw", "jpeg"
# The C function that converts a row; pixels that are sent together, and their bytes.
_CAMERA_FORMATS = {
    "rgb565": ("mcup_rgb565_row", 1, 2),
    "rgb565-be": ("mcup_rgb565_be_row", 1, 2),
    "yuv422": ("mcup_yuv422_row", 2, 4),
    "yuv422-uyvy": ("mcup_yuv422_uyvy_row", 2, 4),
}
ROW_FORMATS = (RAW, *_CAMERA_FORMATS, JPEG)

# What mcupatch/rows/jpeg_rows.h returns, as the rest of a sentence about the picture.
_JPEG_ERRORS = {
    1: "it is no JPEG file",
    2: "its data end before the picture does",
    3: "its data are damaged",
    4: "it is progressive (or lossless); only baseline JPEG can be decoded row by row",
    5: "it is arithmetic-coded; only baseline JPEG can be decoded",
    6: "its samples do not have 8 bits",
    7: "it is neither grey nor of three colours (CMYK?)",
    8: "a colour has more than 2 samples where another has one",
    9: "its colours come one after the other, in several scans",
    10: "it has more Huffman tables than baseline JPEG",
    11: "it has another size than the input",
    12: "the decoder's memory is too small for it",
    13: "its rows were not asked for in order",
}


@dataclass(frozen=True)
class RowSource:
    """How the rows of an input are sent; ``held_bytes`` are what a JPEG decoder holds beside its own state."""

    format: str = RAW
    held_bytes: int = 0

    @property
    def is_raw(self) -> bool:
        return self.format == RAW

    @property
    def is_jpeg(self) -> bool:
        return self.format == JPEG

    @property
    def is_camera(self) -> bool:
        return self.format in _CAMERA_FORMATS

    @property
    def header(self) -> str:
        """What declares the decoder of a format that is not raw."""
        return f"mcupatch/rows/{'jpeg' if self.is_jpeg else 'camera'}_rows.h"

    @property
    def row_function(self) -> str:
        """Of a camera format: ``void f(const uint8_t *source, const mcup_row_shape *shape, void *target)``."""
        return _CAMERA_FORMATS[self.format][0]

    def camera_row_bytes(self, columns: int) -> int:
        """Of a camera format: the bytes of one row as it is sent."""
        _, together, nbytes = _CAMERA_FORMATS[self.format]
        return -(-columns // together) * nbytes


def explain_jpeg_status(status: int) -> str | None:
    """Why the decoder gave up, or None for a number that it does not return."""
    return _JPEG_ERRORS.get(status)
