"""SGD Lab's computing core: derivatives, descents and digit training, with no user interface.

These names stay; other programs call them. Each is loaded when it is first used, so that drawing a chart does not wait
for PyTorch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sgd_core.beyond.silver import silver_schedule as silver_schedule
    from sgd_core.calculus.catalogue import CATALOGUE as CATALOGUE
    from sgd_core.calculus.derivative import derivative as derivative
    from sgd_core.calculus.formula import FormulaError as FormulaError
    from sgd_core.calculus.formula import Function as Function
    from sgd_core.calculus.formula import parse_function as parse_function
    from sgd_core.descent.descend import descend as descend
    from sgd_core.descent.optimizers import Optimizer as Optimizer
    from sgd_core.descent.regimes import Regime as Regime
    from sgd_core.descent.regimes import classify as classify
    from sgd_core.digits.baselines import pixel_similarity as pixel_similarity
    from sgd_core.digits.config import TrainConfig as TrainConfig
    from sgd_core.digits.datasets import DatasetMissing as DatasetMissing
    from sgd_core.digits.datasets import Digits as Digits
    from sgd_core.digits.datasets import load_digits as load_digits
    from sgd_core.digits.gradient_noise import gradient_noise_scale as gradient_noise_scale
    from sgd_core.digits.lr_range import lr_range_test as lr_range_test
    from sgd_core.digits.sharpness import sharpness as sharpness
    from sgd_core.digits.sweep import sweep as sweep
    from sgd_core.digits.sweep import sweep_seeds as sweep_seeds
    from sgd_core.digits.training import Snapshot as Snapshot
    from sgd_core.digits.training import StepRequest as StepRequest
    from sgd_core.digits.training import train as train

_HOMES = {
    "CATALOGUE": "calculus.catalogue",
    "derivative": "calculus.derivative",
    "FormulaError": "calculus.formula",
    "Function": "calculus.formula",
    "parse_function": "calculus.formula",
    "descend": "descent.descend",
    "Optimizer": "descent.optimizers",
    "Regime": "descent.regimes",
    "classify": "descent.regimes",
    "pixel_similarity": "digits.baselines",
    "TrainConfig": "digits.config",
    "DatasetMissing": "digits.datasets",
    "Digits": "digits.datasets",
    "load_digits": "digits.datasets",
    "gradient_noise_scale": "digits.gradient_noise",
    "lr_range_test": "digits.lr_range",
    "sharpness": "digits.sharpness",
    "silver_schedule": "beyond.silver",
    "sweep": "digits.sweep",
    "sweep_seeds": "digits.sweep",
    "StepRequest": "digits.training",
    "Snapshot": "digits.training",
    "train": "digits.training",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'sgd_core' has no attribute {name!r}")
    value = getattr(import_module(f"sgd_core.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
