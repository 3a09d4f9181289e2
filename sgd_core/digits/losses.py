"""The losses a digit model can learn by: each says what a score costs, what it means and what it decides.

Everywhere `scores` is (N, lanes, maps) float32: N images, any number of runs side by side, and one map of weights for
two classes (a high score speaks for the first class) or one map for each of more classes. `targets` is (N, maps):
1 for the truth, 0 otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Loss:
    """One loss: its name in code, its title, one line on when to use it, and its three definitions.

    `values(scores, targets)` -> (N, lanes), what each image costs; a run's loss is the mean over images.
    `outputs(scores)` -> (N, lanes, maps), the score as the loss reads it (a probability, or the score itself).
    `threshold` is the score above which a model of one map decides for the first class.
    """

    key: str
    title: str
    about: str
    values: Callable[[Tensor, Tensor], Tensor]
    outputs: Callable[[Tensor], Tensor]
    threshold: float

    def decide(self, scores: Tensor) -> Tensor:
        """(N, lanes) int64, for each image the index into `classes` of the class with the best score."""
        if scores.shape[-1] == 1:
            return (scores.squeeze(-1) <= self.threshold).long()
        return scores.argmax(-1)


def maps_for(classes: int) -> int:
    """How many scores tell `classes` classes apart: one for two, else one each."""
    return 1 if classes == 2 else classes


def targets_for(labels: Tensor, classes: int) -> Tensor:
    """What the outputs should be, (N, maps) float32, for labels (N,) that are indices into the classes."""
    if classes == 2:
        return (labels == 0).float().unsqueeze(1)
    return functional.one_hot(labels, classes).float()


def probabilities(scores: Tensor) -> Tensor:
    """Sigmoid of a single score, softmax of several; same shape as `scores`."""
    return scores.sigmoid() if scores.shape[-1] == 1 else scores.softmax(-1)


def _cross_entropy(scores: Tensor, targets: Tensor) -> Tensor:
    if scores.shape[-1] == 1:
        wanted = targets.unsqueeze(1).expand_as(scores)
        return functional.binary_cross_entropy_with_logits(scores, wanted, reduction="none").squeeze(-1)
    return -(scores.log_softmax(-1) * targets.unsqueeze(1)).sum(-1)


def _mean_absolute_error(scores: Tensor, targets: Tensor) -> Tensor:
    return (targets.unsqueeze(1) - probabilities(scores)).abs().mean(-1)


def _mean_squared_error(scores: Tensor, targets: Tensor) -> Tensor:
    return (scores - targets.unsqueeze(1)).square().mean(-1)


def _identity(scores: Tensor) -> Tensor:
    return scores


LOSSES: dict[str, Loss] = {
    loss.key: loss
    for loss in (
        Loss(
            key="cross_entropy",
            title="Cross-entropy",
            about="The usual choice: minus the logarithm of the probability given to the truth.",
            values=_cross_entropy,
            outputs=probabilities,
            threshold=0.0,
        ),
        Loss(
            key="mean_absolute_error",
            title="Mean absolute error",
            about="The book's mnist_loss: how far the probability is from 1 or 0; hardly corrects what is badly wrong.",
            values=_mean_absolute_error,
            outputs=probabilities,
            threshold=0.0,
        ),
        Loss(
            key="mean_squared_error",
            title="Mean squared error",
            about="The squared distance of the raw score from 1 or 0: for the linear model exactly a quadratic bowl.",
            values=_mean_squared_error,
            outputs=_identity,
            threshold=0.5,
        ),
    )
}
