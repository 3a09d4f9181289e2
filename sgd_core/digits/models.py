"""The models that learn digits. A row of `MODELS` is all that the laboratory knows of a model.

A row's layers are ordinary `torch.nn` modules; parameters live apart from them, as a flat list of tensors in torch's
own shapes: weight and bias of the first layer, then of the next. To add a model, write its layers and a row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn

Shape = tuple[int, ...]
Layers = Callable[[tuple[int, int], int, int], list[nn.Module]]


@dataclass(frozen=True)
class Model:
    """One model.

    `key` is its name in code and links, `title` that on the screen, `about` one line about it. `layers(image_shape,
    hidden, outputs)` makes its layers, which take flattened images; every layer with parameters has a weight and a bias.
    `takes_hidden`: the number of hidden units can be chosen. `usual_init` is the kind of initial weights that serves it.
    `maps_are_filters`: its maps are small filters that move over the image, not maps of the whole image.
    """

    key: str
    title: str
    about: str
    layers: Layers
    takes_hidden: bool = False
    usual_init: str = "default"
    maps_are_filters: bool = False

    def network(self, image_shape: tuple[int, int], hidden: int, outputs: int) -> Network:
        """The model for images of one size and a number of outputs."""
        return _network(self, (int(image_shape[0]), int(image_shape[1])), hidden, outputs)


class Network:
    """A model for images of one size; it holds no parameters, but says what they are and applies them.

    `shapes` are those of the parameters, in order; `map_shape` is (height, width) of a weight map; `hidden_matrices`
    are the places of the weight matrices whose outputs feed a further layer; `is_dense`: weighted sums with ReLU
    between them, and nothing else.
    """

    def __init__(self, model: Model, image_shape: tuple[int, int], hidden: int, outputs: int) -> None:
        """Make the layers without memory for weights."""
        with torch.device("meta"):
            self.module = nn.Sequential(*model.layers(image_shape, hidden, outputs))
        self._names = [name for name, _ in self.module.named_parameters()]
        weighted = [layer for layer in self.module if any(True for _ in layer.parameters())]
        self.shapes: list[Shape] = [tuple(parameter.shape) for parameter in self.module.parameters()]
        self.is_dense = all(isinstance(layer, nn.Linear | nn.ReLU) for layer in self.module)
        self.map_shape: tuple[int, int] = image_shape
        if not self.is_dense:
            self.map_shape = (self.shapes[0][-2], self.shapes[0][-1])
        self.hidden_matrices = frozenset(
            2 * place for place, layer in enumerate(weighted[:-1]) if isinstance(layer, nn.Linear)
        )

    @property
    def parameter_code(self) -> list[str]:
        """Each parameter as source, where the model is called `model`: "model[0].weight", "model[0].bias" ..."""
        return [f"model[{name.split('.')[0]}].{name.split('.')[1]}" for name in self._names]

    def scores(self, parameters: Sequence[Tensor], pixels: Tensor) -> Tensor:
        """The scores (N, outputs) of flattened images (N, pixels); differentiable in both."""
        named = dict(zip(self._names, parameters, strict=True))
        return torch.func.functional_call(self.module, named, (pixels,))

    def responses(self, parameters: Sequence[Tensor], pixels: Tensor) -> Tensor:
        """What the first layer with weights answers to flattened images: (N, maps, h, w) for filters, else (N, maps)."""
        first = next(i for i, layer in enumerate(self.module) if any(True for _ in layer.parameters()))
        head, named = self.module[: first + 1], dict(zip(self._names[:2], parameters[:2], strict=True))
        return torch.func.functional_call(head, named, (pixels,))

    def initial_parameters(self, init: str, generator: torch.Generator) -> list[Tensor]:
        """The parameters before the first step, float32.

        `init` is "zeros"; "normal", every weight and bias from N(0, 1) as in the book; or "default", torch.nn's own,
        uniform within 1 / sqrt(inputs of a unit). Drawn in the order of the layers, weight before bias.
        """
        drawn = []
        for place, shape in enumerate(self.shapes):
            inputs = math.prod(self.shapes[place - place % 2][1:])  # of the bias, those of its layer's weight
            drawn.append(INITS[init](torch.empty(shape, dtype=torch.float32, device="cpu"), inputs, generator))
        return drawn

    @property
    def torch_code(self) -> str:
        """The model as PyTorch source, e.g. `torch.nn.Sequential(torch.nn.Linear(784, 1))`; takes flattened images."""
        layers = [_code(layer) for layer in self.module]
        if len(layers) == 1:
            return f"torch.nn.Sequential({layers[0]})"
        return "torch.nn.Sequential(\n" + "".join(f"    {layer},\n" for layer in layers) + ")"


def network_with(parameters: Sequence[Tensor], image_shape: tuple[int, int]) -> Network:
    """The network for images of this size that has parameters of these shapes; ValueError where there is none."""
    shapes = [tuple(parameter.shape) for parameter in parameters]
    if shapes and all(shapes):
        for model in MODELS.values():
            network = model.network(image_shape, shapes[0][0], shapes[-1][0])
            if network.shapes == shapes:
                return network
    raise ValueError(f"No model for images of {image_shape[0]} by {image_shape[1]} pixels has parameters of {shapes}.")


@lru_cache(maxsize=64)
def _network(model: Model, image_shape: tuple[int, int], hidden: int, outputs: int) -> Network:
    return Network(model, image_shape, hidden, outputs)


def _code(layer: nn.Module) -> str:
    """A layer as source; torch writes most of them as they are called."""
    if isinstance(layer, nn.Linear):
        return f"torch.nn.Linear({layer.in_features}, {layer.out_features})"
    if isinstance(layer, nn.Flatten):
        return "torch.nn.Flatten()"
    return f"torch.nn.{layer!r}"


def _linear(image_shape: tuple[int, int], hidden: int, outputs: int) -> list[nn.Module]:
    return [nn.Linear(math.prod(image_shape), outputs)]


def _two_layer(image_shape: tuple[int, int], hidden: int, outputs: int) -> list[nn.Module]:
    return [nn.Linear(math.prod(image_shape), hidden), nn.ReLU(), nn.Linear(hidden, outputs)]


def _cnn(image_shape: tuple[int, int], hidden: int, outputs: int) -> list[nn.Module]:
    height, width = (math.ceil(math.ceil(side / 2) / 2) for side in image_shape)  # halved twice
    return [
        nn.Unflatten(1, (1, *image_shape)),
        nn.Conv2d(1, 8, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Conv2d(8, 16, 5, stride=2, padding=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * height * width, outputs),
    ]


def _zeros(tensor: Tensor, inputs: int, generator: torch.Generator) -> Tensor:
    return tensor.zero_()


def _normal(tensor: Tensor, inputs: int, generator: torch.Generator) -> Tensor:
    return tensor.normal_(generator=generator)


def _default(tensor: Tensor, inputs: int, generator: torch.Generator) -> Tensor:
    bound = inputs**-0.5
    return tensor.uniform_(-bound, bound, generator=generator)


INITS = {"zeros": _zeros, "normal": _normal, "default": _default}

MODELS: dict[str, Model] = {
    model.key: model
    for model in (
        Model(
            key="linear",
            title="Linear",
            about="One weight for each pixel; the score is their weighted sum plus a bias.",
            layers=_linear,
            usual_init="zeros",
        ),
        Model(
            key="two_layer",
            title="Two layers",
            about="Weighted sums cut off at zero (ReLU), then weighed once more.",
            layers=_two_layer,
            takes_hidden=True,
        ),
        Model(
            key="cnn",
            title="Small convolutional network",
            about="Eight filters of 5 × 5 weights move over the image, sixteen over what they answer, then a weighted sum.",
            layers=_cnn,
            maps_are_filters=True,
        ),
    )
}
"""Every model by its key."""
