"""The exported notebook in a real Jupyter kernel, in a folder from which this project cannot be seen."""

from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

import sgd_core
from sgd_core.digits.segments import segments_until
from sgd_core.export.files import run_notebook

BLIND = "import importlib.util, os, sys\nprint(importlib.util.find_spec('sgd_core'), os.getcwd())"


def test_a_branched_run_is_repeated_cell_by_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digits = sgd_core.load_digits("uci", None)
    first = sgd_core.TrainConfig(classes=None, epochs=3, lr=0.2, optimizer_options={"momentum": 0.9})
    trunk = sgd_core.train(first, digits)
    shown = [next(trunk), next(trunk)]
    fork = trunk.send(sgd_core.StepRequest(steps=5, lr=0.05))
    second = replace(first, optimizer="adam", optimizer_options={}, lr=0.01)
    branch = list(sgd_core.train(second, digits, after=fork))
    now = branch[-1]
    shown += [fork, *branch[1:]]
    segments = segments_until(second, now, segments_until(first, fork))
    notebook = nbformat.reads(run_notebook(segments, now), as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(BLIND))

    monkeypatch.delenv("PYTHONPATH", raising=False)
    client = NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()

    printed = ["".join(output.text for output in cell.get("outputs", [])) for cell in notebook.cells]
    assert printed[0].split() == ["None", str(tmp_path)]
    lines = "".join(printed[1:]).splitlines()
    numbers = np.array([[float(part) for part in line.split()] for line in lines])
    wanted = np.array([[s.epoch, s.train_loss, s.valid_loss, s.valid_accuracy] for s in shown])
    assert numbers.shape == wanted.shape and np.allclose(numbers, wanted, atol=1e-6)
