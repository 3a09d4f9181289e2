"""Import torchvision beside a torch that its compiled operations were not built for."""

from __future__ import annotations

import sys
from importlib import import_module
from threading import Lock
from types import ModuleType
from typing import Any

import torch

# PyPI's Linux torchvision is built against CUDA. Beside a CPU-only torch its library of compiled operations does not
# load, and `import torchvision` dies on describing two operations that nobody declared. We need only the data sets,
# which use neither, so declaring the two is enough. The library object must stay alive, or its declarations go.
_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_declared: Any = None
_declaring = Lock()


def _declare_operations() -> None:
    global _declared
    _declared = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for schema in _SCHEMAS:
        _declared.define(schema)


def torchvision_datasets() -> ModuleType:
    """The module `torchvision.datasets`, imported at the first call (about a second).

    Where torchvision's own library loads, nothing is declared: to declare an operation twice ends the process.
    """
    with _declaring:  # several visitors may ask at once, and a schema is declared only once
        try:
            return import_module("torchvision.datasets")
        except RuntimeError:
            if _declared is not None:
                raise
            for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
                del sys.modules[name]  # what the import that died has left behind
            _declare_operations()
            return import_module("torchvision.datasets")
