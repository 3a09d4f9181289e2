"""The update rules against torch.optim itself."""

import pickle
import subprocess
import sys

import pytest
import torch

from sgd_core.descent.optimizers import OPTIMIZERS, START, Optimizer, as_optimizer


def other_values(option):
    """Values beside the default that make a difference, from the option's own range."""
    if option.choices:
        return [choice for choice in option.choices if choice != option.default]
    if isinstance(option.default, bool):
        return [not option.default]
    if isinstance(option.default, tuple):
        return [(0.5, 0.7), (0.8, 0.95)]
    if isinstance(option.default, int):
        return [option.default + 2]
    return [option.most / 10, option.most / 2]


def settings_of(name):
    """The defaults, each option alone at other values, and all of them together (as far as they do not conflict)."""
    row = OPTIMIZERS[name]
    each = [{key: value} for key, option in row.options.items() for value in other_values(option)]
    together = {key: other_values(option)[0] for key, option in row.options.items()}
    for options in ({}, *each, together, {**together, "dampening": 0.0} if "dampening" in together else together):
        if not row.conflict({**row.defaults, **options}):
            yield options


SETTINGS = [(name, options) for name in OPTIMIZERS for options in settings_of(name)]
POINTS = [(name, options) for name, options in SETTINGS if not OPTIMIZERS[name].hidden_matrices_only]


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
@pytest.mark.parametrize(("name", "options"), POINTS)
def test_fifty_steps_equal_torch(name, options, loss):
    start = torch.tensor([-1.5, 0.3, 2.0], dtype=torch.float64)
    truth = torch_history(name, options, LOSSES[loss], start, 0.05, 50)
    ours = our_history(Optimizer(name, **options), LOSSES[loss], start, 0.05, 50)
    torch.testing.assert_close(ours, truth, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("name", "options"), [(n, o) for n, o in SETTINGS if OPTIMIZERS[n].hidden_matrices_only])
@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
def test_matrices_move_as_in_torch(name, options, shape):
    start = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    truth = torch_history(name, options, LOSSES["valleys"], start, 0.02, 20)
    ours = our_history(Optimizer(name, **options), LOSSES["valleys"], start, 0.02, 20)
    torch.testing.assert_close(ours, truth, rtol=1e-2, atol=2e-3)  # the matrices are made orthogonal in bfloat16


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_no_other_rule_passes_for_this_one(name):
    """What makes the comparison with torch worth something: every other row's rule would fail it."""
    start = torch.tensor([[-1.5, 0.3, 2.0], [0.4, 1.0, -0.7]], dtype=torch.float64)
    truth = torch_history(name, {"weight_decay": 0.3}, LOSSES["valleys"], start, 0.05, 50)
    shared = {**OPTIMIZERS[name].defaults, "weight_decay": 0.3}
    for other, row in OPTIMIZERS.items():
        if other != name and set(row.options) <= set(shared):
            x, state = start.clone(), START
            for _ in range(50):
                leaf = x.clone().requires_grad_()
                (gradient,) = torch.autograd.grad(LOSSES["valleys"](leaf), leaf)
                direction, state = row.rule(x, gradient, state, shared)
                x = x - 0.05 * direction
            assert (x - truth[-1]).abs().max() > 1e-4, f"{other} passes for {name}"


@pytest.mark.parametrize(("name", "options"), POINTS)
def test_learning_rates_are_an_axis(name, options):
    lrs = [0.001, 0.05, 0.3]
    start = torch.linspace(-1, 1, 10, dtype=torch.float64).reshape(2, 5)
    runs = our_history(
        Optimizer(name, **options),
        LOSSES["bowl"],
        start.expand(3, 2, 5).clone(),
        torch.tensor(lrs, dtype=torch.float64).reshape(3, 1, 1),
        20,
    )
    for run, lr in enumerate(lrs):
        truth = torch_history(name, options, LOSSES["bowl"], start, lr, 20)
        torch.testing.assert_close(runs[:, run], truth, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_defaults_are_those_of_torch(name):
    theirs = getattr(torch.optim, OPTIMIZERS[name].torch_name)([torch.zeros(1, 1)]).defaults
    for key, value in OPTIMIZERS[name].defaults.items():
        assert theirs[key] == value, key


@pytest.mark.parametrize(("name", "options"), SETTINGS)
def test_a_kept_state_is_not_changed_by_later_steps(name, options):
    optimizer, x, g = Optimizer(name, **options), torch.tensor([[1.0, 2.0]]), torch.tensor([[0.5, -1.0]])
    _, kept = optimizer.step(x, g, START, 0.1)
    copies = [buffer.clone() for buffer in kept.buffers]
    first, _ = optimizer.step(x, g, kept, 0.1)
    second, _ = optimizer.step(x, g, kept, 0.1)
    assert torch.equal(first, second)
    assert all(torch.equal(a, b) for a, b in zip(copies, kept.buffers, strict=True))


@pytest.mark.parametrize(("name", "options"), SETTINGS)
def test_code_builds_the_same_torch_optimizer(name, options):
    built = eval(Optimizer(name, **options).torch_code("[w]", 0.25), {"torch": torch, "w": torch.zeros(2, 2)})
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
        ("sgd", {"momentum": 1e300}, "between 0 and 10"),
        ("sgd", {"weight_decay": 1e39}, "between 0 and 1,000,000"),
        ("sgd", {"weight_decay": 10**400}, "finite number"),
        ("adam", {"betas": (0.9, 10**400)}, "two numbers"),
        ("adam", {"eps": 10**5000}, "finite number"),
        ("muon", {"ns_steps": 2.5}, "whole number"),
        ("muon", {"ns_steps": 0}, "between 1 and 99"),
        ("muon", {"adjust_lr_fn": "other"}, "one of None, 'match_rms_adamw'"),
        (["sgd"], {}, "no optimizer"),
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


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_row_says_what_a_page_needs(name):
    row = OPTIMIZERS[name]
    assert row.title and row.about.endswith(".") and set(row.layout) <= set(row.options)
    assert row.companion is None or row.companion in OPTIMIZERS
    for key, option in row.options.items():
        assert option.about.endswith(".")
        assert option.settle(name, key, option.default) == option.default
        for value in other_values(option):
            assert option.settle(name, key, value) == value


@pytest.mark.parametrize(("name", "options"), SETTINGS)
def test_the_largest_legal_options_compute_in_32_bits(name, options):
    row = OPTIMIZERS[name]
    largest = {
        key: option.high
        for key, option in row.options.items()
        if isinstance(option.default, float) and not option.choices
    }
    x = torch.ones(2, 2)
    for chosen in ({}, *({key: value} for key, value in largest.items())):
        row.rule(x, x, START, {**row.defaults, **options, **chosen})  # raises nothing
