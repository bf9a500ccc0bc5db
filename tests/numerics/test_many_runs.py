"""Runs trained at once: each is the one that torch trains alone, whatever its company, and goes on where it was stopped."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import numerics.many_runs as module
from numerics.many_runs import Run, Stack, geometric_grid
from numerics.velocity_networks import Perceptron, forward

torch = pytest.importorskip("torch")
SHAPE = Perceptron(pixels=5, width=12, blocks=2, classes=3, frequencies=4)
AVERAGE = 0.99


def runs(count=3, **changes):
    found = []
    for r in range(count):
        rng = np.random.default_rng(r)
        n = 4 + 3 * r
        data, labels = rng.standard_normal((n, SHAPE.pixels)), rng.integers(0, SHAPE.classes, n)
        found.append(replace(Run(data=data, labels=labels, rate=1e-3 * (1 + r % 2), batch=6, seed=r), **changes))
    return found


def alone(run, steps):
    """One run as one writes it first: a forward pass for autograd, the library's plain Adam, and the average after it."""
    start, choices, clock, noises = run.sources()
    row = torch.nn.Parameter(torch.from_numpy(SHAPE.initial(start))[None])
    average = row.detach().clone()
    optimizer = torch.optim.Adam([row], lr=run.rate, foreach=False)
    for _ in range(steps):
        chosen = choices.integers(0, len(run.data), (1, run.batch))
        t, z = clock.random((1, run.batch)), noises.standard_normal((1, run.batch, SHAPE.pixels))
        x = (1 - t[..., None]) * run.data[chosen] + t[..., None] * z
        e = SHAPE.embed(t, run.labels[chosen])
        found = forward(SHAPE, row, torch.from_numpy(x), torch.from_numpy(e))
        loss = ((found - torch.from_numpy(z - run.data[chosen])) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average = AVERAGE * average + (1 - AVERAGE) * row.detach()
    return row.detach().numpy()[0], average.numpy()[0]


def stack(chosen, **settings):
    return Stack(SHAPE, chosen, average=AVERAGE, **settings)


def test_each_of_many_runs_is_the_one_that_autograd_and_plain_adam_train_alone():
    # The two orders of summation differ by 1e-16 a step, which Adam's quotient and 300 steps of training enlarge.
    together = stack(runs(), precision="float64")
    together.advance(300)
    for r, run in enumerate(runs()):
        row, average = alone(run, 300)
        assert np.abs(row - SHAPE.initial(run.sources()[0])).max() > 0.1
        np.testing.assert_allclose(together.rows[r], row, rtol=0, atol=1e-10)
        np.testing.assert_allclose(together.averages[r], average, rtol=0, atol=1e-10)


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


def test_single_precision_follows_double_precision_to_its_digits():
    single, double = stack(runs()), stack(runs(), precision="float64")
    # Draws of the two precisions differ, so both start from the same weights and only those are compared.
    np.testing.assert_allclose(single.rows, double.rows, rtol=2**-23, atol=0)
    assert single.rows.dtype == torch.float32


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
        (lambda: SHAPE.embed(np.ones(2), np.array([0, 3])), "class 3: a class from 0 to 2"),
    ],
)
def test_bad_input_is_refused_in_one_line(make, line):
    with pytest.raises(ValueError, match=line) as caught:
        make()
    assert "\n" not in str(caught.value)
