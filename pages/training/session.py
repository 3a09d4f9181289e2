"""The runs of a visit: one for each configuration and beginning, kept while the learner looks elsewhere."""

from collections import OrderedDict
from collections.abc import Generator
from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st

from pages.ui.datasets import digits_of
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.history import history_frame, room_for, thinned
from sgd_core.digits.segments import Segment, segments_until, split_at, steps_of
from sgd_core.digits.training import Snapshot, StepRequest, train
from sgd_core.playback import Playback

MOST_RUNS = 6
CURVE = ["epoch", "train_loss", "valid_loss", "valid_accuracy"]


@dataclass(frozen=True, eq=False)
class Origin:
    """Where a branch begins: a moment of another run, how that run got there, and its curves to compare with.

    `segments` lead from the first step to the moment; `own` are the parent's, from where it began to as far as it went.
    """

    moment: Snapshot
    config: TrainConfig
    segments: tuple[Segment, ...]
    own: tuple[Segment, ...]
    curves: pd.DataFrame
    before: "Origin | None"

    @property
    def chain(self) -> "list[tuple[tuple[Segment, ...], int]]":
        """Each run from the first to this moment's: its own segments, and the step at which the next one leaves it."""
        return [*(self.before.chain if self.before else []), (self.own, self.moment.step)]


@dataclass(eq=False)
class Run:
    """A run with the settings in force; `segments` are those it made under others, from the very first step."""

    playback: Playback[Snapshot]
    config: TrainConfig
    origin: Origin | None
    segments: tuple[Segment, ...]
    until: int | None = None  # the epoch at whose end it shall pause

    def one_epoch(self) -> None:
        """Play to the end of the epoch that the moment shown is in."""
        now = self.playback.current
        self.until = int(now.epoch) + 1 if now is not None else None
        self.playback.play()

    def pause_if_due(self, now: Snapshot) -> None:
        """Pause where it was asked to; call it with every moment shown."""
        if self.until is not None and now.epoch >= self.until:
            self.until = None
            self.playback.pause()

    def segments_until(self, now: Snapshot) -> list[Segment]:
        """Return the segments from the very first step to `now`."""
        if now.step < steps_of(self.segments):
            return split_at(self.segments, now.step)[0]
        return segments_until(self.config, now, self.segments)

    @property
    def steered(self) -> bool:
        """Whether its learning rate was changed by hand, or its schedule stretched, after it began."""
        latest, begin = self.playback.latest, self.origin.moment.step if self.origin else 0
        stretched = self.segments != (self.origin.segments if self.origin else ())
        return stretched or (latest is not None and any(step > begin for step, _ in latest.rates))

    def begin(self) -> Generator[Snapshot, StepRequest | None, None]:
        """Return the run's snapshots from its beginning, which may be a moment of another run."""
        self.segments = self.origin.segments if self.origin else ()
        return start(self.config, self.origin.moment if self.origin else None)

    def follow(self, config: TrainConfig) -> None:
        """Take on the learning rate and the limits of `config`; a run that had ended by the old ones may go on."""
        latest = self.playback.latest
        if _limits(config) != _limits(self.config):
            before, self.config = self.config, config
            if latest is not None:
                if config.schedule != "constant" and latest.step > 0:  # another plan of learning rates from here on
                    self.segments = tuple(segments_until(before, latest, self.segments))
                self.playback.graft(start(config, latest))
        self.config = config
        if latest is not None and len(self.playback.history) == 1 and latest.rates[-1][1] != config.lr:
            self.playback.restart(self.begin())


def _limits(config: TrainConfig) -> tuple[object, ...]:
    return config.epochs, config.patience, config.seconds


def run_of(config: TrainConfig) -> Run:
    """Return the session's run of these settings, begun or not.

    Learning rate, epochs and the other limits are not part of what tells runs apart: changed in the middle of a run,
    they take effect at the next step, and more epochs let a finished run go on.
    """
    runs: OrderedDict[object, Run] = st.session_state.setdefault("training_runs", OrderedDict())
    origin = origin_for(config)
    run = runs.get(_name(config, origin))
    if run is None:
        run = Run(Playback(()), config, origin, ())
        run.playback = Playback(run.begin())
    keep(run)
    run.follow(config)
    if run.playback.latest is None:
        run.playback.advance()  # the moment before the first step
    if not run.playback.playing:
        run.until = None
    return run


def keep(run: Run) -> None:
    """Keep a run for the visit, as the latest one; the oldest ones go."""
    runs: OrderedDict[object, Run] = st.session_state.setdefault("training_runs", OrderedDict())
    name = _name(run.config, run.origin)
    runs[name] = run
    runs.move_to_end(name)
    while len(runs) > MOST_RUNS:
        runs.popitem(last=False)[1].playback.close()


def _name(config: TrainConfig, origin: Origin | None) -> object:
    return origin, replace(config, lr=1.0, epochs=1, patience=None, seconds=None)


def origin_for(config: TrainConfig) -> Origin | None:
    """Return where the present branch begins; None on no branch, which is also left for a model of other weights."""
    origin: Origin | None = st.session_state.get("training_origin")
    if origin is None or _shape(origin.config) == _shape(config):
        return origin
    st.toast("The branch is left: its weights do not fit this model and these classes.", icon=":material/call_split:")
    st.session_state.training_origin = None
    return None


def _shape(config: TrainConfig) -> tuple[object, ...]:
    return config.dataset, config.classes, config.model, config.hidden if config.model == "two_layer" else None


def branch(run: Run, moment: Snapshot | None = None) -> None:
    """Begin a branch at a moment of a run, if none is given at that under the cursor."""
    run.playback.pause()
    moment, latest = moment or run.playback.current, run.playback.latest
    if moment is None or latest is None:
        return
    curves = history_frame(thinned(run.playback.history, 200))[CURVE]
    if run.origin is not None:
        earlier = run.origin.curves
        curves = pd.concat([earlier[earlier["epoch"] < curves["epoch"].iloc[0]], curves])
    own = run.segments_until(latest)[len(run.origin.segments) if run.origin else 0 :]
    path = tuple(run.segments_until(moment))
    st.session_state.training_origin = Origin(moment, run.config, path, tuple(own), curves, run.origin)


def start(config: TrainConfig, after: Snapshot | None = None) -> Generator[Snapshot, StepRequest | None, None]:
    """Begin the training run of a configuration, or go on with it after a moment."""
    return train(config, digits_of(config.dataset, config.classes), after=after)


def bound(run: Run) -> None:
    """Keep the run's record within its bound; twice the bound is let grow before it is thinned."""
    latest = run.playback.latest
    if latest is not None and len(run.playback.history) > 2 * (room := room_for(latest)):
        run.playback.thin(lambda snapshots: thinned(snapshots, room))
