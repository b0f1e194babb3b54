"""
A network of your own, from PyTorch
===================================

A small network in plain PyTorch goes through quantisation to a measured run on an emulated Cortex-M7. It needs the extra
"torch" (pip install 'mcupatch[torch]'), and says so where it is missing:

    .venv/bin/python tutorials/04_your_own_network_from_pytorch.py
"""

from __future__ import annotations

from typing import Any

import numpy as np

import mcupatch
from mcupatch.options import CompileOptions, LeastSram

PIXELS, CLASSES = 64, 5


def build_network(nn: Any) -> Any:
    """Convolution, depthwise-separable blocks with a skip, mean, dense: written as one would anyway."""

    class Separable(nn.Module):
        def __init__(self, channels: int, out: int, stride: int) -> None:
            super().__init__()
            self.depthwise = nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)
            self.norm = nn.BatchNorm2d(channels)
            self.pointwise = nn.Conv2d(channels, out, 1)
            self.skips = stride == 1 and channels == out

        def forward(self, x: Any) -> Any:
            y = nn.functional.relu(self.pointwise(nn.functional.relu6(self.norm(self.depthwise(x)))))
            return x + y if self.skips else y

    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU6(),
        Separable(16, 16, 1),
        Separable(16, 32, 2),
        Separable(32, 32, 1),
        Separable(32, 64, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, CLASSES),
    )


def main() -> None:
    try:
        import torch
    except ImportError:
        print("torch is not installed: pip install 'mcupatch[torch]' and run this again")
        return
    torch.manual_seed(0)
    network = build_network(torch.nn)  # here you would train it

    # 1. Calibrate with inputs of the kind that the network will see; pixels 0..255 are worth 0..1.
    samples = [torch.rand(1, 3, PIXELS, PIXELS) for _ in range(8)]
    options = CompileOptions("stm32f412", io="int8", mode=LeastSram(0), stream_input=True)
    compiled = mcupatch.from_torch(network, samples, options, name="tutorial", value_range=(0, 1))

    # 2. Run on the emulated chip: the bytes are those of onnxruntime's integer arithmetic.
    run = mcupatch.run(compiled)
    figures = mcupatch.figures(compiled, run)
    print(
        f"from torch: arena {figures['memory']['arena_bytes']:,} B, {figures['measured']['instructions']:,} instructions"
    )
    print(f"equal to the reference, byte for byte: {run.matches_reference}")

    # 3. How far is that from the float network? That is for you to judge, on pictures of your own.
    picture = np.random.default_rng(1).integers(0, 256, (1, PIXELS, PIXELS, 3), np.uint8)
    (name,), (output,) = compiled.graph.inputs, compiled.graph.outputs
    stored = mcupatch.run(compiled, {name: (picture.astype(np.int16) - 128).astype(np.int8)}, on="host")
    quant = compiled.graph.tensors[output].quant
    assert quant is not None
    logits = (stored.outputs[output].astype(np.float32) - quant.zero_point) * quant.scale
    with torch.no_grad():
        wanted = network.eval()(torch.from_numpy(picture.transpose(0, 3, 1, 2) / np.float32(255))).numpy()
    print(f"int8  {np.round(logits.ravel(), 3)}")
    print(f"float {np.round(wanted.ravel(), 3)}")
    assert run.matches_reference


if __name__ == "__main__":
    main()
