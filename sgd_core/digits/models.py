"""The two models that learn digits, holding the parameters of any number of runs at once.

Parameters are a flat list: weight (runs * out, in) and bias (runs * out,) of the first layer, then of the second.
The rows of a run lie together, so that all runs of a layer are the one matrix that a product wants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import linear


@dataclass(frozen=True)
class Model:
    """One model: its name in code, its title, one line about it, and whether it has a hidden layer."""

    key: str
    title: str
    about: str
    has_hidden_layer: bool

    def layers(self, pixels: int, hidden: int, maps: int) -> list[tuple[int, int]]:
        """(inputs, outputs) of each layer for images of `pixels` pixels and `maps` scores."""
        return [(pixels, hidden), (hidden, maps)] if self.has_hidden_layer else [(pixels, maps)]


MODELS: dict[str, Model] = {
    model.key: model
    for model in (
        Model("linear", "Linear", "One weight for each pixel; the score is their weighted sum plus a bias.", False),
        Model("two_layer", "Two layers", "Weighted sums cut off at zero (ReLU), then weighed once more.", True),
    )
}


def scores(parameters: Sequence[Tensor], inputs: Tensor, runs: int = 1) -> Tensor:
    """The scores (N, runs * maps) of flattened images (N, pixels); all runs share one product with the pixels."""
    return upper_layers(parameters, linear(inputs, parameters[0], parameters[1]), runs)


def upper_layers(parameters: Sequence[Tensor], layer: Tensor, runs: int = 1) -> Tensor:
    """The scores, given what the first layer's weighted sums are; of the linear model these are the scores."""
    for weight, bias in zip(parameters[2::2], parameters[3::2], strict=True):
        if runs == 1:
            layer = linear(layer.relu(), weight, bias)
        else:  # each run's second layer sees its own hidden units only
            hidden = layer.relu().view(-1, runs, weight.shape[1])
            own = torch.einsum("nlh,lmh->nlm", hidden, weight.view(runs, -1, weight.shape[1]))
            layer = own.flatten(1) + bias
    return layer


def initial_parameters(
    layers: Sequence[tuple[int, int]], init: str, generator: torch.Generator, runs: int = 1
) -> list[Tensor]:
    """The parameters before the first step, the same values for every run.

    `init` is "zeros"; "normal", every weight and bias from N(0, 1) as in the book; or "default", torch.nn.Linear's own,
    uniform within 1 / sqrt(inputs). Drawn in the order of the layers, weight before bias, as torch.nn does.
    """
    draw = INITS[init]
    parameters = []
    for inputs, outputs in layers:
        for shape in ((outputs, inputs), (outputs,)):
            drawn = draw(torch.empty(shape), inputs, generator)
            parameters.append(drawn.repeat(runs, *[1] * (len(shape) - 1)))
    return parameters


def _zeros(tensor: Tensor, inputs: int, generator: torch.Generator) -> Tensor:
    return tensor.zero_()


def _normal(tensor: Tensor, inputs: int, generator: torch.Generator) -> Tensor:
    return tensor.normal_(generator=generator)


def _default(tensor: Tensor, inputs: int, generator: torch.Generator) -> Tensor:
    bound = inputs**-0.5
    return tensor.uniform_(-bound, bound, generator=generator)


INITS = {"zeros": _zeros, "normal": _normal, "default": _default}
