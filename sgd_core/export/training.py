"""The script of a training run: plain PyTorch, nothing of this project, the same numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sgd_core.descent.optimizers import Optimizer
from sgd_core.descent.schedules import scheduler_code
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import UCI_SPLIT_SEED, UCI_VALIDATION_SHARE, DatasetMissing, training_count
from sgd_core.digits.inputs import INPUTS
from sgd_core.digits.losses import LOSSES
from sgd_core.digits.segments import Segment
from sgd_core.digits.sources import SOURCES
from sgd_core.digits.storage import archives, public_addresses, raw_files
from sgd_core.export.rendering import render

SMALLEST_DOWNLOAD = 10_000  # training images that two classes of any downloaded data set have at least


def training_script(config: TrainConfig, train_count: int | None = None) -> str:
    """Return the script that repeats a run and prints, for each epoch, both losses and the validation accuracy.

    `train_count` is the number of training images, which a schedule and a very large batch need to know; it is counted
    where the data set is there, else ValueError. The time limit is left out: it is no number.
    """
    return run_script([Segment(config)], train_count)


def run_script(segments: Sequence[Segment], train_count: int | None = None) -> str:
    """Return the script of a run as it went: learning rates changed on the way, branches, and where it ended.

    It prints a line at each epoch's and each segment's end: the epoch, both losses, the validation accuracy.
    """
    parts = [text for _, text in script_parts(segments, train_count)]
    gaps = ["\n\n" if "\ndef " in f"\n{part}" else "\n" for part in parts[1:]]
    return parts[0] + "".join(gap + part for gap, part in zip(gaps, parts[1:], strict=True))


def script_parts(segments: Sequence[Segment], train_count: int | None = None) -> list[tuple[str, str]]:
    """Return the script in parts with their titles, in order: the data, the model, and the segments that made steps.

    Raises ValueError on no segment, on one without an end before the last, and where the number of training images is
    needed and not known.
    """
    if not segments or any(segment.steps is None for segment in segments[:-1]):
        raise ValueError("A run consists of segments, of which only the last one may be without an end.")
    begin, last = segments[0].config, segments[-1]
    moving = [segment for segment in segments if segment.steps != 0]
    count = train_count or known_count(begin)
    loss = moving[0].config.loss if moving else begin.loss
    if len(moving) <= 1 and (simple := _simple([*moving, *segments][0], count)):
        training = [("Training", render("run", run=simple))]
        modules = []
    else:
        if last.steps is None and last.config.patience:
            raise ValueError("After other segments patience ends a run at a step that has to be given.")
        parts = _timeline(segments, count)
        scheduled, clipped = (any(part[name] for part in parts) for name in ("scheduler", "clip"))
        training = [
            (
                "Training" if number == 0 else f"From step {part['first_step']:,} on",
                render("segment", part=part, first=number == 0, scheduled=scheduled, clipped=clipped),
            )
            for number, part in enumerate(parts)
        ]
        modules = ["math"]
    context = script_context(replace(begin, loss=loss), modules, [segment.config for segment in segments])
    return [
        ("The images", render("data", **context)),
        ("The model and its loss", render("model", **context, reports=True)),
        *training,
    ]


def script_context(
    config: TrainConfig, modules: Sequence[str] = (), later: Sequence[TrainConfig] = ()
) -> dict[str, Any]:
    """Return what the templates of the data and of the model need.

    `modules` are further imports of the script, `later` the configurations that it changes to on its way.
    """
    source = SOURCES[config.dataset]
    outputs = 1 if config.class_count == 2 else config.class_count
    if source.torchvision is None:
        data: dict[str, Any] = {
            "modules": [],
            "files": {},
            "share": UCI_VALIDATION_SHARE,
            "seed": UCI_SPLIT_SEED,
            "largest": source.largest,
        }
    else:
        data = _download(config)
    target = "(labels == 0).float().unsqueeze(1)" if outputs == 1 else f"F.one_hot(labels, {outputs}).float()"
    return {
        "modules": list(modules),
        "data": data,
        "origin": INPUTS[config.inputs].torch_code,
        "clip": config.clip,
        "classes": list(range(10)) if config.classes is None else list(config.classes),
        "target": target,
        "loss": _loss(config),
        "functional": any("F." in code for code in (target, *(_loss(each)["code"] for each in (config, *later)))),
        "together": any(each.update_rule.row.companion is not None for each in (config, *later)),
        "model": {"code": config.network(source.image_shape).torch_code, "init": config.init}
        | {"seed": config.seed + 1},
    }


def optimizer_code(config: TrainConfig, lr: str | None = None) -> str:
    """Return the source of the configuration's optimizer of `model`, with the source `lr` as its learning rate."""
    rate, network = lr or repr(config.lr), config.network(SOURCES[config.dataset].image_shape)
    optimizers: dict[Optimizer, list[str]] = {}
    for place, name in enumerate(network.parameter_code):
        optimizers.setdefault(config.update_rule.for_parameter(place in network.hidden_matrices), []).append(name)
    if len(optimizers) == 1:
        return config.update_rule.torch_code("model.parameters()", rate)
    each = [optimizer.torch_code(f"[{', '.join(names)}]", rate) for optimizer, names in optimizers.items()]
    return f"Together({', '.join(each)})"


def _download(config: TrainConfig) -> dict[str, Any]:
    source = SOURCES[config.dataset]
    fetched = archives(source)
    names = [path.name for path in raw_files(source)]
    zipped = fetched[0][0].endswith(".zip")
    return {
        "modules": ["gzip", "hashlib", "os", "struct", "urllib.request", *(["io", "zipfile"] if zipped else [])],
        "folder": source.torchvision,
        "addresses": [address.rsplit("/", 1)[0] + "/" for address in public_addresses(source, fetched[0][0])],
        "archive": (fetched[0][0].rsplit("/", 1)[-1], fetched[0][1]) if zipped else None,
        "files": dict.fromkeys(names, "") if zipped else dict(zip(names, [md5 for _, md5 in fetched], strict=True)),
        "largest": source.largest,
        "transposed": source.transposed,
        "label_columns": source.label_columns,
    }


def _loss(config: TrainConfig) -> dict[str, str]:
    two = config.class_count == 2
    loss = LOSSES[config.loss]
    decision = f"(scores.squeeze(1) <= {loss.threshold}).long()" if two else "scores.argmax(1)"
    return {"code": loss.torch_code(config.class_count), "decision": decision}


def known_count(config: TrainConfig) -> int | None:
    """Return the number of training images; None where the data set is not there."""
    try:
        return training_count(config.dataset, config.classes)
    except DatasetMissing:
        return None


def batch_of(config: TrainConfig, count: int | None) -> tuple[str, bool]:
    """Return the source of the number of images in a mini-batch, and whether their order is shuffled."""
    if config.batch_size is None or (count is not None and config.batch_size >= count):
        return "len(X)", False  # the mean over all images needs no order
    if count is None and config.batch_size > SMALLEST_DOWNLOAD:
        raise ValueError("The script of a run with such large mini-batches needs the number of training images.")
    return str(config.batch_size), config.shuffle


def _steps_an_epoch(config: TrainConfig, known: int | None) -> int:
    count = _needed(known)
    return math.ceil(count / min(config.batch_size or count, count))


def _needed(count: int | None) -> int:
    if count is None:
        raise ValueError("The script of this run needs the number of training images.")
    return count


def plain_run(config: TrainConfig, count: int | None, lr: str | None = None) -> dict[str, Any]:
    """Return what the template of an uninterrupted run needs; `lr` is the source of its learning rate."""
    size, shuffle = batch_of(config, count)
    return {
        "optimizer": optimizer_code(config, lr),
        "scheduler": _scheduler(config, count, lr),
        "shuffle": shuffle,
        "seed": config.seed,
        "epochs": config.epochs,
        "size": size,
        "clip": config.clip,
        "patience": config.patience,
    }


def _simple(segment: Segment, count: int | None) -> dict[str, Any] | None:
    """Return what the template of an uninterrupted run needs; None if the segment ends within an epoch."""
    run = plain_run(segment.config, count)
    if segment.steps is None:
        return run
    epochs, within = divmod(segment.steps, _steps_an_epoch(segment.config, count))
    return None if within else {**run, "epochs": epochs, "patience": None}


def _scheduler(config: TrainConfig, count: int | None, lr: str | None = None) -> str:
    """Return the source of the scheduler of `optimizer` over all epochs; empty for a constant learning rate."""
    if config.schedule == "constant":
        return ""
    return scheduler_code(config.schedule, config.lr, config.epochs * _steps_an_epoch(config, count), lr)


def _timeline(segments: Sequence[Segment], known: int | None) -> list[dict[str, Any]]:
    """Return what the template needs of each segment that made steps: its place, and what is new in it."""
    count, parts = _needed(known), list[dict[str, Any]]()
    epochs = seen = steps = 0  # whole epochs, images of the present one, steps, all up to the segment
    before: TrainConfig | None = None  # of the last segment that made steps
    previous: TrainConfig | None = None  # of the last segment
    remembered = False  # whether the optimizer still has what it remembers of the last steps
    for segment in segments:
        config = segment.config
        per_epoch = _steps_an_epoch(config, count)
        size, shuffle = batch_of(config, count)
        remembered = (
            remembered and previous is not None and config.update_rule.shares_buffers_with(previous.update_rule)
        )
        previous = config
        if segment.steps == 0:
            continue
        images = min(config.batch_size or count, count)
        place = epochs * per_epoch + math.ceil(seen / images)
        begin = epochs * count + seen
        if segment.steps is None:
            epochs, seen, made = config.epochs, 0, 0
        else:
            epochs, seen, made = *_after(epochs, seen, segment.steps, images, count), segment.steps
        end = epochs * count + seen
        parts.append(
            {
                "first_step": steps,
                "loss": _loss(config) if before is not None and before.loss != config.loss else None,
                "optimizer": "" if remembered else optimizer_code(config),
                "changed": _changed(before, config) if before is not None and remembered else "",
                "scheduler": _scheduler(config, count),
                "lr": repr(config.lr),
                "planned": config.epochs * per_epoch,
                "place": min(place, config.epochs * per_epoch - 1),
                "begin": begin,
                "end": end,
                "size": size,
                "seed": config.seed if shuffle else None,
                "clip": config.clip,
            }
        )
        before, remembered, steps = config, True, steps + made
    return parts


def _after(epochs: int, seen: int, steps: int, size: int, count: int) -> tuple[int, int]:
    """Return the whole epochs, and the images of the next one, after so many steps more."""
    rest = math.ceil((count - seen) / size)  # steps to the end of the present epoch
    if steps < rest:
        return epochs, seen + steps * size
    more, within = divmod(steps - rest, math.ceil(count / size))
    return epochs + 1 + more, within * size


def _changed(before: TrainConfig, config: TrainConfig) -> str:
    options = {"lr": config.lr, **config.update_rule.options}
    earlier = {"lr": before.lr, **before.update_rule.options}
    if config.schedule == "constant" and before.schedule != "constant":
        earlier["lr"] = None  # the schedule has left some other learning rate
    return ", ".join(f"{name}={value!r}" for name, value in options.items() if value != earlier[name])
