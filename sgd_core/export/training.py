"""The script of a training run: plain PyTorch, nothing of this project, the same numbers."""

from sgd_core.digits.config import TrainConfig
from sgd_core.digits.datasets import UCI_SPLIT_SEED, UCI_VALIDATION_SHARE
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


def training_script(config: TrainConfig) -> str:
    """Return the script that repeats a run and prints, for each epoch, both losses and the validation accuracy."""
    two = config.class_count == 2
    outputs = 1 if two else config.class_count
    classes = list(range(10)) if config.classes is None else list(config.classes)
    threshold = 0.5 if config.loss == "mean_squared_error" else 0.0
    decide = f"(scores.squeeze(1) <= {threshold}).long()" if two else "scores.argmax(1)"
    target = "(labels == 0).float().unsqueeze(1)" if two else f"F.one_hot(labels, {outputs}).float()"
    size = "len(X)" if config.batch_size is None else f"min({config.batch_size}, len(X))"
    shuffled = (
        "torch.randperm(len(X), generator=shuffle) if size < len(X) else torch.arange(len(X))"
        if config.shuffle
        else "torch.arange(len(X))"
    )
    return f"""import torch
import torch.nn.functional as F
{_data(config)}{_PICK.format(classes=classes)}

def target(labels):
    return {target}


def loss_of(scores, labels):
    return {_LOSSES[config.loss, two]}


def decide(scores):
    return {decide}


{_model(config, outputs)}
optimizer = {config.update_rule.torch_code("model.parameters()", repr(config.lr))}
shuffle = torch.Generator().manual_seed({config.seed})
size = {size}


def report(epoch):
    with torch.no_grad():
        train_loss = loss_of(model(X), y).item()
        scores = model(X_valid)
        valid_loss = loss_of(scores, y_valid).item()
        accuracy = (decide(scores) == y_valid).float().mean().item()
    print(epoch, train_loss, valid_loss, accuracy)


report(0)
for epoch in range(1, {config.epochs} + 1):
    for rows in torch.split({shuffled}, size):
        optimizer.zero_grad()
        loss_of(model(X[rows]), y[rows]).backward()
        optimizer.step()
    report(epoch)
"""


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
