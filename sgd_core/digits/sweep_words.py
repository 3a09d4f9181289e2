"""A sweep of learning rates moment by moment, in numbers and words."""

import numpy as np
import pandas as pd

from sgd_core.descent.regime_names import DIVERGING
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.sweep import sweep_frame
from sgd_core.digits.sweep_moments import RATES, Sweep, Swept
from sgd_core.numbers import counted, number, percent

FINE = 1.01  # an accuracy this close below the best looks fine
TERRIBLE = 2.0  # a loss so many times the best is terrible


def sweep_table(sweep: Sweep, moments: list[Swept]) -> pd.DataFrame:
    """Return a row a learning rate and moment, with its regime by then."""
    frame = sweep_frame(sweep.rates, [swept.moment for swept in moments], sweep.config.epochs)
    frame = frame.sort_values(["epoch", "lr"], kind="stable", ignore_index=True)
    count = len(sweep.rates)
    return frame.assign(
        moment=np.repeat(np.arange(len(moments)), count),
        regime=np.concatenate([swept.regimes["regime"].to_numpy().astype(str) for swept in moments]),
    )


def sweep_numbers(moments: list[Swept]) -> pd.DataFrame:
    """Return what the clock shows of each moment."""
    rows = []
    for swept in moments:
        losses = swept.moment.losses
        if losses is None:
            continue
        finite = np.nan_to_num(losses.train_loss.numpy(), nan=np.inf)
        best = int(finite.argmin())
        counts = swept.regimes["regime"].value_counts()
        rows.append(
            {
                "epoch": number(swept.epoch),
                "lowest loss": number(finite[best]),
                "at": number(float(swept.regimes["lr"].iloc[best]), 3),
                "best accuracy": percent(float(np.nanmax(losses.valid_accuracy.numpy()))),
                "diverging": f"{counts.get(DIVERGING, 0)} of {RATES}",
            }
        )
    return pd.DataFrame(rows)


def tell_sweep(sweep: Sweep, frame: pd.DataFrame, regimes: pd.DataFrame) -> list[str]:
    """Say what the sweep shows of the learning rates, and where loss and accuracy disagree."""
    epoch, config = int(frame["epoch"].max()), sweep.config
    if epoch == 0:
        return [
            f"Nothing is trained yet: all {len(regimes)} begin at the loss {number(frame['train_loss'].iloc[0])}. Press **Sweep**."
        ]
    sentences = []
    diverging = regimes[regimes["regime"] == DIVERGING]["lr"]
    exact = LOSSES[config.loss].is_quadratic and config.batch_size is None
    if not diverging.empty:
        smallest = float(diverging.min())
        below = regimes[regimes["lr"] < smallest]["lr"]
        between = f"between {number(below.max())} and {number(smallest)}" if len(below) else f"below {number(smallest)}"
        ratio = f" The two differ by {percent(abs(smallest / sweep.border - 1), 2)}." if sweep.zoomed else ""
        why = "" if exact else " Theory is exact for full batches and the mean squared error only."
        sentences.append(f"The cliff stands {between}; 2/λ = {number(sweep.border)} was predicted.{ratio}{why}")
    else:
        above = int((regimes["lr"] > sweep.border).sum())
        if above:
            sentences.append(
                f"{above} of the learning rates lie above 2/λ = {number(sweep.border)}, and none diverges: the loss bends less "
                "and less as the model learns, so the border moves away. See *sharpness along a run*."
            )
    if exact and epoch < 20:
        sentences.append(
            f"After {counted(epoch, 'step')} a slow explosion is still small; more epochs sharpen the border."
        )
    sentences.append(_split(frame))
    good = frame[(frame["epoch"] == epoch) & np.isfinite(frame["train_loss"])]
    if not good.empty:
        best = good.loc[good["train_loss"].idxmin()]
        sentences.append(
            f"The lowest training loss so far, {number(best['train_loss'])}, belongs to the learning rate {number(best['lr'], 3)}."
        )
    return sentences


def _split(frame: pd.DataFrame) -> str:
    """Say where accuracy still looks fine although the loss is terrible."""
    ends = frame[(frame["epoch"] == frame["epoch"].max()) & np.isfinite(frame["valid_loss"])]
    if ends.empty:
        return ""
    best_accuracy, best_loss = ends["valid_accuracy"].max(), ends["valid_loss"].min()
    hidden = ends[(ends["valid_accuracy"] >= best_accuracy / FINE) & (ends["valid_loss"] >= TERRIBLE * best_loss)]
    hidden = hidden[hidden["lr"] > ends.loc[ends["valid_loss"].idxmin(), "lr"]]
    if hidden.empty:
        return ""
    worst = hidden.loc[hidden["valid_loss"].idxmax()]
    return (
        f"Accuracy hides it: at {number(worst['lr'], 3)} it is {percent(worst['valid_accuracy'])}, as good as any, while the "
        f"validation loss is {number(worst['valid_loss'], 3)}, {number(worst['valid_loss'] / best_loss, 3)} times the best. Look at both."
    )
