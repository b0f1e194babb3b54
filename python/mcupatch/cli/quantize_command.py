"""``mcupatch quantize``: a float ONNX model made int8, calibrated with pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mcupatch.cli.console import output_console, show_progress
from mcupatch.errors import BadInput


class NumbersType(click.ParamType):
    """One number, or three with commas between them: ``0.5``, ``0.485,0.456,0.406``."""

    name = "NUMBERS"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(float(part) for part in value.split(","))
        except ValueError:
            numbers = ()
        if len(numbers) not in (1, 3) or not all(abs(number) < float("inf") for number in numbers):
            self.fail(f"{value!r} is not one number, or three with commas between them", param, ctx)
        return numbers


@click.command("quantize")
@click.argument("model", metavar="MODEL.onnx")
@click.option(
    "--images", required=True, metavar="DIR", help="Pictures to calibrate with: some of what it will see."
)
@click.option(
    "--count", type=click.IntRange(min=1), default=100, show_default=True, help="At most so many of them."
)
@click.option(
    "--mean",
    type=NumbersType(),
    default="0",
    help="Of pixels between 0 and 1, as in training; one, or R,G,B.",
)
@click.option(
    "--std", type=NumbersType(), default="1", help="Goes with --mean: a value is (pixel - mean) / std."
)
@click.option(
    "--method",
    type=click.Choice(["minmax", "entropy", "percentile"]),
    default="minmax",
    show_default=True,
    help="How the range of a tensor follows from what was seen.",
)
@click.option("-o", "--output", metavar="FILE.onnx", help="Where to write; MODEL_int8.onnx without it.")
def command(
    model: str,
    images: str,
    count: int,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    method: str,
    output: str | None,
) -> None:
    """Quantise the float MODEL.onnx to int8, weights per channel, ready for 'mcupatch compile'.

    Through onnxruntime's static quantisation, calibrated with the pictures of DIR, each resized to the model's input.
    """
    from mcupatch.calibration_pictures import Normalisation, find_pictures, picture_samples
    from mcupatch.cli.parameters import check_different_files, check_text_target
    from mcupatch.files import read_user_file
    from mcupatch.outputs import write_file
    from mcupatch.quantize_onnx import quantize_onnx, read_float_input

    source = Path(model)
    target = source.with_name(f"{source.stem}_int8.onnx") if output is None else Path(output)
    if target.suffix.lower() != ".onnx":
        raise BadInput(f"The result is an ONNX model: name a file that ends in .onnx, not {str(target)!r}.")
    check_text_target("the model", str(target))
    check_different_files(("MODEL", model), ("--output", str(target)))
    normalisation = Normalisation(mean, std)
    data = read_user_file(source, "the model")
    shape = read_float_input(data)
    pictures = find_pictures(Path(images), count)
    with show_progress() as progress:
        samples = picture_samples(shape, pictures, normalisation)
        quantized = quantize_onnx(data, samples, normalisation.value_range, method, progress)
    write_file(target, quantized)
    lines = [f"{target}: int8, calibrated with {len(pictures)} pictures ({method})."]
    if not normalisation.is_uniform:
        lines.append("Its channels are scaled differently: give 'mcupatch run' a .npy file, not a picture.")
    for line in (*lines, f"Next: mcupatch compile {target} --io int8"):
        output_console().print(line, soft_wrap=True, markup=False)
