"""Runs trained at once: each is the one that torch trains alone, whatever its company, and goes on where it was stopped."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import numerics.many_runs as module
from numerics.many_runs import Run, Stack, geometric_grid
from numerics.stacked_perceptron import Perceptron
from numerics.velocity_networks import as_velocity

torch = pytest.importorskip("torch")
SHAPE = Perceptron(pixels=5, width=32, blocks=2, classes=3, frequencies=4)
AVERAGE = 0.99
ROOT = Path(__file__).resolve().parents[2]


def runs(count=3, **changes):
    found = []
    for r in range(count):
        rng = np.random.default_rng(r)
        n = 4 + 3 * r
        data, labels = rng.standard_normal((n, SHAPE.pixels)), rng.integers(0, SHAPE.classes, n)
        found.append(replace(Run(data=data, labels=labels, rate=1e-3 * (1 + r % 2), batch=6, seed=r), **changes))
    return found


def alone(run, steps):
    """One run as one writes it first: a forward pass for autograd, Adam by its formula, and the average after it."""
    start, choices, clock, noises = run.sources()
    row = torch.nn.Parameter(torch.from_numpy(SHAPE.initial(start))[None])
    average = row.detach().clone()
    first, second = torch.zeros_like(row), torch.zeros_like(row)
    for step in range(1, steps + 1):
        chosen = choices.integers(0, len(run.data), (1, run.batch))
        t, z = clock.random((1, run.batch)), noises.standard_normal((1, run.batch, SHAPE.pixels))
        x = (1 - t[..., None]) * run.data[chosen] + t[..., None] * z
        e = SHAPE.embed(t, run.labels[chosen])
        found = SHAPE.forward(row, torch.from_numpy(x), torch.from_numpy(e))
        loss = ((found - torch.from_numpy(z - run.data[chosen])) ** 2).mean()
        (slope,) = torch.autograd.grad(loss, row)
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        with torch.no_grad():
            row -= run.rate * (first / (1 - 0.9**step)) / ((second / (1 - 0.999**step)).sqrt() + 1e-8)
        average = AVERAGE * average + (1 - AVERAGE) * row.detach()
    return row.detach().numpy()[0], average.numpy()[0]


def stack(chosen, **settings):
    return Stack(SHAPE, chosen, average=AVERAGE, **settings)


def test_each_of_many_runs_is_the_one_that_autograd_and_adam_by_its_formula_train_alone():
    # The two orders of summation differ by 1e-16 a step, which Adam's quotient and 200 steps of training enlarge.
    together = stack(runs(2), precision="float64")
    together.advance(200)
    for r, run in enumerate(runs(2)):
        row, average = alone(run, 200)
        assert np.abs(row - SHAPE.initial(run.sources()[0])).max() > 0.1
        np.testing.assert_allclose(together.rows[r], row, rtol=0, atol=1e-10)
        np.testing.assert_allclose(together.averages[r], average, rtol=0, atol=1e-10)


def test_the_network_is_its_formula():
    rng = np.random.default_rng(0)
    row, x, t, c = SHAPE.initial(rng), rng.standard_normal(5), 0.3, 2
    row += 0.1 * rng.standard_normal(SHAPE.row)
    m = {name: view[0] for name, view in SHAPE.views(row[None]).items()}
    angles = 2 * np.pi * t * np.array([0.25, 0.5, 1.0, 2.0])
    e = np.concatenate([np.cos(angles), np.sin(angles), [0, 0, 1], [1]])
    offsets = np.split(e @ m["C"], 3)
    h = x @ m["A"] + offsets[0]
    for k in range(2):
        a = h @ m[f"U{k}"] + offsets[k + 1]
        h = h + (a / (1 + np.exp(-a))) @ m[f"V{k}"]
    expected = (h / (1 + np.exp(-h))) @ m["O"] + m["o"][0]
    found = as_velocity(SHAPE, torch.from_numpy(row)[None])(x[None], np.array([t]), np.array([c]))[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)
    assert np.abs(expected).max() > 0.1


@pytest.mark.parametrize("name", ["many_runs", "flow_runs", "stacked_perceptron", "unet", "velocity_networks"])
def test_torch_is_imported_where_it_is_used_and_not_with_the_module(name):
    body = ast.parse((ROOT / "numerics" / f"{name}.py").read_text()).body
    assert not any("torch" in ast.unparse(line) for line in body if isinstance(line, ast.Import | ast.ImportFrom))


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_company_of_a_run_does_not_change_a_byte_of_it(precision):
    together = stack(runs(4), precision=precision)
    together.advance(40)
    for r in (1, 2):
        single = stack(runs(4)[r : r + 1], precision=precision)
        single.advance(40)
        assert single.rows[0].numpy().tobytes() == together.rows[r].numpy().tobytes()
        assert single.averages[0].numpy().tobytes() == together.averages[r].numpy().tobytes()


def test_the_length_of_the_blocks_of_batches_does_not_change_a_byte(monkeypatch):
    found = []
    for block in (1, 7, 32, 1000):
        monkeypatch.setattr(module, "BLOCK", block)
        trained = stack(runs())
        trained.advance(50)
        found.append(trained.rows.numpy().tobytes())
    assert len(set(found)) == 1


def test_a_stack_goes_on_from_its_state_with_the_bytes_of_running_through():
    through, first, second = stack(runs()), stack(runs()), stack(runs())
    through.advance(61)
    first.advance(24)
    state = first.state()
    first.advance(5)
    second.restore(state | {"sources": json.loads(json.dumps(state["sources"]))})
    second.advance(37)
    assert second.step == through.step == 61
    for name in ("rows", "averages", "moments"):
        assert second.state()[name].tobytes() == through.state()[name].tobytes()
    assert second.state()["sources"] == through.state()["sources"]


def test_a_run_that_diverges_leaves_the_others_as_they_are():
    wild = [*runs(2), replace(runs(3)[2], rate=1e30)]
    together, tame = stack(wild), stack(runs(2))
    together.advance(30)
    tame.advance(30)
    assert not np.isfinite(together.rows[2].numpy()).all()
    assert together.rows[:2].numpy().tobytes() == tame.rows.numpy().tobytes()


def test_training_is_left_with_the_threads_it_found():
    before = torch.get_num_threads()
    stack(runs(1)).advance(1)
    assert torch.get_num_threads() == before


def test_a_gradient_in_single_precision_is_that_in_double_precision_to_its_digits():
    rng, found = np.random.default_rng(0), {}
    weights = rng.standard_normal((3, SHAPE.row)) / 4
    inputs = [rng.standard_normal((3, 6, length)) for length in (SHAPE.pixels, SHAPE.embedded, SHAPE.pixels)]
    for precision in ("float32", "float64"):
        chosen = stack(runs(), precision=precision)
        chosen.rows.copy_(torch.from_numpy(weights))
        chosen._differentiate(*(torch.from_numpy(a.astype(precision)) for a in inputs))
        found[precision] = chosen._gradients.numpy()
    scale = np.abs(found["float64"]).max()
    assert scale > 0.1
    # Sums of some hundred terms, each rounded to 6e-8.
    np.testing.assert_allclose(found["float32"], found["float64"], rtol=0, atol=1e-5 * scale)


def test_a_geometric_grid_has_equal_ratios_and_both_ends():
    assert geometric_grid(10, 10_000, 4) == [10, 100, 1000, 10_000]
    assert geometric_grid(1, 5, 9) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda: stack([]), "a stack needs at least one run"),
        (lambda: stack([*runs(1), *runs(1, batch=7)]), r"batch sizes \[6, 7\] differ"),
        (lambda: stack(runs(1, labels=None)), "3 classes, and labels are not given"),
        (lambda: stack(runs(1, data=np.ones((4, 2)))), "points of 2 numbers do not fit a network of 5 pixels"),
        (lambda: runs(1, data=np.full((4, 5), np.nan)), r"data of shape \(4, 5\): rows of finite numbers"),
        (lambda: runs(1, rate=0.0), "rate = 0.0: a positive number"),
        (lambda: runs(1, batch=0), "batch = 0: at least 1"),
        (lambda: Stack(SHAPE, runs(1), average=1.0), r"average = 1.0: a factor in \[0, 1\)"),
        (lambda: stack(runs(1)).restore(stack(runs(2)).state()), r"a state of rows \(2, \d+\) does not fit"),
        (lambda: geometric_grid(5, 5, 3), "first = 5, last = 5, count = 3"),
        (lambda: replace(SHAPE, width=0), "width = 0: at least 1"),
        (lambda: replace(SHAPE, width=40), "width = 40: a multiple of 32"),
        (lambda: SHAPE.embed(np.ones(2), np.array([0, 3])), "class 3: a class from 0 to 2"),
    ],
)
def test_bad_input_is_refused_in_one_line(make, line):
    with pytest.raises(ValueError, match=line) as caught:
        make()
    assert "\n" not in str(caught.value)
