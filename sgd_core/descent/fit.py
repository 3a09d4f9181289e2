"""The first real model: a parabola fitted to the speed of a roller coaster, with mean squared error as the loss."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from sgd_core.descent.descend import descend_many
from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.quadratic import Curvature
from sgd_core.numbers import latex, round_down

MOMENTS = 20  # seconds 0 to 19
SCALES = {"as it is": (0.0, 1.0), "from −1 to 1": (9.5, 9.5)}  # what t becomes: (t - first) / second
AS_IT_IS, SCALED = SCALES
PARAMETERS = ("a", "b", "c")


@dataclass(frozen=True)
class RollerCoaster:
    """Twenty measured speeds, one a second: noise + 0.75 (t - 9.5)² + 1, and the model a t² + b t + c.

    `noise` is the standard deviation of the measuring error, drawn with `seed`. `scale` is a key of `SCALES` and says
    what the model gets to see as t.
    """

    noise: float = 3.0
    seed: int = 0
    scale: str = AS_IT_IS

    @cached_property
    def time(self) -> Tensor:
        """The seconds, (20,)."""
        return torch.arange(MOMENTS, dtype=torch.float64)

    @cached_property
    def _drawn(self) -> tuple[Tensor, Tensor]:
        """The measuring errors (20,) and the parameters to start from (3,), in this order from one generator."""
        generator = torch.Generator().manual_seed(self.seed)
        error = torch.randn(MOMENTS, generator=generator, dtype=torch.float64)
        return error * self.noise, torch.randn(3, generator=generator, dtype=torch.float64)

    @property
    def speed(self) -> Tensor:
        """The measured speeds, (20,)."""
        return self._drawn[0] + 0.75 * (self.time - 9.5) ** 2 + 1

    @property
    def start(self) -> Tensor:
        """Random parameters to begin with, (3,)."""
        return self._drawn[1]

    @cached_property
    def inputs(self) -> Tensor:
        """What the model sees: columns t², t and 1 of the scaled time, (20, 3)."""
        return self._columns(self.time)

    def _columns(self, time: Tensor) -> Tensor:
        shift, unit = SCALES[self.scale]
        t = (time - shift) / unit
        return torch.stack([t**2, t, torch.ones_like(t)], dim=1)

    def curve(self, parameters: Tensor, time: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the model's speeds (k,) at any seconds (k,)."""
        return (self._columns(torch.from_numpy(time)) @ parameters).numpy()

    def curves(self, run: pd.DataFrame, time: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the speeds (rows, k) that the parameters in each row of a run say; never beyond 1e300."""
        rows = torch.from_numpy(np.nan_to_num(run[list(PARAMETERS)].to_numpy(), posinf=1e300, neginf=-1e300))
        return np.nan_to_num(np.stack([self.curve(row, time) for row in rows]), posinf=1e300, neginf=-1e300)

    def predict(self, parameters: Tensor) -> Tensor:
        """Return the model's speeds, (..., 3) -> (..., 20)."""
        return parameters @ self.inputs.T

    def loss(self, parameters: Tensor) -> Tensor:
        """Return the mean squared error, (..., 3) -> (...)."""
        return ((self.predict(parameters) - self.speed) ** 2).mean(-1)

    @cached_property
    def best(self) -> Tensor:
        """The parameters (3,) with the least loss there is, by linear least squares instead of descent."""
        return torch.linalg.lstsq(self.inputs, self.speed[:, None]).solution[:, 0]

    @cached_property
    def curvature(self) -> Curvature:
        """The curvature of the loss, the same everywhere, since the model is linear in its parameters."""
        values = torch.linalg.eigvalsh(2 * self.inputs.T @ self.inputs / MOMENTS)
        return Curvature(float(values[0]), float(values[-1]))

    @property
    def lr(self) -> float:
        """A learning rate that suits this scale: round, and about half of the border above which it diverges."""
        return round_down(self.curvature.border / 2)

    def losses_after(self, lrs: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
        """Return the loss (k,) that plain descent from `start` has after so many steps, for learning rates (k,).

        In closed form: along each eigenvector a step multiplies the distance to `best` by 1 - lr λ. Infinite where the
        number is too large.
        """
        values, vectors = torch.linalg.eigh(2 * self.inputs.T @ self.inputs / MOMENTS)
        curves, apart = values.numpy(), (vectors.T @ (self.start - self.best)).numpy()
        with np.errstate(over="ignore"):
            gap = curves / 2 * (apart * (1 - np.asarray(lrs)[:, None] * curves) ** steps) ** 2
        return np.asarray(gap.sum(1) + float(self.loss(self.best)))

    def best_rate(self, steps: int) -> float:
        """Return the learning rate with the lowest loss after so many steps, to about three digits."""
        lrs = np.geomspace(self.curvature.border / 1e4, self.curvature.border, 4000)
        near = lrs[self.losses_after(lrs, steps).argmin()]
        fine = near * np.linspace(0.997, 1.003, 601)
        return float(f"{fine[self.losses_after(fine, steps).argmin()]:.3g}")

    def in_seconds(self, parameters: Tensor) -> Tensor:
        """Return the same parabola's parameters (3,) for t in seconds, whatever the model gets to see as t."""
        a, b, c = parameters
        shift, unit = SCALES[self.scale]
        return torch.stack(
            [a / unit**2, b / unit - 2 * a * shift / unit**2, a * (shift / unit) ** 2 - b * shift / unit + c]
        )

    def latex(self, parameters: Tensor, *, seconds: bool = False, digits: int = 4) -> str:
        """Return the model as LaTeX: in s = (t - 9.5)/9.5 where time is scaled, or with `seconds` always in t."""
        scaled = SCALES[self.scale] != (0.0, 1.0) and not seconds
        a, b, c = (float(value) for value in (self.in_seconds(parameters) if seconds else parameters))
        name = "s" if scaled else "t"
        terms = [latex(a, digits) + f" {name}^2"]
        for value, unit in ((b, f" {name}"), (c, "")):
            terms.append(("+ " if not value < 0 else "- ") + latex(abs(value), digits) + unit)
        return r"\text{speed} = " + " ".join(terms)


def descend_fit(coaster: RollerCoaster, lr: float, steps: int, optimizer: Optimizer) -> pd.DataFrame:
    """Fit from `coaster.start`; a row for each step 0..steps: step, a, b, c, loss, status (as in `descend`)."""
    paths = descend_many(coaster.loss, coaster.start[None], lr, steps, optimizer)
    step = np.arange(steps + 1)
    status = np.where(step == steps, "finished", "running")
    at = paths.diverged_at[0]
    columns = {"step": step} | {name: paths.x[0, :, place] for place, name in enumerate(PARAMETERS)}
    return pd.DataFrame(
        columns | {"loss": paths.loss[0], "status": np.where((at >= 0) & (step >= at), "diverged", status)}
    )
