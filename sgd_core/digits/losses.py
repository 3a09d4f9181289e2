"""The losses a digit model can learn by: each says what a score costs, what it means and what it decides.

Everywhere `scores` is (N, runs * maps) float32: N images, any number of runs side by side, and one map of weights for
two classes (a high score speaks for the first class) or one map for each of more classes. `targets` is (N, maps):
1 for the truth, 0 otherwise. With one map, runs stay columns: every further reshape costs time in each mini-batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Loss:
    """One loss: its name in code, its title, one line on when to use it, and its three definitions.

    `values(scores, targets)` -> (N, runs), what each image costs; a run's loss is the mean over images.
    `outputs(scores, maps)` -> (N, runs, maps), scores as the loss reads them (probabilities, or the scores themselves).
    `threshold` is the score above which a model of one map decides for the first class.
    """

    key: str
    title: str
    about: str
    values: Callable[[Tensor, Tensor], Tensor]
    outputs: Callable[[Tensor, int], Tensor]
    threshold: float

    def decide(self, scores: Tensor, maps: int) -> Tensor:
        """(N, runs) int64, for each image the index into `classes` of the class with the best score."""
        if maps == 1:
            return (scores <= self.threshold).long()
        return _by_run(scores, maps).argmax(-1)


def maps_for(classes: int) -> int:
    """How many scores tell `classes` classes apart: one for two, else one each."""
    return 1 if classes == 2 else classes


def targets_for(labels: Tensor, classes: int) -> Tensor:
    """What the outputs should be, (N, maps) float32, for labels (N,) that are indices into the classes."""
    if classes == 2:
        return (labels == 0).float().unsqueeze(1)
    return functional.one_hot(labels, classes).float()


def probabilities(scores: Tensor, maps: int) -> Tensor:
    """Sigmoid of single scores, softmax of a run's several, (N, runs, maps)."""
    by_run = _by_run(scores, maps)
    return by_run.sigmoid() if maps == 1 else by_run.softmax(-1)


def _by_run(scores: Tensor, maps: int) -> Tensor:
    return scores.view(len(scores), -1, maps)


def _cross_entropy(scores: Tensor, targets: Tensor) -> Tensor:
    maps = targets.shape[1]
    if maps == 1:
        return functional.binary_cross_entropy_with_logits(scores, targets.expand_as(scores), reduction="none")
    by_run, truth = _by_run(scores, maps), targets.unsqueeze(1)
    if not scores.requires_grad:
        # Judging a whole set, minus the log-softmax of the truth is computed as the log-sum-exp of how far each score
        # lies above the true one: as exact, and torch takes a third of the time for it.
        return (by_run - (by_run * truth).sum(-1, keepdim=True)).logsumexp(-1)
    return -(by_run.log_softmax(-1) * truth).sum(-1)


def _mean_absolute_error(scores: Tensor, targets: Tensor) -> Tensor:
    maps = targets.shape[1]
    if maps == 1:
        return (targets - scores.sigmoid()).abs()
    return (targets.unsqueeze(1) - probabilities(scores, maps)).abs().mean(-1)


def _mean_squared_error(scores: Tensor, targets: Tensor) -> Tensor:
    maps = targets.shape[1]
    if maps == 1:
        return (scores - targets).square()
    return (_by_run(scores, maps) - targets.unsqueeze(1)).square().mean(-1)


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
            outputs=_by_run,
            threshold=0.5,
        ),
    )
}
