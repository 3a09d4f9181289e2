"""Update rules as pure functions, each the formula of its namesake in `torch.optim` (torch 2.13).

A rule takes the point, its gradient, its state and the options, and answers `(direction, state)`: where to go, and the
state for the next step. Whoever walks takes the step `-lr * direction`, so the rules know no learning rate. A rule
changes nothing in place, so a state that somebody kept (to branch a run, to step back) stays what it was. All tensors
may have any shape; `muon` works on matrices, the last two dimensions.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

Options = Mapping[str, Any]


class State(NamedTuple):
    """What a rule remembers: the number of steps taken, and its tensors (none before the first step)."""

    step: int = 0
    buffers: tuple[Tensor, ...] = ()


START = State()
Rule = Callable[[Tensor, Tensor, State, Options], tuple[Tensor, State]]


def sgd(x: Tensor, gradient: Tensor, state: State, options: Options) -> tuple[Tensor, State]:
    """Plain, momentum and Nesterov descent; buffers: (b,) with momentum, otherwise none.

    g = gradient + weight_decay x;  b = g at first, then momentum b + (1 - dampening) g
    direction = g (plain), b (momentum), g + momentum b (Nesterov)
    """
    g = _decayed(x, gradient, options)  # g = gradient + weight_decay x
    momentum = options["momentum"]
    if momentum == 0:
        return g, State(state.step + 1)
    if not state.buffers:
        b = g.clone()  # a copy, since the caller may write over its gradient
    else:
        b = state.buffers[0] * momentum
        b.add_(g, alpha=1 - options["dampening"])  # b = momentum b + (1 - dampening) g, rounded where torch rounds
    direction = torch.add(g, b, alpha=momentum) if options["nesterov"] else b
    return direction, State(state.step + 1, (b,))


def rmsprop(x: Tensor, gradient: Tensor, state: State, options: Options) -> tuple[Tensor, State]:
    """RMSprop; buffers: v, then a (if centered), then b (if momentum).

    g = gradient + weight_decay x;  v = alpha v + (1 - alpha) g²;  a = alpha a + (1 - alpha) g
    s = sqrt(v) + eps, or sqrt(v - a²) + eps if centered
    b = momentum b + g / s;  direction = b
    """
    g = _decayed(x, gradient, options)
    alpha, momentum, centered = options["alpha"], options["momentum"], options["centered"]
    kept = list(state.buffers or _zeros(g, 1 + centered + (momentum > 0)))
    kept[0] = torch.addcmul(kept[0] * alpha, g, g, value=1 - alpha)  # v = alpha v + (1 - alpha) g²
    if centered:
        kept[1] = torch.lerp(kept[1], g, 1 - alpha)  # a = alpha a + (1 - alpha) g
        scale = torch.addcmul(kept[0], kept[1], kept[1], value=-1).sqrt_().add_(options["eps"])
    else:
        scale = kept[0].sqrt().add_(options["eps"])  # s = sqrt(v) + eps
    direction = g / scale
    if momentum > 0:
        direction = kept[-1] = kept[-1] * momentum + direction  # b = momentum b + g / s
    return direction, State(state.step + 1, tuple(kept))


def adagrad(x: Tensor, gradient: Tensor, state: State, options: Options) -> tuple[Tensor, State]:
    """Adagrad; buffers: (v,), which begins at initial_accumulator_value.

    g = gradient + weight_decay x;  v = v + g²
    direction = g / (sqrt(v) + eps) / (1 + (t - 1) lr_decay), with t = 1 at the first step
    """
    g = _decayed(x, gradient, options)
    v = state.buffers[0] if state.buffers else torch.full_like(g, options["initial_accumulator_value"])
    v = torch.addcmul(v, g, g)  # v = v + g²
    direction = g / v.sqrt().add_(options["eps"])
    if options["lr_decay"] != 0:
        direction = direction / (1 + state.step * options["lr_decay"])
    return direction, State(state.step + 1, (v,))


def adam(x: Tensor, gradient: Tensor, state: State, options: Options) -> tuple[Tensor, State]:
    """Adam; buffers: m, v, then the largest v so far (if amsgrad).

    g = gradient + weight_decay x;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g²
    direction = m / (1 - beta1^t) / (sqrt(v) / sqrt(1 - beta2^t) + eps), with t = 1 at the first step
    """
    return _adam(_decayed(x, gradient, options), state, options)


def adamw(x: Tensor, gradient: Tensor, state: State, options: Options) -> tuple[Tensor, State]:
    """AdamW: Adam on the bare gradient, and the weights shrink on their own; buffers as in `adam`.

    direction = weight_decay x + (Adam's direction without weight decay)
    """
    direction, state = _adam(gradient, state, options)
    return _shrunk(direction, x, options, True), state


def _adam(g: Tensor, state: State, options: Options) -> tuple[Tensor, State]:
    (beta1, beta2), t = options["betas"], state.step + 1
    m, v, *largest = state.buffers or _zeros(g, 2 + options["amsgrad"])
    m = torch.lerp(m, g, 1 - beta1)  # m = beta1 m + (1 - beta1) g
    v = torch.addcmul(v * beta2, g, g, value=1 - beta2)  # v = beta2 v + (1 - beta2) g²
    if largest:
        largest = [torch.maximum(largest[0], v)]
    # The two bias corrections are plain numbers: as one factor they cost one operation on the tensor, not three.
    correction = math.sqrt(1 - beta2**t)
    scale = (largest[0] if largest else v).sqrt().add_(options["eps"] * correction)
    return torch.div(m, scale).mul_(correction / (1 - beta1**t)), State(t, (m, v, *largest))


def nadam(x: Tensor, gradient: Tensor, state: State, options: Options) -> tuple[Tensor, State]:
    """NAdam, Adam with Nesterov's look ahead; buffers: m, v, and the product of all mu so far.

    g = gradient + weight_decay x (bare if decoupled);  m and v as in `adam`;  s = sqrt(v / (1 - beta2^t)) + eps
    mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2);  M_t = mu_1 mu_2 ... mu_t
    direction = (1 - mu_t) / (1 - M_t) g / s + mu_{t+1} / (1 - M_{t+1}) m / s (+ weight_decay x if decoupled)
    """
    decoupled, decay = options["decoupled_weight_decay"], options["momentum_decay"]
    g = gradient if decoupled else _decayed(x, gradient, options)
    (beta1, beta2), t = options["betas"], state.step + 1
    # torch keeps the product in float32, whatever the weights' precision
    m, v, product = state.buffers or (*_zeros(g, 2), torch.ones((), dtype=torch.float32))
    m = torch.lerp(m, g, 1 - beta1)
    v = torch.addcmul(v * beta2, g, g, value=1 - beta2)
    mu, ahead = (beta1 * (1 - 0.5 * 0.96 ** (n * decay)) for n in (t, t + 1))
    product = product * mu
    so_far = product.item()
    scale = (v / (1 - beta2**t)).sqrt_().add_(options["eps"])
    direction = (g * ((1 - mu) / (1 - so_far))).add_(m, alpha=ahead / (1 - so_far * ahead)).div_(scale)
    return _shrunk(direction, x, options, decoupled), State(t, (m, v, product))


def radam(x: Tensor, gradient: Tensor, state: State, options: Options) -> tuple[Tensor, State]:
    """RAdam, Adam that begins as momentum until its v can be trusted; buffers: m, v.

    g = gradient + weight_decay x (bare if decoupled);  m and v as in `adam`;  R = 2 / (1 - beta2) - 1
    r = R - 2 t beta2^t / (1 - beta2^t);  direction = m / (1 - beta1^t), and where r > 5 also times
    sqrt((r - 4) (r - 2) R / ((R - 4) (R - 2) r)) sqrt(1 - beta2^t) / (sqrt(v) + eps)  (+ weight_decay x if decoupled)
    """
    decoupled = options["decoupled_weight_decay"]
    g = gradient if decoupled else _decayed(x, gradient, options)
    (beta1, beta2), t = options["betas"], state.step + 1
    m, v = state.buffers or _zeros(g, 2)
    m = torch.lerp(m, g, 1 - beta1)
    v = torch.addcmul(v * beta2, g, g, value=1 - beta2)
    longest, unbiased = 2 / (1 - beta2) - 1, 1 - beta2**t
    length = longest - 2 * t * beta2**t / unbiased
    direction = m / (1 - beta1**t)
    if length > 5:
        share = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        direction.mul_(math.sqrt(share * unbiased)).div_(v.sqrt().add_(options["eps"]))
    return _shrunk(direction, x, options, decoupled), State(t, (m, v))


def adamax(x: Tensor, gradient: Tensor, state: State, options: Options) -> tuple[Tensor, State]:
    """Adamax, Adam that divides by the largest slope lately; buffers: m, u.

    g = gradient + weight_decay x;  m = beta1 m + (1 - beta1) g;  u = max(beta2 u, |g| + eps)
    direction = m / ((1 - beta1^t) u), with t = 1 at the first step
    """
    g = _decayed(x, gradient, options)
    (beta1, beta2), t = options["betas"], state.step + 1
    m, u = state.buffers or _zeros(g, 2)
    m = torch.lerp(m, g, 1 - beta1)
    u = torch.maximum(u * beta2, g.abs().add_(options["eps"]))
    return torch.div(m, u).mul_(1 / (1 - beta1**t)), State(t, (m, u))


NEWTON_SCHULZ = (3.4445, -4.775, 2.0315)


def muon(x: Tensor, gradient: Tensor, state: State, options: Options) -> tuple[Tensor, State]:
    """Muon, momentum whose matrix is made orthogonal; buffers: (b,).

    b = momentum b + (1 - momentum) gradient;  u = b, or (1 - momentum) gradient + momentum b with Nesterov
    direction = weight_decay x + r orthogonal(u), with r = sqrt(max(1, rows / columns)), or with "match_rms_adamw"
    0.2 sqrt(max(rows, columns)). `orthogonal` brings all singular values near 1 by Newton-Schulz steps in bfloat16.
    """
    momentum = options["momentum"]
    b = torch.lerp(state.buffers[0] if state.buffers else torch.zeros_like(gradient), gradient, 1 - momentum)
    u = torch.lerp(gradient, b, momentum) if options["nesterov"] else b
    rows, columns = x.shape[-2:]
    if options["adjust_lr_fn"] == "match_rms_adamw":
        ratio = 0.2 * math.sqrt(max(rows, columns))
    else:
        ratio = math.sqrt(max(1, rows / columns))
    direction = _orthogonal(u, options["ns_steps"], options["eps"]).to(x.dtype) * ratio
    return _shrunk(direction, x, options, True), State(state.step + 1, (b,))


def _orthogonal(matrices: Tensor, rounds: int, eps: float) -> Tensor:
    a, b, c = NEWTON_SCHULZ
    tall = matrices.shape[-2] > matrices.shape[-1]
    m = (matrices.mT if tall else matrices).bfloat16().reshape(-1, *sorted(matrices.shape[-2:]))
    m = m / torch.linalg.vector_norm(m, dim=(-2, -1), keepdim=True).clamp(min=eps)
    for _ in range(rounds):
        gram = m @ m.mT
        m = torch.baddbmm(m, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), m, beta=a)
    return (m.mT if tall else m).reshape(matrices.shape)


def _shrunk(direction: Tensor, x: Tensor, options: Options, decoupled: bool) -> Tensor:
    """The direction with decoupled weight decay: the weights shrink on their own, past the rest of the rule."""
    decay = options["weight_decay"]
    return direction.add_(x, alpha=decay) if decoupled and decay else direction


def _decayed(x: Tensor, gradient: Tensor, options: Options) -> Tensor:
    decay = options["weight_decay"]
    return torch.add(gradient, x, alpha=decay) if decay else gradient


def _zeros(like: Tensor, count: int) -> tuple[Tensor, ...]:
    return tuple(torch.zeros_like(like) for _ in range(count))
