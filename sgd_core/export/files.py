"""A run as files: a notebook, its weights, its picture. Each is made of what the run is, and of standard formats."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import altair as alt
import nbformat
import numpy as np
from safetensors.numpy import save

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.segments import Segment
from sgd_core.digits.snapshots import Snapshot
from sgd_core.export.training import script_parts
from sgd_core.numbers import number

LEGEND = 95  # pixels that a legend in a picture takes from the right


def run_notebook(segments: Sequence[Segment], now: Snapshot, train_count: int | None = None) -> str:
    """Return a Jupyter notebook (format 4) that repeats a run up to `now` and prints the numbers of its epochs.

    Its code cells, one after the other, are the script of `export.training.run_script`.
    """
    config = segments[-1].config
    cells = [
        nbformat.v4.new_markdown_cell(
            f"# {'The run' if len(segments) == 1 else 'The run and its branches'}\n\n"
            f"After {now.step:,} steps (epoch {number(now.epoch)}): training loss {now.train_loss:.6f}, validation loss "
            f"{now.valid_loss:.6f}, validation accuracy {now.valid_accuracy:.4f}. Each line below is the end of an epoch: "
            "its number, the training loss, the validation loss and the validation accuracy.\n\n"
            f"Settings: `{json.dumps(config.to_dict())}`"
        )
    ]
    for title, part in script_parts(segments, train_count):
        cells += [nbformat.v4.new_markdown_cell(f"## {title}"), nbformat.v4.new_code_cell(part.strip())]
    for place, cell in enumerate(cells):
        cell["id"] = f"cell-{place}"  # not random: the same run gives the same file
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})
    nbformat.validate(notebook)
    return nbformat.writes(notebook)


def run_weights(config: TrainConfig, now: Snapshot) -> bytes:
    """Return the parameters as safetensors, named as the exported script's `model.state_dict()` has them.

    The metadata hold the configuration as JSON (`config`), the moment (`step`, `epoch`, `valid_accuracy`) and, where the
    model takes something away from each image, that as JSON rows (`origin`).
    """
    names = [f"{layer}.{kind}" for layer in range(0, len(now.parameters), 2) for kind in ("weight", "bias")]
    tensors = {name: np.array(array) for name, array in zip(names, now.parameters, strict=True)}
    about = {"step": now.step, "epoch": now.epoch, "valid_accuracy": now.valid_accuracy}
    metadata = {"config": json.dumps(config.to_dict()), **{key: repr(value) for key, value in about.items()}}
    if now.origin is not None:
        metadata["origin"] = json.dumps(now.origin.tolist())
    return save(tensors, metadata)


def _legends_inside(spec: dict[str, Any]) -> dict[str, Any]:
    """Put legends at a chart's own top right corner: beside other charts Vega takes the left one for it."""
    for part in [spec, *spec.get("layer", [])]:
        for channel in part.get("encoding", {}).values():
            legend = channel.get("legend") if isinstance(channel, dict) else None
            if legend and legend.get("orient") == "top-right":
                legend |= {"orient": "none", "legendX": spec["width"] - LEGEND, "legendY": 2}
    return spec


def picture_png(columns: Sequence[Sequence[alt.Chart | alt.LayerChart]], *, width: int = 560) -> bytes:
    """Return charts as one PNG, column beside column; a chart without a width of its own gets `width` pixels."""
    import vl_convert  # large, and needed only when somebody asks for a picture

    datasets: dict[str, Any] = {}
    params: dict[str, Any] = {}  # such as the clock's moment, which stands where the chart was made to stand
    stacks = []
    for column in columns:
        specs = []
        for chart in column:
            spec = chart.to_dict()
            datasets |= spec.pop("datasets", {})
            params |= {param["name"]: param for param in spec.pop("params", [])}
            for name in ("$schema", "config", "autosize", "padding"):  # they belong to the whole picture
                spec.pop(name, None)
            specs.append(_legends_inside({"width": width, **spec}))
        stacks.append({"vconcat": specs})
    whole = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "datasets": datasets,
        "params": list(params.values()),
        "background": "white",
        "padding": 16,
        "hconcat": stacks,
        "resolve": {"scale": {"color": "independent", "strokeDash": "independent"}},
        "config": {"view": {"stroke": None}},
    }
    return bytes(vl_convert.vegalite_to_png(whole, scale=2))
