"""The largest eigenvalues of a Hessian that is never built: products with it are all that ARPACK's Lanczos method needs.

A product costs one more backward pass (B. Pearlmutter, Fast exact multiplication by the Hessian, 1994).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor

Array = NDArray[np.float64]
Product = Callable[[Tensor], Tensor]  # (size,) -> (size,)

LARGEST_DENSE = 10  # with so few weights ARPACK has no room for its basis


@dataclass(frozen=True, eq=False)
class Eigenpairs:
    """The largest eigenvalues, descending, (k,) float64, and their unit eigenvectors, (k, size) float64.

    The sign of a vector is the one that makes the sum of its entries positive.
    """

    values: Array
    vectors: Array

    @property
    def start(self) -> Array:
        """A vector (size,) to begin with near here: a sum of the eigenvectors."""
        total: Array = self.vectors.sum(0)
        return total


def hessian_product(loss: Callable[[Tensor], Tensor], weights: Tensor) -> Product:
    """Return the function v -> Hessian times v for a scalar `loss` of a flat tensor, at `weights` (size,)."""
    at = weights.detach().requires_grad_()
    gradient = torch.autograd.grad(loss(at), at, create_graph=True)[0]

    def product(vector: Tensor) -> Tensor:
        if not gradient.requires_grad:  # the loss is linear
            return torch.zeros_like(vector)
        return torch.autograd.grad(gradient, at, vector, retain_graph=True, materialize_grads=True)[0]

    return product


def top_eigenpairs(
    product: Product,
    size: int,
    count: int = 1,
    *,
    start: Array | None = None,
    tolerance: float = 1e-5,
    dtype: torch.dtype = torch.float32,
    seed: int = 0,
) -> Eigenpairs:
    """Return the `count` largest eigenvalues (with their sign) of the symmetric matrix behind `product`.

    `start` (size,) is a vector to begin with, e.g. `Eigenpairs.start` of the step before: then few products are needed.
    `tolerance` is ARPACK's, relative to the eigenvalue; the value itself is right to about its square. `dtype` is what
    `product` takes. Raises ValueError on a count that is not from 1 to `size`, and where a product is not finite.
    """
    if not 1 <= count <= size:
        raise ValueError(f"A Hessian of {size} weights has from 1 to {size} eigenvalues, not {count}.")

    def times(vector: Array) -> Array:
        answer: Array = product(torch.tensor(vector.ravel(), dtype=dtype)).double().numpy()
        if not math.isfinite(float(answer.sum())):
            raise ValueError("The loss bends too sharply at these weights for its curvature to be a number.")
        return answer

    if size <= LARGEST_DENSE or count > size // 2:
        dense = np.stack([times(unit) for unit in np.eye(size)])
        values, vectors = np.linalg.eigh((dense + dense.T) / 2)
        return _ordered(values, vectors, count)
    fresh = np.random.default_rng(seed).standard_normal(size)
    # a little of everything, so that a start taken over cannot be stuck in directions that are no longer the first
    begin = fresh if start is None else start + 1e-3 * np.linalg.norm(start) * fresh / np.linalg.norm(fresh)
    if not times(begin).any():  # flat in every direction: ARPACK refuses a zero matrix
        return _ordered(np.zeros(count), np.eye(size, count), count)
    operator = LinearOperator((size, size), matvec=times, dtype=np.float64)
    basis = min(size, max(2 * count + 2, 6))
    values, vectors = eigsh(operator, count, which="LA", v0=begin, tol=tolerance, ncv=basis, maxiter=1000)
    return _ordered(values, vectors, count)


def _ordered(values: Array, vectors: Array, count: int) -> Eigenpairs:
    order = np.argsort(-values)[:count]
    rows = vectors[:, order].T
    signs = np.where(rows.sum(1) >= 0, 1.0, -1.0)
    return Eigenpairs(values[order], rows * signs[:, None])
