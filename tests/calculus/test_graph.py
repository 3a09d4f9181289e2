"""The graph's numbers against hooks of an independent run, SymPy, and central differences."""

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sgd_core.calculus.catalogue import CATALOGUE
from sgd_core.calculus.derivative import derivative, secant
from sgd_core.calculus.formula import parse_function
from sgd_core.calculus.graph import trace, walk
from sgd_core.calculus.graph_layout import layout

LESSON = "x**2 + sin(x)*x"


def random_formulas():
    """Formulas of every operation, with small numbers so that central differences have a chance."""
    numbers = st.sampled_from(["2", "3", "0.5", "1.5", "pi"])
    leaves = st.one_of(st.just("x"), st.just("x"), numbers)

    def grow(inner):
        return st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
            st.tuples(inner, st.sampled_from(["2", "3", "(-1)", "0.5"])).map(lambda t: f"({t[0]})**{t[1]}"),
            st.tuples(
                st.sampled_from(["sin", "cos", "tan", "exp", "log", "sqrt", "abs", "tanh", "sigmoid", "relu"]), inner
            ).map(lambda t: f"{t[0]}({t[1]})"),
            inner.map(lambda t: f"(-{t})"),
        )

    parts = st.recursive(leaves, grow, max_leaves=6)
    return st.tuples(parts, st.sampled_from("+-*/"), parts).map(" ".join).filter(lambda text: "x" in text)


def usable(text, x):
    """The function, if value and slope at x are finite and of a size that float64 differences can check."""
    try:
        f = parse_function(text)
    except ValueError:
        assume(False)
    at = torch.tensor(x, dtype=torch.float64)
    value, slope = float(f(at)), float(derivative(f, at))
    assume(math.isfinite(value) and math.isfinite(slope) and abs(value) < 1e4 and abs(slope) < 1e4)
    return f, at, slope


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(text=random_formulas(), x=st.sampled_from([-1.7, -0.6, 0.4, 1.3, 2.2]))
def test_gradients_of_random_formulas_agree_four_ways(text, x):
    f, at, slope = usable(text, x)
    run = trace(f, x)
    assert run.nodes[0].gradient == pytest.approx(slope, rel=1e-12, abs=1e-12)
    exact = float(f.symbolic_derivative(at))
    assert exact == pytest.approx(slope, rel=1e-7, abs=1e-7)
    nudged = [float(secant(f, at, h, "central")) for h in (1e-4, 1e-5, 1e-6, 1e-7)]
    assert min(abs(n - slope) for n in nudged if math.isfinite(n)) <= 1e-4 * (1 + abs(slope))


@pytest.mark.parametrize("key", CATALOGUE)
@pytest.mark.parametrize("share", [0.1, 0.37, 0.8])
def test_the_walk_adds_up_to_what_autograd_found(key, share):
    f = CATALOGUE[key].function
    x = f.domain[0] + share * (f.domain[1] - f.domain[0])
    run = trace(f, x)
    at = torch.tensor(x, dtype=torch.float64)
    assert run.nodes[-1].value == pytest.approx(float(f(at)), rel=1e-12)
    assert run.nodes[0].gradient == pytest.approx(float(f.symbolic_derivative(at)), rel=1e-9, abs=1e-12)
    end = walk(run)[-1]
    assert end.known == len(run.nodes)
    assert end.gradients == pytest.approx([node.gradient for node in run.nodes], rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("x", [-2.0, 0.3, 2.0])
def test_node_gradients_are_those_that_hooks_report(x):
    reported = {}

    def watch(name, tensor):
        tensor.register_hook(lambda gradient: reported.__setitem__(name, float(gradient)))
        return tensor

    leaf = watch("x", torch.tensor(x, dtype=torch.float64, requires_grad=True))
    v1 = watch("v1", leaf**2)
    v2 = watch("v2", torch.sin(leaf))
    v3 = watch("v3", v2 * leaf)
    watch("y", v1 + v3).backward()
    run = trace(parse_function(LESSON), x)
    assert {node.name: node.gradient for node in run.nodes} == reported
    assert [node.label for node in run.nodes] == ["x", "x**2", "sin(x)", "v2*x", "v1 + v3"]
    assert [node.grad_fn for node in run.nodes[1:]] == [
        "PowBackward0", "SinBackward0", "MulBackward0", "AddBackward0",
    ]  # fmt: skip
    assert run.nodes[3].local == (x, math.sin(x))  # of a product by either factor: the other one
    assert reported["x"] == pytest.approx(2 * x + math.cos(x) * x + math.sin(x))


def test_hooks_on_a_chain_with_a_tensor_used_three_times():
    x, reported = 0.7, {}
    leaf = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    chain = [leaf, leaf * leaf]
    chain.append(torch.exp(chain[1]))
    chain.append(chain[2] / leaf)
    for place, tensor in enumerate(chain):
        tensor.register_hook(lambda gradient, place=place: reported.__setitem__(place, float(gradient)))
    chain[-1].backward()
    run = trace(parse_function("exp(x*x)/x"), x)
    assert [node.gradient for node in run.nodes] == [reported[place] for place in range(4)]
    assert run.nodes[1].inputs == (0, 0) and run.nodes[1].local == (x, x)


def test_the_code_of_the_nodes_computes_their_values():
    run = trace(parse_function("(1 + 2)/x - pi*sin(-x)**2"), 1.25)
    names = {"x": torch.tensor(1.25, dtype=torch.float64), "torch": torch, "math": math}
    for node in run.nodes[1:]:
        names[node.name] = eval(node.code, {"__builtins__": {}}, names)  # our own text, not a person's
        assert float(names[node.name]) == pytest.approx(node.value, rel=1e-15)


def test_the_walk_goes_forward_then_back_one_node_at_a_time():
    moments = walk(trace(parse_function(LESSON), 2.0))
    assert [moment.phase for moment in moments] == ["start"] + ["forward"] * 5 + ["seed"] + ["backward"] * 4
    assert [moment.node for moment in moments[7:]] == [4, 3, 2, 1]
    assert moments[6].gradients == (None, None, None, None, 1.0)
    assert moments[7].gradients == (None, 1.0, None, 1.0, 1.0)  # a sum hands its gradient on unchanged
    x_by_then = [moment.gradients[0] for moment in moments[8:]]
    assert x_by_then == pytest.approx([math.sin(2), math.sin(2) + 2 * math.cos(2), math.sin(2) + 2 * math.cos(2) + 4])


@pytest.mark.parametrize(("text", "names"), [("x", ["x"]), ("3", ["x", "v1", "y"]), ("-x", ["x", "y"])])
def test_small_graphs(text, names):
    run = trace(parse_function(text), 1.5)
    assert [node.name for node in run.nodes] == names
    assert run.nodes[0].gradient == {"x": 1, "3": 0, "-x": -1}[text]
    assert layout(run).layers == len(names)


def test_undefined_points_are_traced_as_pytorch_answers():
    run = trace(parse_function("sqrt(x**2)"), 0.0)
    assert run.nodes[1].gradient == math.inf and math.isnan(run.nodes[0].gradient)
    assert math.isnan(trace(parse_function("log(x)"), -1.0).nodes[-1].value)
    with pytest.raises(ValueError, match="one variable"):
        trace(parse_function("x*y", variables=("x", "y")), 1.0)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(text=random_formulas())
def test_no_two_boxes_share_a_place_and_edges_run_forward(text):
    try:
        run = trace(parse_function(text), 1.3)
    except ValueError:
        assume(False)
    drawn = layout(run)
    assert len(set(drawn.places)) == len(run.nodes)
    for (user, which), route in zip(run.edges, drawn.routes, strict=True):
        assert drawn.places[run.nodes[user].inputs[which]].layer < drawn.places[user].layer
        assert [point.layer for point in route] == sorted(point.layer for point in route)
    by_layer = {}
    for place in drawn.places:
        by_layer.setdefault(place.layer, []).append(place.row)
    for rows in by_layer.values():
        rows.sort()
        assert all(b - a >= 1 - 1e-9 for a, b in pairwise(rows)), "boxes overlap"
