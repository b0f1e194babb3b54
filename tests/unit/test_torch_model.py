"""Networks of PyTorch: from a plain module to a measured run, and the zoo as modules."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import mcupatch
from mcupatch.errors import BadInput, ToolMissing
from mcupatch.options import CompileOptions, LeastSram
from mcupatch.zoo.float_network import forward
from mcupatch.zoo.layers import find_outputs
from mcupatch.zoo.models import parse_network
from mcupatch.zoo.quantize import build_float_network
from mcupatch.zoo.torch_network import build_torch


def _small_network(torch: Any) -> Any:
    nn = torch.nn

    class Residual(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(8, 16, 1, bias=False),
                nn.BatchNorm2d(16),
                nn.ReLU6(),
                nn.Conv2d(16, 16, 3, 1, 1, groups=16, bias=False),
                nn.BatchNorm2d(16),
                nn.ReLU6(),
                nn.Conv2d(16, 8, 1),
            )

        def forward(self, x: Any) -> Any:
            return x + self.body(x)

    torch.manual_seed(0)
    stem = (nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
    return nn.Sequential(*stem, Residual(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))


def test_a_plain_network_to_a_measured_run() -> None:
    torch = pytest.importorskip("torch", reason="needs the extra 'torch'")
    pytest.importorskip("onnxscript", reason="needs the extra 'torch'")
    network = _small_network(torch).train()
    samples = [torch.rand(1, 3, 32, 32) for _ in range(4)]
    options = CompileOptions(io="int8", mode=LeastSram(0), stream_input=True)
    compiled = mcupatch.from_torch(network, samples, options, name="small net", value_range=(0, 1))
    assert network.training  # as it was
    assert compiled.source.name == "small_net"
    assert mcupatch.run(compiled).matches_reference
    picture = np.full((1, 32, 32, 3), 12, np.int8)
    (name,) = compiled.graph.inputs
    found = mcupatch.run(compiled, {name: picture}, on="host")
    value = torch.from_numpy(((picture.astype(np.float32) + 128) / 255).transpose(0, 3, 1, 2).copy())
    with torch.no_grad():
        wanted = network.eval()(value).numpy().ravel()
    (output,) = compiled.graph.outputs
    quant = compiled.graph.tensors[output].quant
    assert quant is not None
    logits = (np.ravel(found.outputs[output]).astype(np.float32) - quant.zero_point) * quant.scale
    assert np.abs(logits - wanted).max() < 0.1 * np.abs(wanted).max() + 2 * quant.scale


@pytest.mark.parametrize(
    "name", ["mlperf_vww96@32", "mnasnet_a1@32", "person_det", "mlperf_resnet8", "mobilenet_v2@32"]
)
def test_zoo_networks_as_modules(name: str) -> None:
    torch = pytest.importorskip("torch", reason="needs the extra 'torch'")
    network = parse_network(name)
    floats = build_float_network(network)
    pictures = np.random.default_rng(2).uniform(-1, 1, (1, *network.input_shape)).astype(np.float32)
    activations = forward(floats, pictures)
    with torch.no_grad():
        found = build_torch(network)(torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy()))
    outputs = found if isinstance(found, tuple) else (found,)
    for layer, values in zip(find_outputs(floats.layers), outputs):
        wanted = activations[layer.name]
        wanted = wanted.transpose(0, 3, 1, 2).reshape(values.shape)
        assert np.abs(values.numpy() - wanted).max() < 1e-3 * np.abs(wanted).max()


def test_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ToolMissing, match="pip install"):
        build_torch(parse_network("mlperf_vww96@32"))
    with pytest.raises(ToolMissing, match="pip install"):
        mcupatch.from_torch(object(), [np.zeros((1, 3, 8, 8), np.float32)])  # type: ignore[arg-type]
    for samples in ([], [np.zeros((2, 3, 8, 8), np.float32)]):
        with pytest.raises(BadInput):
            mcupatch.from_torch(object(), samples)  # type: ignore[arg-type]
