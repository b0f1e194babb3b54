"""A zoo network as a module of PyTorch, with the weights of a seed: to train, or to compare with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mcupatch.errors import ToolMissing
from mcupatch.zoo.blocks import Network
from mcupatch.zoo.layers import (
    INPUT,
    Activation,
    Add,
    Conv,
    Dense,
    Depthwise,
    Gate,
    GateFunction,
    GlobalMean,
    Layer,
    MaxPool2x2,
    Scale,
    Upsample2x,
    Window,
    find_outputs,
)
from mcupatch.zoo.quantize import build_float_network

if TYPE_CHECKING:
    import torch


def build_torch(network: Network, seed: int = 0) -> torch.nn.Module:
    """A module for pictures ``[N, C, H, W]``; several outputs are a tuple. Raises ToolMissing without torch.

    Its children are the layers that have weights, by their names.
    """
    try:
        import torch
        from torch.nn import functional
    except ImportError as error:
        raise ToolMissing(
            "A network of PyTorch needs the package torch; install it with: pip install 'mcupatch[torch]'"
        ) from error

    floats = build_float_network(network, seed)

    def make_weighted(layer: Layer) -> torch.nn.Module:
        source = floats.weights[layer.name]
        weights = source.weights
        module: torch.nn.Module
        if isinstance(layer, Dense):
            module = torch.nn.Linear(layer.in_shape[2], layer.out_shape[2])
        else:
            assert isinstance(layer, Conv | Depthwise)
            groups = layer.groups if isinstance(layer, Conv) else layer.in_shape[2]
            module = torch.nn.Conv2d(
                layer.in_shape[2], layer.out_shape[2], layer.kernel, layer.stride, groups=groups
            )
            # [O, K, K, I] and [K, K, C] to [O, I, K, K]
            weights = (
                weights.transpose(0, 3, 1, 2)
                if isinstance(layer, Conv)
                else weights.transpose(2, 0, 1)[:, None]
            )
        with torch.no_grad():
            module.weight.copy_(torch.from_numpy(np.ascontiguousarray(weights)))
            module.bias.copy_(torch.from_numpy(source.bias))
        return module

    def activate(layer: Layer, x: torch.Tensor) -> torch.Tensor:
        if layer.fused is Activation.NONE:
            return x
        return functional.relu6(x) if layer.fused is Activation.RELU6 else functional.relu(x)

    def apply(layer: Layer, inputs: list[torch.Tensor], module: torch.nn.Module | None) -> torch.Tensor:
        x = inputs[0]
        if isinstance(layer, Window):
            assert module is not None
            (top, bottom), (left, right) = layer.pads
            return activate(layer, module(functional.pad(x, (left, right, top, bottom))))
        if isinstance(layer, Dense):
            assert module is not None
            return activate(layer, module(torch.flatten(x, 1)))
        if isinstance(layer, Add):
            return activate(layer, x + inputs[1])
        if isinstance(layer, Scale):
            return x * inputs[1]
        if isinstance(layer, Gate):
            return torch.sigmoid(x) if layer.function is GateFunction.SIGMOID else functional.hardsigmoid(x)
        if isinstance(layer, GlobalMean):
            return x.mean((2, 3), keepdim=True)
        if isinstance(layer, MaxPool2x2):
            return functional.max_pool2d(x, 2)
        assert isinstance(layer, Upsample2x)
        return functional.interpolate(x, scale_factor=2.0, mode="nearest")

    class ZooNetwork(torch.nn.Module):
        """The layers in execution order."""

        def __init__(self) -> None:
            super().__init__()
            for layer in floats.layers:
                if layer.weight_shape:
                    self.add_module(layer.name, make_weighted(layer))

        def forward(self, pictures: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
            found = {INPUT: pictures}
            weighted = dict(self.named_children())
            for layer in floats.layers:
                inputs = [found[name] for name in layer.inputs]
                found[layer.name] = apply(layer, inputs, weighted.get(layer.name))
            outputs = tuple(found[layer.name] for layer in find_outputs(floats.layers))
            return outputs if len(outputs) > 1 else outputs[0]

    return ZooNetwork()
