"""What the tests of words about digits share: the small digits, and the border 2/λ of their squared error by NumPy."""

import numpy as np
import pytest

from sgd_core.digits.datasets import Digits, load_digits
from tests.digits.plain_descent import squares_hessian


@pytest.fixture(scope="module")
def digits() -> Digits:
    """3 against 7 of the bundled digits; a file that needs others has a fixture of its own."""
    return load_digits("uci", (3, 7))


@pytest.fixture(scope="module")
def border(digits: Digits) -> float:
    """2 over the largest eigenvalue of the squared error's Hessian."""
    return float(2 / np.linalg.eigvalsh(squares_hessian(digits))[-1])
