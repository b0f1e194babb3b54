"""
A photo as JPEG in flash
========================

MCUNet's person detector takes 128 x 160 pixels. Here they never are in SRAM: a JPEG file lies in flash beside the
weights, and the chip decodes row after row of it while the network runs. The boxes are those of the decoded picture.
Run it from the checkout with the trained model and a photo, and the boxes are drawn into person_boxes.png:

    .venv/bin/python tutorials/08_a_photo_as_jpeg_in_flash.py mcunet_person_det.tflite person.jpg

Without them it takes the zoo's network, which has random weights, and a picture that it paints.
"""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

import mcupatch
from mcupatch.decode_rows import decode_picture, jpeg_source
from mcupatch.pipeline import ComparedRun, CompiledModel

HEIGHT, WIDTH = 128, 160
# The three outputs by the pixels between their cells, each with the three anchors (width, height) of YOLOv3's paper.
ANCHORS = {
    32: ((116, 90), (156, 198), (373, 326)),
    16: ((30, 61), (62, 45), (59, 119)),
    8: ((10, 13), (16, 30), (33, 23)),
}
LEAST_SCORE, MOST_OVERLAP = 0.3, 0.45


@dataclass(frozen=True)
class Box:
    """In pixels of the picture, from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float
    score: float

    @property
    def area(self) -> float:
        return max(0.0, self.right - self.left) * max(0.0, self.bottom - self.top)

    def overlap(self, other: Box) -> float:
        """The area of both together as a share of the area of either."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        common = Box(left, top, min(self.right, other.right), min(self.bottom, other.bottom), 0).area
        return common / (self.area + other.area - common)


def find_boxes(outputs: dict[str, np.ndarray]) -> list[Box]:
    """The boxes of all outputs [1, rows, columns, 3 anchors x (x, y, w, h, certainty, person)], the best first."""
    found = []
    for values in outputs.values():
        rows, columns = values.shape[1:3]
        step = HEIGHT // rows
        cells = values.reshape(rows, columns, 3, 6).astype(np.float64)
        x, y, certainty, person = (1 / (1 + np.exp(-cells[..., i])) for i in (0, 1, 4, 5))
        for row, column, anchor in zip(*np.nonzero(certainty * person > LEAST_SCORE)):
            at = row, column, anchor
            width, height = np.exp(cells[at][2:4]) * ANCHORS[step][anchor]
            middle_x, middle_y = (column + x[at]) * step, (row + y[at]) * step
            score = float(certainty[at] * person[at])
            found.append(
                Box(
                    float(middle_x - width / 2),
                    float(middle_y - height / 2),
                    float(middle_x + width / 2),
                    float(middle_y + height / 2),
                    score,
                )
            )
    kept: list[Box] = []
    for box in sorted(found, key=lambda b: -b.score):
        if all(box.overlap(other) < MOST_OVERLAP for other in kept):
            kept.append(box)
    return kept


def make_jpeg(photo: str | None) -> bytes:
    """The photo, or shades of grey, as a JPEG file of the network's size."""
    if photo is None:
        picture = Image.linear_gradient("L").rotate(30).resize((WIDTH, HEIGHT)).convert("RGB")
    else:
        picture = Image.open(photo).convert("RGB").resize((WIDTH, HEIGHT))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=90)
    return stream.getvalue()


def compile_detector(model: str, input_format: str, jpeg_bytes: int | None = None) -> CompiledModel:
    """The smallest arena that computes nothing twice. The network was trained on values of -1 to 1."""
    return mcupatch.compile(
        model,
        mode=mcupatch.LeastSram(max_extra_macs=0.0),
        stream_input=True,
        input_format=input_format,
        jpeg_bytes=jpeg_bytes,
        **({} if model.startswith("zoo:") else {"input_scale": 2 / 255, "input_offset": -1.0}),
    )


def show(title: str, run: ComparedRun) -> None:
    measured = run.measurement
    print(f"{title}: SRAM {measured.sram_bytes:,} B, {measured.instructions:,} instructions")
    assert run.matches_reference


def main(model: str = "zoo:person_det", photo: str | None = None) -> None:
    jpeg = make_jpeg(photo)
    print(f"a JPEG file of {len(jpeg):,} B; its pixels would take {HEIGHT * WIDTH * 3:,} B")

    # 1. The file goes to flash as it is, and the chip decodes it, every block once: 16 rows of samples are held.
    compiled = compile_detector(model, "jpeg")
    (name,) = compiled.graph.inputs
    run = mcupatch.run(compiled, {name: np.frombuffer(jpeg, np.uint8)})
    show("decoded on the chip", run)

    # 2. The least that a decoder can hold is one row; the same blocks are decoded for each of their rows.
    least = compile_detector(model, "jpeg", jpeg_bytes=3 * WIDTH)
    show("a row at a time", mcupatch.run(least, {name: np.frombuffer(jpeg, np.uint8)}))

    # 3. The same network reads the decoded picture from a camera, so to say: the same outputs, byte for byte.
    raw = compile_detector(model, "raw")
    dtype = raw.graph.tensors[name].dtype
    pixels = decode_picture(jpeg_source(WIDTH), jpeg, (HEIGHT, WIDTH, 3), dtype)
    decoded = mcupatch.run(raw, {name: pixels})
    show("decoded before", decoded)
    assert all(np.array_equal(run.outputs[key], decoded.outputs[key]) for key in run.outputs)
    print("the same outputs, byte for byte, as from the decoded picture")
    if photo is None:
        return  # random weights see no people
    boxes = find_boxes(run.outputs)
    assert boxes == find_boxes(decoded.outputs)

    # 4. Pillow interpolates colours where the decoder repeats them: a little different, and the boxes hardly.
    with Image.open(io.BytesIO(jpeg)) as opened:
        seen = np.asarray(opened.convert("RGB"))[None]
    values = seen if dtype == "uint8" else (seen.astype(np.int16) - 128).astype(np.int8)
    print(
        f"Pillow's pixels differ by {np.abs(values.astype(int) - pixels.astype(int)).mean():.2f} on average"
    )
    for title, found in (
        ("decoded on the chip", boxes),
        ("decoded by Pillow", find_boxes(mcupatch.run(raw, {name: values}, on="host").outputs)),
    ):
        for box in found:
            sides = ", ".join(f"{side:.0f}" for side in (box.left, box.top, box.right, box.bottom))
            print(f"  {title}: person {box.score:.2f} at {sides}")

    # 5. The boxes, drawn on the picture.
    picture = Image.fromarray(seen[0]).resize((4 * WIDTH, 4 * HEIGHT), Image.Resampling.BICUBIC)
    for box in boxes:
        sides = (4 * box.left, 4 * box.top, 4 * box.right, 4 * box.bottom)
        ImageDraw.Draw(picture).rectangle(sides, outline="red", width=3)
    picture.save("person_boxes.png")
    print("drawn into person_boxes.png")


if __name__ == "__main__":
    main(*sys.argv[1:3])
