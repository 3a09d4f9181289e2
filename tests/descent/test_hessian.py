"""Eigenvalues from products alone against numpy's dense ones."""

import numpy as np
import pytest
import torch

from sgd_core.descent.hessian import hessian_product, top_eigenpairs


def quartic(w):
    return (w**4).sum() / 12 + w.prod() + (w[:-1] * w[1:]).sum()


@pytest.mark.parametrize("size", [3, 10, 40])
@pytest.mark.parametrize("count", [1, 3])
def test_they_are_the_dense_hessians_in_order_with_their_sign(size, count):
    at = torch.randn(size, dtype=torch.float64, generator=torch.Generator().manual_seed(size))
    values, vectors = np.linalg.eigh(torch.autograd.functional.hessian(quartic, at).numpy())
    found = top_eigenpairs(hessian_product(quartic, at), size, count, dtype=torch.float64)
    np.testing.assert_allclose(found.values, values[::-1][:count], rtol=1e-6)
    for vector, truth in zip(found.vectors, vectors.T[::-1], strict=False):
        assert abs(vector @ truth) == pytest.approx(1, abs=1e-5) and vector.sum() >= 0


def test_the_largest_may_be_negative_or_zero():
    for sign in (-1.0, 0.0):
        curvatures = sign * torch.arange(1, 31, dtype=torch.float64)
        product = hessian_product(lambda w, c=curvatures: (c * w.square()).sum() / 2, torch.ones(30).double())
        assert top_eigenpairs(product, 30, dtype=torch.float64).values[0] == pytest.approx(sign)
    flat = hessian_product(lambda w: w.sum(), torch.ones(30).double())
    assert top_eigenpairs(flat, 30, 2, dtype=torch.float64).values.tolist() == [0, 0]


def test_a_start_near_the_answer_saves_products():
    at = torch.randn(200, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    used = []

    def counted(vector):
        used.append(1)
        return product(vector)

    product = hessian_product(quartic, at)
    cold = top_eigenpairs(counted, 200, 2, dtype=torch.float64)
    first = len(used)
    warm = top_eigenpairs(counted, 200, 2, start=cold.start, dtype=torch.float64)
    assert len(used) - first < first
    np.testing.assert_allclose(warm.values, cold.values, rtol=1e-8)


def test_senseless_questions_get_a_sentence():
    product = hessian_product(quartic, torch.ones(5))
    with pytest.raises(ValueError, match="from 1 to 5"):
        top_eigenpairs(product, 5, 6)
    with pytest.raises(ValueError, match="curvature"):
        top_eigenpairs(hessian_product(quartic, torch.full((20,), torch.nan)), 20)
