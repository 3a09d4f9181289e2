"""The losses a digit model can learn by: what an answer costs, and how that cost changes with each output.

Everywhere `scores` is (..., maps) and `targets` broadcasts against it: 1 for the truth, 0 otherwise. Two classes have
one map, whose high score speaks for the first class; more classes have a map each. A row of `LOSSES` is all that the
laboratory knows of a loss: to add one, write its value and its slope and a row; nothing else asks for names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

Value = Callable[[Tensor, Tensor], Tensor]
Slope = Callable[[Tensor, Tensor, int], Tensor]


@dataclass(frozen=True)
class Loss:
    """One loss.

    `key` is its name in code and links, `title` that on the screen, `about` one line on what it is, `when` one on when
    to use it. `values(scores, targets)` -> (...), what each image costs; a run's loss is the mean over images.
    `slopes(scores, targets, count)` -> (..., maps), the derivative of `values / count` by each score: that of the mean
    over `count` images. Where it matters, products are taken in autograd's order, so that they round as its do. `threshold` is the score above
    which a model of one map decides for the first class. `gives_probabilities`: `outputs` are probabilities, otherwise
    the scores themselves. `is_quadratic` in the scores: then a linear model's loss is exactly a parabola in each
    direction. `is_bounded`: no score makes it infinite, so training by it never diverges to infinity. `two_code` and
    `more_code` are the mean loss in torch, of `scores` (N, maps) and `labels` (N,) for two and for more classes, where
    `target(labels)` is the 0/1 target.
    """

    key: str
    title: str
    about: str
    when: str
    values: Value
    slopes: Slope
    threshold: float
    gives_probabilities: bool
    is_quadratic: bool
    is_bounded: bool
    two_code: str
    more_code: str

    def outputs(self, scores: Tensor) -> Tensor:
        """Scores as the loss reads them, of the same shape: probabilities, or the scores themselves."""
        return probabilities(scores) if self.gives_probabilities else scores

    @property
    def output_title(self) -> str:
        """What to call an output on an axis."""
        return "probability" if self.gives_probabilities else "score, aimed at 0 or 1"

    def decide(self, scores: Tensor) -> Tensor:
        """(...) int64, for each image the index into `classes` of the class with the best score."""
        if scores.shape[-1] == 1:
            return (scores.squeeze(-1) <= self.threshold).long()
        return scores.argmax(-1)

    def torch_code(self, classes: int) -> str:
        """The mean loss in torch for so many classes."""
        return self.two_code if classes == 2 else self.more_code


def maps_for(classes: int) -> int:
    """How many scores tell `classes` classes apart: one for two, else one each."""
    return 1 if classes == 2 else classes


def targets_for(labels: Tensor, classes: int) -> Tensor:
    """What the outputs should be, (N, maps) float32, for labels (N,) that are indices into the classes."""
    if classes == 2:
        return (labels == 0).to(torch.float32).unsqueeze(1)
    return functional.one_hot(labels, classes).to(torch.float32)


def probabilities(scores: Tensor) -> Tensor:
    """Sigmoid of single scores, softmax of several, of the shape of `scores`."""
    return scores.sigmoid() if scores.shape[-1] == 1 else scores.softmax(-1)


def _mean(values: Tensor) -> Tensor:
    return values.squeeze(-1) if values.shape[-1] == 1 else values.mean(-1)


def cross_entropy(scores: Tensor, targets: Tensor) -> Tensor:
    """-log(probability of the truth)."""
    if scores.shape[-1] == 1:
        truth = targets.expand_as(scores)
        # what `functional` calls with reduction="none" (0), without its checks: they cost more than the formula
        return torch.binary_cross_entropy_with_logits(scores, truth, None, None, 0).squeeze(-1)
    # Minus the log-softmax of the truth, written as the log-sum-exp of how far each score lies above the true one:
    # as exact, and torch takes a third of the time for it.
    return (scores - (scores * targets).sum(-1, keepdim=True)).logsumexp(-1)


def cross_entropy_slopes(scores: Tensor, targets: Tensor, count: int = 1) -> Tensor:
    """p - t, with p the probability that the scores give."""
    if scores.shape[-1] == 1:
        return (scores.sigmoid() - targets).div_(count)
    # exp(log p) - t by the kernel that autograd calls, since its exp rounds otherwise than torch.exp
    log_p = scores.log_softmax(-1)
    above = (targets / -count).expand_as(log_p).contiguous()
    return torch.ops.aten._log_softmax_backward_data(above, log_p, -1, scores.dtype)


def mean_absolute_error(scores: Tensor, targets: Tensor) -> Tensor:
    """|t - p|, with p the probability that the scores give."""
    return _mean((targets - probabilities(scores)).abs())


def mean_absolute_error_slopes(scores: Tensor, targets: Tensor, count: int = 1) -> Tensor:
    """sign(p - t) times dp/ds: (1 - p) p for one map; for more, (u_i - sum of u_j p_j) p_i with u the signs."""
    p = probabilities(scores)
    signs = (p - targets).sign() * (1 / (count * scores.shape[-1]))
    if scores.shape[-1] == 1:
        return signs * (1 - p) * p
    return (signs - (signs * p).sum(-1, keepdim=True)) * p


def mean_squared_error(scores: Tensor, targets: Tensor) -> Tensor:
    """(s - t)²."""
    return _mean((scores - targets).square())


def mean_squared_error_slopes(scores: Tensor, targets: Tensor, count: int = 1) -> Tensor:
    """2 (s - t), over the number of maps."""
    return (scores - targets) * (2 / (count * scores.shape[-1]))


def huber(scores: Tensor, targets: Tensor) -> Tensor:
    """(s - t)² / 2 within 1 of the target, |s - t| - 1/2 beyond."""
    return _mean(functional.huber_loss(scores, targets.expand_as(scores), reduction="none"))


def huber_slopes(scores: Tensor, targets: Tensor, count: int = 1) -> Tensor:
    """s - t, held between -1 and 1, over the number of maps."""
    return (scores - targets).clamp_(-1, 1) * (1 / (count * scores.shape[-1]))


LOSSES: dict[str, Loss] = {
    loss.key: loss
    for loss in (
        Loss(
            key="cross_entropy",
            title="Cross-entropy",
            about="Minus the logarithm of the probability given to the truth.",
            when="The usual choice for telling classes apart: it corrects most what is most wrong.",
            values=cross_entropy,
            slopes=cross_entropy_slopes,
            threshold=0.0,
            gives_probabilities=True,
            is_quadratic=False,
            is_bounded=False,
            two_code="F.binary_cross_entropy_with_logits(scores, target(labels))",
            more_code="F.cross_entropy(scores, labels)",
        ),
        Loss(
            key="mean_absolute_error",
            title="Mean absolute error",
            about="The book's mnist_loss: how far the probability is from 1 or 0; hardly corrects what is badly wrong.",
            when="To follow the book; otherwise rarely, since an answer that is surely wrong gets hardly any gradient.",
            values=mean_absolute_error,
            slopes=mean_absolute_error_slopes,
            threshold=0.0,
            gives_probabilities=True,
            is_quadratic=False,
            is_bounded=True,
            two_code="(target(labels) - scores.sigmoid()).abs().mean()",
            more_code="(target(labels) - scores.softmax(1)).abs().mean()",
        ),
        Loss(
            key="mean_squared_error",
            title="Mean squared error",
            about="The squared distance of the raw score from 1 or 0: for the linear model exactly a quadratic bowl.",
            when="To see theory hold to the digit: the border 2 / lambda is exact for the linear model.",
            values=mean_squared_error,
            slopes=mean_squared_error_slopes,
            threshold=0.5,
            gives_probabilities=False,
            is_quadratic=True,
            is_bounded=False,
            two_code="F.mse_loss(scores, target(labels))",
            more_code="F.mse_loss(scores, target(labels))",
        ),
        Loss(
            key="huber",
            title="Huber",
            about="Half the squared distance of the raw score from 1 or 0, and beyond a distance of 1 the distance itself.",
            when="For targets with outliers: a score that is far off pulls no harder than one that is off by 1.",
            values=huber,
            slopes=huber_slopes,
            threshold=0.5,
            gives_probabilities=False,
            is_quadratic=False,
            is_bounded=False,
            two_code="F.huber_loss(scores, target(labels))",
            more_code="F.huber_loss(scores, target(labels))",
        ),
    )
}
"""Every loss by its key."""
