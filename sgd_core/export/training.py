"""The script of a training run: plain PyTorch, nothing of this project, the same numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sgd_core.descent.schedules import scheduler_code
from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import UCI_SPLIT_SEED, UCI_VALIDATION_SHARE
from sgd_core.digits.snapshots import OptimizerState
from sgd_core.digits.sources import SOURCES

_UCI = """from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

bunch = load_digits()
images, labels = torch.tensor(bunch.images).float() / 16, torch.tensor(bunch.target)
train, valid = train_test_split(
    range(len(labels)), test_size={share}, stratify=bunch.target, random_state={seed}
)
halves = [(images[train], labels[train]), (images[valid], labels[valid])]
"""

_TORCHVISION = """from torchvision import datasets

folder = "data"  # where the files are, or shall be put
halves = []
for train in (True, False):
    dataset = datasets.{folder}(folder, train=train, download=True{more})
    images, labels = dataset.data.float() / 255, dataset.targets{column}
    halves.append((images{turned}, labels))
"""

_PICK = """
classes = {classes}


def pick(images, labels):
    # the images of these classes, flattened, and for each the place of its class in the list
    place = torch.full((10,), -1)
    place[classes] = torch.arange(len(classes))
    places = place[labels.long()]
    rows = (places >= 0).nonzero().squeeze(1)
    return images[rows].flatten(1), places[rows]


X, y = pick(*halves[0])
order = y.argsort(stable=True)  # class after class: what an epoch without shuffling meets
X, y = X[order], y[order]
X_valid, y_valid = pick(*halves[1])
"""

_LOSSES = {
    ("cross_entropy", True): "F.binary_cross_entropy_with_logits(scores, target(labels))",
    ("cross_entropy", False): "F.cross_entropy(scores, labels)",
    ("mean_absolute_error", True): "(target(labels) - scores.sigmoid()).abs().mean()",
    ("mean_absolute_error", False): "(target(labels) - scores.softmax(1)).abs().mean()",
    ("mean_squared_error", True): "F.mse_loss(scores, target(labels))",
    ("mean_squared_error", False): "F.mse_loss(scores, target(labels))",
}


@dataclass(frozen=True)
class ScriptSegment:
    """A stretch of a run under one configuration, from where the segment before it ended, or from the beginning.

    It ends by the configuration's own rules, or, if `epoch` is given, there (a fraction within an epoch). `rates` is
    `Snapshot.rates` at its end: the learning rates set by hand and the steps made before each.
    """

    config: TrainConfig
    epoch: float | None = None
    step: int | None = None
    rates: tuple[tuple[int, float], ...] = ()


def training_script(config: TrainConfig, train_count: int | None = None) -> str:
    """Return the script that repeats a run and prints, for each epoch, both losses and the validation accuracy.

    A schedule needs `train_count`, the number of training images. The time limit is left out: it is no number.
    """
    return run_script([ScriptSegment(config)], train_count)


def run_script(segments: Sequence[ScriptSegment], train_count: int | None = None) -> str:
    """Return the script of a run as it went: learning rates changed on the way, branches, and where it ended."""
    return "".join(script_parts(segments, train_count))


def script_parts(segments: Sequence[ScriptSegment], train_count: int | None = None) -> list[str]:
    """Return the script in its parts, in order: data, model and loss, then one part a segment."""
    first = segments[0].config
    outputs = 1 if first.class_count == 2 else first.class_count
    classes = list(range(10)) if first.classes is None else list(first.classes)
    parts = [
        f"import torch\nimport torch.nn.functional as F\n{_data(first)}{_PICK.format(classes=classes)}\n",
        f"\n{_definitions(first, outputs)}\n\n{_model(first, outputs)}\n",
    ]
    epoch, step, before = 0.0, 0, None
    for segment in segments:
        parts.append(_segment(segment, before, epoch, step, train_count))
        epoch, step, before = segment.epoch or 0.0, segment.step or 0, segment.config
    return parts


def _definitions(config: TrainConfig, outputs: int) -> str:
    two = config.class_count == 2
    target = "(labels == 0).float().unsqueeze(1)" if two else f"F.one_hot(labels, {outputs}).float()"
    return f"""def target(labels):
    return {target}


{_loss(config)}

def report(epoch):
    with torch.no_grad():
        train_loss = loss_of(model(X), y).item()
        scores = model(X_valid)
        valid_loss = loss_of(scores, y_valid).item()
        accuracy = (decide(scores) == y_valid).float().mean().item()
    print(epoch, train_loss, valid_loss, accuracy)
    return accuracy
"""


def _loss(config: TrainConfig) -> str:
    two = config.class_count == 2
    threshold = 0.5 if config.loss == "mean_squared_error" else 0.0
    decide = f"(scores.squeeze(1) <= {threshold}).long()" if two else "scores.argmax(1)"
    return f"""def loss_of(scores, labels):
    return {_LOSSES[config.loss, two]}


def decide(scores):
    return {decide}

"""


def _segment(
    segment: ScriptSegment, before: TrainConfig | None, start: float, steps: int, train_count: int | None
) -> str:
    config = segment.config
    if before is not None and segment.step == steps:
        return ""
    set_before = [lr for step, lr in segment.rates if step <= steps]
    lr = set_before[-1] if set_before else config.lr
    changes = {step: rate for step, rate in segment.rates if step > steps}
    size = "len(X)" if config.batch_size is None else f"min({config.batch_size}, len(X))"
    order = "torch.arange(len(X))"
    if config.shuffle:
        order = f"torch.randperm(len(X), generator=shuffle) if size < len(X) else {order}"
    lines = []
    if before is not None:
        lines += [f"# a branch: from step {steps:,} on with other settings", ""]
        if before.loss != config.loss:
            lines += ["", _loss(config).rstrip(), "", ""]
    lines += _optimizer(config, before, lr)
    lines += [f"shuffle = torch.Generator().manual_seed({config.seed})", f"size = {size}"]
    whole, seen = int(start), start - int(start)
    if before is None:
        lines += ["", "best, best_epoch = report(0), 0"] if config.patience else ["", "report(0)"]
    if whole and config.shuffle:
        lines += [
            f"for _ in range({whole} if size < len(X) else 0):  # the epochs before the branch",
            "    torch.randperm(len(X), generator=shuffle)",
        ]
    lines += _rates(config, lr, changes, steps, start, train_count, simple=before is None and not changes)
    last = math.ceil(segment.epoch) if segment.epoch is not None else config.epochs
    lines += [f"for epoch in range({whole + 1}, {last} + 1):", f"    order = {order}"]
    if segment.epoch is not None and segment.epoch != last:
        done = segment.epoch - int(segment.epoch)
        lines += [
            f"    if epoch == {last}:",
            f"        order = order[:round({done!r} * len(X))]  # as far as this run went",
        ]
    if seen:
        lines += [
            f"    if epoch == {whole + 1}:",
            f"        order = order[round({seen!r} * len(X)):]  # what the branch still has to see",
        ]
    body = ["optimizer.zero_grad()", "loss_of(model(X[rows]), y[rows]).backward()", "optimizer.step()"]
    if config.schedule != "constant":
        if before is None and not changes:
            body.append("scheduler.step()")
        else:
            body = [
                "lr = changes.get(step, lr)",
                'optimizer.param_groups[0]["lr"] = scheduled[lr][min(at, len(scheduled[lr]) - 1)]',
                *body,
                "step, at = step + 1, at + 1",
            ]
    elif changes:
        body = ['optimizer.param_groups[0]["lr"] = lr = changes.get(step, lr)', *body, "step += 1"]
    lines += ["    for rows in torch.split(order, size):", *(f"        {line}" for line in body)]
    shown = (
        "epoch" if segment.epoch is None or segment.epoch == last else f"epoch if epoch < {last} else {segment.epoch!r}"
    )
    if config.patience and segment.epoch is None:
        lines += [
            f"    accuracy = report({shown})",
            "    if accuracy > best:",
            "        best, best_epoch = accuracy, epoch",
            f"    elif epoch - best_epoch >= {config.patience}:",
            "        break",
        ]
    else:
        lines += [f"    report({shown})"]
    return "\n" + "\n".join(lines) + "\n"


def _data(config: TrainConfig) -> str:
    source = SOURCES[config.dataset]
    if source.folder is None:
        return _UCI.format(share=UCI_VALIDATION_SHARE, seed=UCI_SPLIT_SEED)
    emnist = config.dataset == "emnist_digits"
    return _TORCHVISION.format(
        folder=source.folder,
        more=', split="digits"' if emnist else "",
        column="[:, 0]" if config.dataset == "qmnist" else "",
        turned=".transpose(1, 2)" if emnist else "",
    )


def _model(config: TrainConfig, outputs: int) -> str:
    if config.model == "linear":
        made = f"model = torch.nn.Sequential(torch.nn.Linear(X.shape[1], {outputs}))"
    else:
        made = (
            f"model = torch.nn.Sequential(torch.nn.Linear(X.shape[1], {config.hidden}), torch.nn.ReLU(), "
            f"torch.nn.Linear({config.hidden}, {outputs}))"
        )
    if config.init == "zeros":
        return f"""{made}
with torch.no_grad():
    for parameter in model.parameters():
        parameter.zero_()
"""
    draw = (
        "parameter.normal_(generator=start)"
        if config.init == "normal"
        else "parameter.uniform_(-(layer.in_features**-0.5), layer.in_features**-0.5, generator=start)"
    )
    return f"""{made}
start = torch.Generator().manual_seed({config.seed + 1})
with torch.no_grad():
    for layer in model:
        for parameter in layer.parameters():
            {draw}
"""


def _optimizer(config: TrainConfig, before: TrainConfig | None, lr: float) -> list[str]:
    kept = before is not None and OptimizerState(before.optimizer, dict(before.update_rule.options), ()).serves(config)
    if not kept:
        return [f"optimizer = {config.update_rule.torch_code('model.parameters()', repr(lr))}"]
    options = ", ".join(f"{name}={value!r}" for name, value in config.update_rule.options.items())
    return [f"optimizer.param_groups[0].update(lr={lr!r}, {options})  # and all it remembers"]


def _rates(
    config: TrainConfig,
    lr: float,
    changes: dict[int, float],
    steps: int,
    start: float,
    train_count: int | None,
    *,
    simple: bool,
) -> list[str]:
    by_hand = [f"changes = {changes!r}  # steps made -> the learning rate set by hand from there on"]
    if config.schedule == "constant":
        return [*by_hand, f"lr, step = {lr!r}, {steps}"] if changes else []
    if train_count is None:
        raise ValueError("The script of a run with a schedule needs the number of training images.")
    size = min(config.batch_size or train_count, train_count)
    per_epoch = math.ceil(train_count / size)
    planned = config.epochs * per_epoch
    code = scheduler_code(config.schedule, lr, planned)
    if simple:
        return [f"scheduler = {code}"]
    at = int(start) * per_epoch + math.ceil(round((start - int(start)) * train_count) / size)
    return [
        "",
        "",
        "def rates_of(lr):",
        "    # the schedule's learning rate of every step",
        "    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)",
        f"    scheduler = {code.replace(f'max_lr={lr!r}', 'max_lr=lr')}",
        "    rates = []",
        f"    for _ in range({planned}):",
        '        rates.append(optimizer.param_groups[0]["lr"])',
        "        optimizer.step()",
        "        scheduler.step()",
        "    return rates",
        "",
        "",
        *by_hand,
        f"scheduled = {{lr: rates_of(lr) for lr in [{', '.join(map(repr, [lr, *changes.values()]))}]}}",
        f"lr, step, at = {lr!r}, {steps}, {at}",
    ]
