"""The files a run is exported as: read back by the libraries that own their formats, and run."""

import io
import json
from pathlib import Path

import nbformat
import numpy as np
import pytest
from executing import check, run
from PIL import Image
from safetensors import safe_open

import sgd_core
from sgd_core.charts.history import HISTORY, error_curves, history_rows, loss_curves
from sgd_core.charts.maps import live_frame, live_maps
from sgd_core.charts.vega import moved_by_clock
from sgd_core.digits.history import history_frame
from sgd_core.digits.segments import Segment
from sgd_core.export.files import picture_png, run_notebook, run_weights
from sgd_core.export.training import run_script

CONFIG = sgd_core.TrainConfig(model="two_layer", init="default", hidden=5, epochs=3, optimizer="adam", lr=0.01)


@pytest.fixture(scope="module")
def shown() -> list[sgd_core.Snapshot]:
    return list(sgd_core.train(CONFIG, sgd_core.load_digits("uci")))


def test_the_cells_of_the_notebook_repeat_the_run(shown: list[sgd_core.Snapshot]) -> None:
    now = shown[-1]
    text = run_notebook([Segment(CONFIG, now.step)], now)
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert [cell.cell_type for cell in notebook.cells] == ["markdown"] + ["markdown", "code"] * 3
    assert f"{now.train_loss:.6f}" in notebook.cells[0].source
    check("\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code"), shown)
    assert text == run_notebook([Segment(CONFIG, now.step)], now)


def test_the_weights_load_into_the_scripts_model(tmp_path: Path, shown: list[sgd_core.Snapshot]) -> None:
    file = tmp_path / "weights.safetensors"
    file.write_bytes(run_weights(CONFIG, shown[-1]))
    with safe_open(str(file), "pt") as opened:
        about = opened.metadata()
    assert sgd_core.TrainConfig.from_dict(json.loads(about["config"])) == CONFIG
    assert int(about["step"]) == shown[-1].step and float(about["valid_accuracy"]) == shown[-1].valid_accuracy
    script = run_script([Segment(CONFIG, 0)])  # the model, not trained
    script += f"\nfrom safetensors.torch import load_file\nmodel.load_state_dict(load_file({str(file)!r}))\nreport(3)\n"
    numbers = [float(part) for part in run(script)[-1].split()]
    assert numbers[1:] == pytest.approx(
        [shown[-1].train_loss, shown[-1].valid_loss, shown[-1].valid_accuracy], abs=1e-6
    )


def test_the_picture_is_a_picture_of_all_charts(shown: list[sgd_core.Snapshot]) -> None:
    history = history_frame(shown)[HISTORY]
    frame = history_rows(history, images=70, parent=history[:2], marks=[(1, "lr 0.1")])
    curves = [
        loss_curves(frame, x_domain=(0, 3), y_domain=(0, 1), log=False, log_steps=False),
        error_curves(frame, x_domain=(0, 3), y_domain=(0.01, 1), log_steps=False, baselines=(("chance", 0.5),)),
    ]
    curves = [moved_by_clock(chart, len(shown) - 1) for chart in curves]
    tiles = live_maps(live_frame(shown[-1].weights, list("abcde"), limit=1.0, columns=4), count=5, columns=4, tile=60)
    image = np.asarray(Image.open(io.BytesIO(picture_png([curves, [tiles]]))).convert("RGB")).astype(int)
    assert image.shape[0] > 700 and image.shape[1] > 1200
    right = image[:, image.shape[1] * 2 // 3 :]
    assert (np.ptp(right, axis=2) > 60).sum() > 1000, "the maps are coloured"
    left = image[:, : image.shape[1] // 2]
    for color in ((63, 106, 216), (212, 98, 10)):  # training and validation
        assert (np.abs(left - color).sum(2) < 30).sum() > 100
    assert np.ptp(image[:, :120], axis=2).max() < 40, "at the left are the axis' words, in grey, and no legend"


def test_a_diverged_run_can_be_exported_too() -> None:
    config = sgd_core.TrainConfig(loss="mean_squared_error", lr=50.0, epochs=50)
    last = list(sgd_core.train(config, sgd_core.load_digits("uci")))[-1]
    assert last.status == "diverged"
    lines = run(run_script([Segment(config, last.step)]))
    numbers = [float(part) for part in lines[-1].split()]
    assert (len(numbers), numbers[0]) == (4, pytest.approx(last.epoch))
    assert np.allclose(numbers[1:3], [last.train_loss, last.valid_loss], rtol=1e-3, equal_nan=True)
