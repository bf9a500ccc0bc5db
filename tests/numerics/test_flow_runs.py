"""A unit of training runs: JSON values in and out, the same in any company and in parts, and losses that can be recomputed."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest
from sklearn.datasets import load_digits

import numerics.flow_runs as module
from numerics.exact_velocities import EmpiricalVelocity
from numerics.flow_runs import UnitRuns, train_unit
from numerics.packing import packed, unpacked
from numerics.rectified_flow import fixed_draws, loss_per_draw, sample_flow
from numerics.velocity_networks import as_velocity

pytest.importorskip("torch")
DIGITS = load_digits()
IMAGES, CLASSES = DIGITS.data / 8 - 1, DIGITS.target


def unit(runs, **changes):
    made = {
        "network": "perceptron",
        "shape": {"pixels": 64, "width": 32, "blocks": 1, "classes": 10},
        "train": packed(IMAGES[:100].astype(np.float32)),
        "train_labels": packed(CLASSES[:100]),
        "test": packed(IMAGES[100:150].astype(np.float32)),
        "test_labels": packed(CLASSES[100:150]),
        "runs": runs,
        "average": 0.9,
        "precision": "float32",
        "device": "cpu",
        "checkpoints": [5, 20, 40],
        "draws": 61,
        "draws_seed": 5,
        "samples": 7,
        "sampling_steps": 4,
        "method": "heun",
        "sampling_seed": 7,
    }
    return json.loads(json.dumps(made | changes))


def run(points=12, **changes):
    return {"points": points, "subset": 0, "seed": 1, "rate": 3e-3, "batch": 16} | changes


def test_a_run_is_the_same_in_any_company():
    specs = [run(), run(20, subset=None, seed=2), run(30, batch=24), run(rate=1e-3)]
    together = train_unit(unit(specs))
    assert together == json.loads(json.dumps(together, allow_nan=False))
    for spec, found in zip(specs, together, strict=True):
        assert train_unit(unit([spec])) == [found]


class Interrupted(Exception):
    """What a bookmark below raises at the second look."""


class Shelf:
    """A bookmark that keeps the state at every look, as text, and interrupts every other time."""

    def __init__(self):
        self.kept, self.looks, self.shares = None, 0, []

    def load(self):
        return None if self.kept is None else ({n: unpacked(a) for n, a in self.kept[0].items()}, json.loads(self.kept[1]))

    def due(self):
        self.looks += 1
        if self.looks % 3 == 0:
            raise Interrupted
        return True

    def store(self, arrays, plain, share):
        self.kept = {n: packed(a) for n, a in arrays.items()}, json.dumps(plain)
        self.shares.append(share)


def test_a_unit_that_is_interrupted_again_and_again_ends_with_the_bytes_of_running_through(monkeypatch):
    asked, shelf, found = unit([run(), run(20, batch=24)]), Shelf(), None
    monkeypatch.setattr(module, "CHUNK", 7)
    while found is None:
        with contextlib.suppress(Interrupted):
            found = train_unit(asked, shelf)
    assert found == train_unit(asked)
    assert shelf.looks > 6
    assert shelf.shares[0] == 5 / 40


def test_losses_and_samples_are_those_of_the_networks_that_the_state_holds():
    asked = unit([run(), run(20, seed=3)])
    runs = UnitRuns(asked)
    runs.advance(100)
    assert runs.step == 5
    stack = runs._stacks[16]
    draws = fixed_draws(61, 20, 64, np.random.default_rng(5))
    read = runs.results[1]["checkpoints"][0]
    chosen = runs.results[1]["indices"]
    own = IMAGES[:100][chosen], CLASSES[:100][chosen]
    for rows, name in ((stack.rows, "train"), (stack.averages, "train_average")):
        plain = loss_per_draw(as_velocity(runs._shape, rows[1:2]), draws, *own)
        assert read[name]["mean"] == pytest.approx(plain.mean(), rel=1e-6)
        np.testing.assert_allclose(read[name]["by_time"][0], plain[draws.times < 0.1].mean(), rtol=1e-6)
    noise = np.random.default_rng(7).standard_normal((7, 64))
    labels = np.array(runs.results[1]["labels"])
    np.testing.assert_array_equal(labels, own[1][:7])
    plain = sample_flow(as_velocity(runs._shape, stack.averages[1:2]), noise, labels, steps=4, method="heun")
    np.testing.assert_allclose(unpacked(read["samples"]), plain, atol=1e-6)


def test_the_exact_velocities_bound_what_training_reaches():
    shape = {"pixels": 64, "width": 128, "blocks": 1, "classes": 10}
    found = train_unit(unit([run(12)], shape=shape, checkpoints=[5, 1200]))[0]
    start, end = (point["train"]["mean"] for point in found["checkpoints"])
    draws = fixed_draws(61, 12, 64, np.random.default_rng(5))
    own = IMAGES[:100][found["indices"]], CLASSES[:100][found["indices"]]
    assert found["least"]["mean"] == pytest.approx(EmpiricalVelocity(*own).least_loss_per_draw(draws).mean(), rel=1e-12)
    assert found["least"]["mean"] < end < found["gaussian_train"]["mean"] < start
    # Memorization: the test loss has risen past what a Gaussian leaves, which has learnt next to nothing.
    assert found["checkpoints"][1]["test"]["mean"] > 1.5 * found["gaussian_test"]["mean"]


def test_subsets_are_nested_in_the_number_of_points_and_the_first_ones_where_no_seed_is_given():
    small, large, first = (UnitRuns(unit([spec])).results[0]["indices"] for spec in (run(5), run(9), run(4, subset=None)))
    assert large[:5] == small
    assert len(set(large)) == 9
    assert first == [0, 1, 2, 3]


def test_a_run_that_diverged_has_no_losses_and_leaves_the_other_as_it_is():
    wild, tame = train_unit(unit([run(rate=1e30), run()]))
    assert wild["checkpoints"][-1]["train"] is None
    assert [tame] == train_unit(unit([run()]))


def test_a_u_net_is_trained_by_the_same_unit():
    shape = {"base": 4, "channels": 1, "side": 8, "multipliers": [1, 2], "blocks": [1, 1], "attention": [False, True]}
    asked = unit([run(batch=4, rate=1e-2)], network="u-net", shape=shape | {"embedding": 8, "head": 4}, checkpoints=[1, 15])
    losses = [point["train"]["mean"] for point in train_unit(asked)[0]["checkpoints"]]
    assert losses[1] < 0.95 * losses[0]


def test_a_unit_without_classes_trains_without_them():
    asked = unit([run()], shape={"pixels": 64, "width": 32, "blocks": 1}, train_labels=None, test_labels=None, checkpoints=[5])
    found = train_unit(asked)[0]
    assert found["labels"] is None
    assert unpacked(found["checkpoints"][0]["samples"]).shape == (7, 64)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_packed_arrays_come_back_bit_by_bit(dtype):
    array = np.random.default_rng(0).standard_normal((3, 2)).astype(dtype)
    back = unpacked(json.loads(json.dumps(packed(array.T))))
    assert back.dtype == array.dtype
    assert back.tobytes() == array.T.copy().tobytes()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"checkpoints": [5, 5]}, r"checkpoints = \[5, 5\]: increasing"),
        ({"samples": 0}, "samples = 0: at least 1"),
        ({"runs": [run(101)]}, "points = 101: from 1 to 100"),
        ({"network": "transformer"}, "network 'transformer' is unknown; choose one of perceptron, u-net"),
        ({"draws": 20}, "draws = 20: at least one for each of the 50 points"),
    ],
)
def test_bad_units_are_refused_in_one_line(change, line):
    with pytest.raises(ValueError, match=line) as caught:
        UnitRuns(unit(**({"runs": [run()]} | change)))
    assert "\n" not in str(caught.value)
