"""Plain gradient descent of a linear model on 3 against 7 in NumPy, float64: the truth that words on digits are held to."""

from typing import NamedTuple

import numpy as np


class Descent(NamedTuple):
    """Weights and bias in a row (steps + 1, size), losses (steps + 1,), and λ (steps + 1,) where it was asked for."""

    weights: np.ndarray
    losses: np.ndarray
    sharpness: np.ndarray


def images_of(digits):
    """Pixels and a 1 for the bias (N, size), and targets: 1 for a 3, 0 for a 7."""
    pixels = digits.train_images.flatten(1).double().numpy()
    return np.hstack([pixels, np.ones((len(pixels), 1))]), 1.0 - digits.train_labels.numpy()


def squares_hessian(digits):
    """The Hessian of the mean squared error, the same everywhere."""
    x, _ = images_of(digits)
    return 2 / len(x) * x.T @ x


def descend(digits, loss, lr, steps):
    """Take `steps` steps on all images from weights of 0 with the "squares" or the "cross-entropy"."""
    x, y = images_of(digits)
    w = np.zeros(x.shape[1])
    weights, losses, sharp = [], [], []
    for _ in range(steps + 1):
        scores = x @ w
        if loss == "squares":
            losses.append(((scores - y) ** 2).mean())
            slope, bend = 2 * (scores - y), np.full(len(x), 2.0)
        else:
            losses.append((np.logaddexp(0, scores) - y * scores).mean())
            p = 1 / (1 + np.exp(-scores))
            slope, bend = p - y, p * (1 - p)
        weights.append(w)
        sharp.append(np.linalg.eigvalsh(x.T @ (bend[:, None] * x) / len(x))[-1])
        w = w - lr * x.T @ slope / len(x)
    return Descent(np.array(weights), np.array(losses), np.array(sharp))
