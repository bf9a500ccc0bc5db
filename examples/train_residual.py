"""Train two small residual networks, layers equal at the start and layers independent; write their weights as NPZ.

Run ``python examples/train_residual.py FOLDER``, then ``quod measure discretization FOLDER/tied.npz``. The network is
h_{k+1} = h_k + V_{k+1} tanh(W_{k+1} h_k / sqrt(q)) / (L sqrt(m)), trained by gradient descent on A, V, W, B as in marion2024.
"""

import sys
from pathlib import Path

import numpy as np


def start(rng, depth, wide, hidden, tied):
    """Return V = 0 and Gaussian W, the same for all layers or one for each."""
    v = np.zeros((depth, wide, hidden))
    w = rng.standard_normal((1 if tied else depth, hidden, wide)) * np.ones((depth, 1, 1))
    return v, w


def gradients(x, y, v, w):
    """Return the mean squared error and its gradients in V and W, those of the layers times the depth."""
    (depth, wide, hidden), n = v.shape, x.shape[1]
    states, active = [x], []
    for k in range(depth):
        active.append(np.tanh(w[k] @ states[k] / np.sqrt(wide)))
        states.append(states[k] + v[k] @ active[k] / (depth * np.sqrt(hidden)))
    error = states[-1] - y
    p, of_v, of_w = 2 * error / n, np.empty_like(v), np.empty_like(w)
    for k in reversed(range(depth)):
        back = (v[k].T @ p) * (1 - active[k] ** 2) / np.sqrt(hidden * wide)
        of_v[k] = p @ active[k].T / np.sqrt(hidden)
        of_w[k] = back @ states[k].T
        p = p + w[k].T @ back / depth
    return float(np.sum(error**2)) / n, of_v, of_w


def train(depth=32, wide=8, hidden=16, n=40, steps=400, rate=0.1, *, tied, seed=0):
    """Return the trained layers and the losses before and after."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((2, wide, n))
    v, w = start(rng, depth, wide, hidden, tied)
    first, _, _ = gradients(x, y, v, w)
    for _ in range(steps):
        _, of_v, of_w = gradients(x, y, v, w)
        v, w = v - rate * of_v, w - rate * of_w
    return v, w, first, gradients(x, y, v, w)[0]


def main(folder):
    """Write tied.npz and iid.npz, with layers named V_1, V_2, ... and W_1, W_2, ..."""
    for name, tied in (("tied", True), ("iid", False)):
        v, w, before, after = train(tied=tied)
        layers = {f"{letter}_{k}": layer for letter, stack in (("V", v), ("W", w)) for k, layer in enumerate(stack, 1)}
        np.savez(folder / f"{name}.npz", **layers)
        print(f"{folder / name}.npz: loss {before:.3g} before, {after:.3g} after training")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
