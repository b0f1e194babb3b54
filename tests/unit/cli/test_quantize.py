"""``mcupatch quantize``: what it writes compiles and sees pictures rightly; what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from mcupatch.calibration_pictures import Normalisation, find_pictures
from mcupatch.cli.main import run_command_line
from mcupatch.errors import BadInput
from mcupatch.ir.ops import Conv2D
from mcupatch.model_file import load_model_file
from mcupatch.pipeline import read_graph
from mcupatch.quantize_onnx import quantize_onnx, read_float_input
from mcupatch.zoo.models import parse_network
from mcupatch.zoo.write_onnx import build_float_onnx

NETWORK = parse_network("mlperf_vww96@32")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A float model and five pictures."""
    place = tmp_path_factory.mktemp("quantize")
    (place / "net.onnx").write_bytes(build_float_onnx(NETWORK))
    (place / "pictures").mkdir()
    rng = np.random.default_rng(3)
    for number in range(5):
        pixels = rng.integers(0, 256, (40 + number, 50, 3), np.uint8)
        Image.fromarray(pixels).save(place / "pictures" / f"{number}.png")
    return place


def test_the_result_compiles_and_pictures_fit_its_input(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = str(folder / "pictures")
    arguments = ["quantize", str(folder / "net.onnx"), "--images", images, "--mean", "0.5", "--std", "0.5"]
    assert run_command_line(arguments) == 0
    assert "calibrated with 5 pictures" in capsys.readouterr().out
    graph = read_graph(load_model_file(folder / "net_int8.onnx"), "int8")
    quant = graph.tensors[graph.inputs[0]].quant
    assert quant is not None
    # pixel 0 is worth -1 and pixel 255 is worth 1, whatever the calibration pictures held
    assert quant.scale == pytest.approx(2 / 255, rel=1e-6) and quant.zero_point in (-1, 0)
    convolution = next(op for op in graph.ops if isinstance(op, Conv2D))
    assert np.ptp(convolution.requant.multiplier.astype(np.float64)) > 0  # a scale for each channel
    target = folder / "out"
    assert (
        run_command_line(["compile", str(folder / "net_int8.onnx"), "--io", "int8", "-o", str(target)]) == 0
    )
    assert run_command_line(["run", str(target), "--input", str(folder / "pictures" / "0.png")]) == 0


@pytest.mark.parametrize("method", ["entropy", "percentile"])
def test_other_methods(folder: Path, method: str) -> None:
    rng = np.random.default_rng(1)
    samples = [rng.uniform(-1, 1, (3, 32, 32)).astype(np.float32) for _ in range(3)]
    quantized = quantize_onnx((folder / "net.onnx").read_bytes(), samples, method=method)
    kinds = {node.op_type for node in onnx.load_model_from_string(quantized).graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= kinds
    with pytest.raises(BadInput, match="quantised already"):
        read_float_input(quantized)


def test_samples_that_do_not_fit(folder: Path) -> None:
    data = (folder / "net.onnx").read_bytes()
    for samples, message in (
        ([], "at least one sample"),
        ([np.zeros((3, 16, 16), np.float32)], "has shape"),
        ([np.full((3, 32, 32), np.nan, np.float32)], "not finite"),
    ):
        with pytest.raises(BadInput, match=message):
            quantize_onnx(data, samples)
    with pytest.raises(BadInput, match="empty"):
        quantize_onnx(data, [np.zeros((3, 32, 32), np.float32)], value_range=(0.0, 0.0))
    with pytest.raises(BadInput, match="method"):
        quantize_onnx(data, [], method="magic")


def test_normalisations() -> None:
    three = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert not three.is_uniform and Normalisation((0.5,), (0.5,)).is_uniform
    low, high = three.value_range
    pixels = np.stack([np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)])
    values = three.apply(pixels)
    assert values.min() == pytest.approx(low) and values.max() == pytest.approx(high)
    assert values[0, 0, 0, 1] == pytest.approx(-0.456 / 0.224)


def test_pictures_are_taken_evenly(folder: Path) -> None:
    assert [path.stem for path in find_pictures(folder, 2)] == ["0", "2"]
    assert len(find_pictures(folder, 99)) == 5


def test_refusals(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, images = str(folder / "net.onnx"), str(folder / "pictures")
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    for arguments, message in (
        (["absent.onnx", "--images", images], "cannot read the model"),
        ([str(tmp_path / "bad.onnx"), "--images", images], "no valid ONNX model"),
        ([model, "--images", str(tmp_path / "none")], "no folder"),
        ([model, "--images", str(tmp_path)], "cannot read the picture"),
        ([model, "--images", images, "--mean", "1,2"], "three"),
        ([model, "--images", images, "--std", "0"], "above 0"),
        ([model, "--images", images, "-o", str(tmp_path / "x.tflite")], ".onnx"),
        ([model], "--images"),
    ):
        target = [] if "-o" in arguments else ["-o", str(tmp_path / "n.onnx")]
        assert run_command_line(["quantize", *arguments, *target]) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "n.onnx").exists()


def test_zoo_networks_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for suffix in (".json", ".tflite", ".onnx"):
        target = tmp_path / f"net{suffix}"
        assert run_command_line(["zoo", "mlperf_vww96@32", "-o", str(target)]) == 0
        assert target.stat().st_size > 100
    assert run_command_line(["zoo", "mlperf_vww96"]) == 2
    assert run_command_line(["zoo", "nothing", "-o", str(tmp_path / "n.json")]) == 2
    assert run_command_line(["zoo", "mlperf_vww96", "-o", str(tmp_path / "n.txt")]) == 2
    capsys.readouterr()
