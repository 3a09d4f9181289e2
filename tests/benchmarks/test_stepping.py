"""Ten thousand steps of six optimizers at once, against torch.optim one by one, in processor time. Asserts none."""

import time

import numpy as np
import pytest
import torch

from sgd_core.calculus.catalogue import example
from sgd_core.charts.downsample import downsample as thin
from sgd_core.descent.descend import descend
from sgd_core.descent.optimizers import OPTIMIZERS, Optimizer

STEPS, LR = 10_000, 0.01
SIX = [
    Optimizer("sgd"),
    Optimizer("sgd", momentum=0.9),
    Optimizer("sgd", momentum=0.9, nesterov=True),
    Optimizer("rmsprop"),
    Optimizer("adagrad"),
    Optimizer("adam"),
]


def best_of(rounds, work):
    seconds = []
    for _ in range(rounds):
        begun = time.process_time()
        result = work()
        seconds.append(time.process_time() - begun)
    return min(seconds), result


@pytest.mark.benchmark
def test_ten_thousand_steps_of_six_optimizers(capsys):
    function, start = example("ripples").function, 5.0
    ours, frame = best_of(3, lambda: descend(function, start, LR, STEPS, SIX))

    def one_by_one():
        for optimizer in SIX:
            w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
            theirs = getattr(torch.optim, OPTIMIZERS[optimizer.name].torch_name)([w], lr=LR, **optimizer.options)
            for _ in range(STEPS // 10):  # a tenth, times ten
                theirs.zero_grad()
                loss = function(w)
                loss.backward()
                loss.item(), w.item(), w.grad.item()
                theirs.step()

    one_by_one()  # the first use of torch.optim loads torch's compiler, which is no step
    torch_optim = 10 * best_of(1, one_by_one)[0]
    runs = [run[["x", "loss"]].to_numpy() for _, run in frame.groupby("run")]
    thinning, kept = best_of(3, lambda: [thin(list(run.T), 160).until(STEPS) for run in runs])
    drawn = sum(len(rows) for rows in kept)
    for run, rows in zip(runs, kept, strict=True):
        assert np.isin([run[:, 1].argmin(), run[:, 1].argmax()], rows).all()
    with capsys.disabled():
        print(f"\n6 optimizers x {STEPS:,} steps, {torch.get_num_threads()} thread:")
        print(f"  one call of descend      {ours:6.2f} s")
        print(f"  torch.optim, one by one  {torch_optim:6.2f} s   {torch_optim / ours:.1f} x ours (aim: 10)")
        print(f"  thinned for the chart    {1000 * thinning:6.1f} ms, {drawn:,} of {6 * (STEPS + 1):,} points")
