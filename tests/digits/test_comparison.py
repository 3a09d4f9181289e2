"""Runs side by side: only what differs, and each run's own results."""

from dataclasses import replace

from sgd_core.digits.comparison import CURVE, SavedRun, comparison, name_by_difference
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import load_digits
from sgd_core.digits.history import history_frame
from sgd_core.digits.training import StepRequest, train


def kept(config, lr=None):
    run = train(config, load_digits("uci"))
    snapshots = [next(run), run.send(StepRequest(lr=lr)), *run]
    return SavedRun(config, history_frame(snapshots)[CURVE], snapshots[-1])


def test_the_table_holds_what_differs_and_the_results():
    config = TrainConfig(epochs=3)
    runs = {
        "plain": kept(config),
        "changed": kept(config, lr=0.1),
        "momentum": kept(replace(config, optimizer_options={"momentum": 0.9})),
    }
    table = comparison(runs)
    assert list(table["run"]) == list(runs)
    results = ["steps", "went", "train_loss", "valid_loss", "accuracy", "best", "status"]
    assert set(table) == {"run", "lr", "optimizer", *results}
    assert list(table["lr"]) == ["0.5", "0.1", "0.5"] and table["optimizer"][2] == "SGD momentum=0.9"
    for name, row in zip(runs, table.itertuples(), strict=True):
        assert row.accuracy == runs[name].last.valid_accuracy == runs[name].curves["valid_accuracy"].iloc[-1]


def test_one_run_has_nothing_that_differs():
    assert "lr" not in comparison({"one": kept(TrainConfig(epochs=1))})


def test_a_run_is_named_by_what_sets_it_apart_from_the_first():
    config, runs = TrainConfig(epochs=2), {}
    for other in (
        config,
        replace(config, lr=0.05),
        replace(config, optimizer="adam"),
        replace(config, schedule="cosine"),
        config,
        config,
    ):
        run = kept(other)
        runs[name_by_difference(run, runs)] = run
    names = ["linear, lr 0.5", "lr 0.05", "Adam", "schedule cosine", "the same again", "the same again (2)"]
    assert list(runs) == names, "the rate as set, not what the schedule has made of it"
