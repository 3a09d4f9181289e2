"""The update rules against torch.optim itself."""

import pickle
import subprocess
import sys

import pytest
import torch

from sgd_core.descent.optimizers import OPTIMIZERS, START, Optimizer, as_optimizer

SETTINGS = [
    ("sgd", {}),
    ("sgd", {"weight_decay": 0.1}),
    ("sgd", {"momentum": 0.9}),
    ("sgd", {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
    ("sgd", {"momentum": 0.8, "nesterov": True, "weight_decay": 0.02}),
    ("rmsprop", {}),
    ("rmsprop", {"alpha": 0.9, "momentum": 0.5, "weight_decay": 0.1}),
    ("rmsprop", {"centered": True, "eps": 1e-3}),
    ("rmsprop", {"centered": True, "momentum": 0.9, "alpha": 0.8, "eps": 1e-2}),
    ("adagrad", {}),
    ("adagrad", {"lr_decay": 0.1, "initial_accumulator_value": 0.5, "weight_decay": 0.1, "eps": 1e-3}),
    ("adam", {}),
    ("adam", {"betas": (0.5, 0.7), "eps": 1e-3, "weight_decay": 0.1}),
    ("adam", {"amsgrad": True, "betas": (0.8, 0.9)}),
    ("adamw", {}),
    ("adamw", {"weight_decay": 0.3, "betas": (0.7, 0.95)}),
    ("adamw", {"amsgrad": True, "weight_decay": 0.0}),
]
LOSSES = {
    "bowl": lambda x: (x**2).sum(),
    "valleys": lambda x: (x**4 / 4 - x**2 + x / 5).sum(),
    "ripples": lambda x: (torch.sin(3 * x) + x**2 / 10).sum(),
    "kink": lambda x: x.abs().sum(),
}


def torch_history(name, options, loss, start, lr, steps):
    x = start.clone().requires_grad_()
    optimizer = getattr(torch.optim, OPTIMIZERS[name].torch_name)([x], lr=lr, **options)
    history = [x.detach().clone()]
    for _ in range(steps):
        optimizer.zero_grad()
        loss(x).backward()
        optimizer.step()
        history.append(x.detach().clone())
    return torch.stack(history)


def our_history(optimizer, loss, start, lr, steps):
    x, state, history = start.clone(), START, [start.clone()]
    for _ in range(steps):
        leaf = x.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(leaf), leaf)
        update, state = optimizer.step(x, gradient, state, lr)
        gradient.fill_(float("nan"))  # a state that leans on the caller's gradient would show
        x = x + update
        history.append(x)
    return torch.stack(history)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("name", "options"), SETTINGS)
def test_fifty_steps_equal_torch(name, options, loss):
    start = torch.tensor([-1.5, 0.3, 2.0], dtype=torch.float64)
    truth = torch_history(name, options, LOSSES[loss], start, 0.05, 50)
    ours = our_history(Optimizer(name, **options), LOSSES[loss], start, 0.05, 50)
    torch.testing.assert_close(ours, truth, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(("name", "options"), SETTINGS)
def test_learning_rates_are_an_axis(name, options):
    lrs = [0.001, 0.05, 0.3]
    start = torch.linspace(-1, 1, 10, dtype=torch.float64).reshape(2, 5)
    lanes = our_history(
        Optimizer(name, **options),
        LOSSES["valleys"],
        start.expand(3, 2, 5).clone(),
        torch.tensor(lrs, dtype=torch.float64).reshape(3, 1, 1),
        20,
    )
    for lane, lr in enumerate(lrs):
        truth = torch_history(name, options, LOSSES["valleys"], start, lr, 20)
        torch.testing.assert_close(lanes[:, lane], truth, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_defaults_are_those_of_torch(name):
    theirs = getattr(torch.optim, OPTIMIZERS[name].torch_name)([torch.zeros(1, 1)]).defaults
    for key, value in OPTIMIZERS[name].defaults.items():
        assert theirs[key] == value, key


@pytest.mark.parametrize(("name", "options"), SETTINGS)
def test_a_kept_state_is_not_changed_by_later_steps(name, options):
    optimizer, x, g = Optimizer(name, **options), torch.tensor([1.0, 2.0]), torch.tensor([0.5, -1.0])
    _, kept = optimizer.step(x, g, START, 0.1)
    copies = [buffer.clone() for buffer in kept.buffers]
    first, _ = optimizer.step(x, g, kept, 0.1)
    second, _ = optimizer.step(x, g, kept, 0.1)
    assert torch.equal(first, second)
    assert all(torch.equal(a, b) for a, b in zip(copies, kept.buffers, strict=True))


@pytest.mark.parametrize(("name", "options"), SETTINGS)
def test_code_builds_the_same_torch_optimizer(name, options):
    built = eval(Optimizer(name, **options).torch_code("[w]", 0.25), {"torch": torch, "w": torch.zeros(2)})
    assert type(built).__name__ == OPTIMIZERS[name].torch_name
    assert built.defaults["lr"] == 0.25
    for key, value in Optimizer(name, **options).options.items():
        assert built.defaults[key] == value


def test_code_reads_as_a_person_would_write_it():
    assert Optimizer("sgd", momentum=0.9).torch_code() == "torch.optim.SGD([w], lr=0.1, momentum=0.9)"
    assert Optimizer("adam").torch_code("[a, b]", "1e-3") == "torch.optim.Adam([a, b], lr=1e-3)"


def test_equal_by_meaning_hashable_and_picklable():
    plain = Optimizer("sgd")
    assert plain == Optimizer("sgd", momentum=0) and hash(plain) == hash(Optimizer("sgd", momentum=0))
    assert plain != Optimizer("sgd", momentum=0.9)
    tuned = Optimizer("adam", betas=[0.5, 0.9])
    assert tuned.options["betas"] == (0.5, 0.9)
    assert pickle.loads(pickle.dumps(tuned)) == tuned
    assert as_optimizer(tuned) is tuned and as_optimizer("sgd", momentum=0.9) == Optimizer("sgd", momentum=0.9)
    with pytest.raises(AttributeError):
        tuned.name = "sgd"


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("sdg", {}, "no optimizer 'sdg'"),
        ("sgd", {"betas": (0.9, 0.9)}, "no option 'betas'"),
        ("sgd", {"nesterov": True}, "momentum above 0"),
        ("sgd", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "dampening of 0"),
        ("sgd", {"momentum": -0.1}, "must not be negative"),
        ("sgd", {"momentum": float("nan")}, "finite number"),
        ("sgd", {"momentum": "0.9"}, "finite number"),
        ("sgd", {"nesterov": 1}, "True or False"),
        ("adam", {"betas": (0.9, 1.0)}, "two numbers"),
        ("adam", {"betas": 0.9}, "two numbers"),
        ("adam", {"betas": (0.9, 0.99, 0.999)}, "two numbers"),
        ("adam", {"eps": -1e-8}, "must not be negative"),
        ("rmsprop", {"alpha": 1.5}, "between 0 and 1"),
        ("adagrad", {"lr_decay": -1}, "must not be negative"),
        ("adamw", {"weight_decay": float("inf")}, "finite number"),
    ],
)
def test_senseless_settings_get_a_sentence(name, options, words):
    with pytest.raises(ValueError, match=words):
        Optimizer(name, **options)


def test_options_beside_a_complete_optimizer_are_refused():
    with pytest.raises(ValueError, match="Optimizer itself"):
        as_optimizer(Optimizer("sgd"), momentum=0.9)


def test_the_rules_stand_alone():
    """The digits build on them and need neither SymPy nor formulas."""
    code = "import sys, sgd_core.descent.optimizers; assert not {'sympy', 'pandas', 'sgd_core.calculus'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
