"""Zoo models as ONNX: what onnxruntime computes resembles the other forms of the same network."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from mcupatch.zoo.blocks import Network
from mcupatch.zoo.float_network import forward
from mcupatch.zoo.models import parse_network
from mcupatch.zoo.pictures import make_pictures
from mcupatch.zoo.quantize import build_float_network, dequantize_input, quantize_pictures
from mcupatch.zoo.write_onnx import build_float_onnx, build_onnx_qdq
from mcupatch.zoo.write_tflite import build_tflite

_SPECS = ("mbv2_w0.3_r80", "mbv2_rd@64", "mnasnet_a1@64", "mcunetv2_large@64", "fbnet_a@64", "mlperf_resnet8")


def run_onnx(data: bytes, pictures: NDArray[np.float32], output: int = 0) -> NDArray[np.float32]:
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    options = runtime.SessionOptions()
    # Otherwise int8 becomes uint8 on x86-64, whose products saturate on cores without VNNI.
    options.add_session_config_entry("session.qdqisint8allowed", "1")
    session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    nchw = pictures.transpose(0, 3, 1, 2)
    return np.concatenate([session.run(None, {"input": picture[np.newaxis]})[output] for picture in nchw])


def run_tflite(data: bytes, pictures: NDArray[np.int8]) -> NDArray[np.float32]:
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert is not installed")
    run = litert.Interpreter(
        model_content=data, experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF
    )
    run.allocate_tensors()
    source, target = run.get_input_details()[0], run.get_output_details()[0]
    scale, zero_point = target["quantization"]
    answers = []
    for picture in pictures:
        run.set_tensor(source["index"], picture[np.newaxis])
        run.invoke()
        answers.append((run.get_tensor(target["index"])[0].astype(np.float32) - zero_point) * scale)
    return np.stack(answers)


def cosine(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(np.vdot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))


def some_pictures(network: Network) -> NDArray[np.int8]:
    return quantize_pictures(make_pictures(2, network.input_shape, seed=99))


@pytest.mark.parametrize("spec", _SPECS)
def test_float_form_equals_the_forward_pass(spec: str) -> None:
    network = parse_network(spec)
    pictures = dequantize_input(some_pictures(network))
    data = build_float_onnx(network)
    onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
    expected = forward(build_float_network(network), pictures)["logits"].reshape(2, -1)
    np.testing.assert_allclose(run_onnx(data, pictures), expected, atol=5e-3)


@pytest.mark.parametrize("spec", _SPECS)
def test_quantised_forms_resemble_each_other(spec: str) -> None:
    network = parse_network(spec)
    stored = some_pictures(network)
    pictures = dequantize_input(stored)
    qdq = run_onnx(build_onnx_qdq(network), pictures)
    tflite = run_tflite(build_tflite(network), stored)
    floats = forward(build_float_network(network), pictures)["logits"].reshape(2, -1)
    assert min(cosine(a, b) for a, b in zip(qdq, tflite)) > 0.95
    assert min(cosine(a, b) for a, b in zip(qdq, floats)) > 0.75


@pytest.mark.parametrize("output", range(3))
def test_every_output_of_a_detector_is_there(output: int) -> None:
    network = parse_network("person_det")
    pictures = dequantize_input(some_pictures(network))
    expected = forward(build_float_network(network), pictures)[f"p{output}_predict"].transpose(0, 3, 1, 2)
    np.testing.assert_allclose(run_onnx(build_float_onnx(network), pictures, output), expected, atol=5e-3)
    assert cosine(run_onnx(build_onnx_qdq(network), pictures, output), expected) > 0.85


def test_qdq_form_is_what_quantize_static_writes(tmp_path: Any) -> None:
    """The same nodes under the same names with the same wiring, and the same int8 weights."""
    quantization = pytest.importorskip("onnxruntime.quantization", reason="onnxruntime is not installed")
    network = parse_network("mbv2_w0.3_r80")
    picture = dequantize_input(some_pictures(network)[:1]).transpose(0, 3, 1, 2)

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._rows = iter([{"input": picture}])

        def get_next(self) -> Any:
            return next(self._rows, None)

    (tmp_path / "float.onnx").write_bytes(build_float_onnx(network))
    quantization.quantize_static(
        tmp_path / "float.onnx",
        tmp_path / "qdq.onnx",
        Reader(),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=True,
        activation_type=quantization.QuantType.QInt8,
        weight_type=quantization.QuantType.QInt8,
    )
    theirs, ours = onnx.load(tmp_path / "qdq.onnx"), onnx.load_from_string(build_onnx_qdq(network))
    onnx.checker.check_model(ours, full_check=True)
    assert describe_nodes(ours) == describe_nodes(theirs)
    assert [v.name for v in ours.graph.output] == [v.name for v in theirs.graph.output]
    our_arrays, their_arrays = read_arrays(ours), read_arrays(theirs)
    assert our_arrays.keys() == their_arrays.keys()
    for name, array in our_arrays.items():
        assert array.dtype == their_arrays[name].dtype and array.shape == their_arrays[name].shape
        if name.endswith("_weights_quantized"):
            assert np.abs(array.astype(np.int32) - their_arrays[name]).max() <= 1, name


def describe_nodes(model: onnx.ModelProto) -> dict[str, object]:
    return {
        node.name: (
            node.op_type,
            list(node.input),
            list(node.output),
            {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute},
        )
        for node in model.graph.node
    }


def read_arrays(model: onnx.ModelProto) -> dict[str, NDArray[Any]]:
    return {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def test_same_seed_gives_the_same_bytes() -> None:
    network = parse_network("mbv2_w0.3_r80@32")
    assert build_onnx_qdq(network) == build_onnx_qdq(network)
    assert build_float_onnx(network) == build_float_onnx(network)
