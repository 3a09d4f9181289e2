"""Import torchvision beside a torch that its compiled operations were not built for."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec
from threading import Lock
from types import ModuleType
from typing import Any

import torch

# PyPI's Linux torchvision is built against CUDA. Beside a CPU-only torch its library of compiled operations does not
# load, and `import torchvision` dies on describing two operations that nobody declared. We need only the data sets,
# which use neither, so declaring the two is enough. The library object must stay alive, or its declarations go.
_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
_declared: Any = None
_declaring = Lock()


def _declare_missing_operations() -> None:
    """Declare the operations torchvision describes while it is imported, if its own library cannot."""
    global _declared
    package = find_spec("torchvision")
    if _declared is not None or package is None:
        return
    compiled = PathFinder.find_spec("_C", list(package.submodule_search_locations or []))
    if compiled is not None and compiled.origin is not None:
        with suppress(ImportError, OSError):  # what torchvision tries first, too; a second load is no work
            torch.ops.load_library(compiled.origin)  # type: ignore[no-untyped-call]
    missing = [schema for name, schema in _SCHEMAS.items() if not hasattr(torch.ops.torchvision, name)]
    if missing:
        _declared = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
        for schema in missing:
            _declared.define(schema)


def torchvision_datasets() -> ModuleType:
    """The module `torchvision.datasets`, imported at the first call (about a second)."""
    with _declaring:  # several visitors may ask at once, and a schema is declared only once
        _declare_missing_operations()
    return import_module("torchvision.datasets")
