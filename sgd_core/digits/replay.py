"""A segment of a run in a few plain values, and trained again from them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sgd_core.digits.config import MOST_EPOCHS, TrainConfig, check_lr
from sgd_core.digits.datasets import Digits
from sgd_core.digits.snapshots import Snapshot, StepRequest
from sgd_core.digits.training import train


@dataclass(frozen=True)
class Segment:
    """A run from its beginning, or from a moment of another one, with a moment at which a branch leaves it.

    `step` is that moment, `reached` the steps made in the end, both counted from the very first step; `rates` are the
    last snapshot's. Raises ValueError on numbers that contradict each other.
    """

    config: TrainConfig
    step: int
    reached: int
    rates: tuple[tuple[int, float], ...]

    def __post_init__(self) -> None:
        """Refuse what no run can have been."""
        steps = [self.step, self.reached, *(step for step, _ in self.rates)]
        if any(not isinstance(step, int) or isinstance(step, bool) or step < 0 for step in steps):
            raise ValueError("The steps of a run are whole numbers from 0.")
        if self.reached < self.step or sorted(step for step, _ in self.rates) != [step for step, _ in self.rates]:
            raise ValueError("The steps of a run must be in order.")
        for _, lr in self.rates:
            check_lr(lr)

    def to_plain(self) -> list[Any]:
        """As JSON has it, short: of the configuration only what differs from the default."""
        usual = TrainConfig().to_dict()
        settings = {name: value for name, value in self.config.to_dict().items() if value != usual[name]}
        return [settings, self.step, self.reached, [list(rate) for rate in self.rates]]

    @classmethod
    def from_plain(cls, plain: Any) -> Segment:
        """What `to_plain` gave; ValueError on anything else."""
        try:
            settings, step, reached, rates = plain
            pairs = tuple((at, lr) for at, lr in rates)
        except (TypeError, ValueError):
            raise ValueError(f"This describes no run: {str(plain)[:80]}.") from None
        if not isinstance(settings, dict):
            raise ValueError(f"These are no settings of a run: {str(settings)[:80]}.")
        return cls(TrainConfig.from_dict(settings), step, reached, pairs)


def replay(segment: Segment, digits: Digits, after: Snapshot | None = None) -> Iterator[Snapshot]:
    """Train a segment again, bit for bit; yield its epochs' ends, the moment `segment.step`, and the last one.

    Learning rates set by hand are set at the same steps. What may have ended the run is left out, since it is known
    how far it went; with a constant learning rate the number of epochs, too, is only such a limit. It ends early if it
    diverges, or if the configuration's schedule does.
    """
    begin = after.step if after else 0
    set_before = [lr for step, lr in segment.rates if step <= begin]
    config = replace(
        segment.config, patience=None, seconds=None, lr=set_before[-1] if set_before else segment.config.lr
    )
    if config.schedule == "constant":
        config = replace(config, epochs=MOST_EPOCHS)
    changes = {step: lr for step, lr in segment.rates if step > begin}
    run = train(config, digits, after=after)
    now = next(run)
    yield now
    while now.step < segment.reached and now.status == "running":
        lr = changes.get(now.step)
        goal = min(step for step in (*changes, segment.step, segment.reached, math.inf) if step > now.step)
        now = run.send(StepRequest(steps=int(goal) - now.step, lr=lr))
        yield now
