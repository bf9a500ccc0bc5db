"""What claims read from runs, on runs whose numbers are known, and one tiny training."""

from __future__ import annotations

import gzip
import math

import numpy as np
import pytest

from theory.errors import InputError
from theory.marion2026.experiments import DEFAULT, PUBLISHED, SCALES, SWEEPS, Reference, images, sweep, train_and_measure, unit
from theory.marion2026.readings import (
    change,
    copies_before,
    curves,
    exponent,
    fidelity_of,
    rises_after_onset,
    second_descent,
    time_of,
    train_test_gap,
    trend,
    worst_before,
)
from theory.marion2026.statements.claims_1_to_5 import least_loss
from theory.marion2026.statements.claims_9_to_13 import descents, near, pattern, unforced

STEPS = np.geomspace(100, 10_000, 21)


def run(start: float = 1_000.0, **columns):
    """Return a run whose test loss rises from a start on."""
    late = np.maximum(np.log(STEPS / start), 0)
    found = {
        "step": STEPS,
        "train": 0.5 - 0.1 * late,
        "test": 0.5 + 0.1 * late,
        "copies": np.clip(late / 3, 0, 1),
        "sliced_train": 0.2 + 0 * late,
        "sliced_test": 0.2 + 100 / STEPS,
        **columns,
    }
    entries = [{name: float(values[k]) for name, values in found.items()} for k in range(len(STEPS))]
    return {
        "least": 0.0,
        "gaussian": 0.6,
        "samples": 100,
        "floor": {"sliced": 0.1},
        "fresh": {"sliced_test": 0.1},
        "checkpoints": entries,
    }


def test_the_exponent_of_times_that_grow_like_the_size_is_1() -> None:
    found = [run(start) for start in (500.0, 1_000.0, 2_000.0)]
    assert exponent(found, (16, 32, 64)) == pytest.approx(1, abs=0.02)
    assert trend([time_of(entry) for entry in found], (16, 32, 64)) == pytest.approx(exponent(found, (16, 32, 64)))
    assert exponent([*found, run(1e9)], (16, 32, 64, 128)) is None


def test_a_diverged_run_has_its_curves_up_to_where_it_diverged() -> None:
    found = run()
    for entry in found["checkpoints"][10:]:
        entry.update(train=None, test=None)
    assert len(curves(found).steps) == 10


def test_fidelity_is_the_smallest_distance_before_the_onset() -> None:
    found = run()
    before = time_of(found) > STEPS
    assert fidelity_of(found) == pytest.approx(float(np.min(0.2 + 100 / STEPS[before])))
    assert worst_before(found) == pytest.approx((0.2 + 1) / 0.1)
    assert copies_before(found) < 0.3


@pytest.mark.parametrize(
    ("values", "size"),
    [
        ([3, 2, 1], 0.0),  # falls once
        ([3, 1, 2, 1], 1.0),  # rises to twice the minimum and falls back
        ([3, 1, 2, 1.6], 0.25),  # falls back by a fifth of what it reaches
        ([1, 2, 3], 0.0),  # never falls again
        ([3, 1, 1.05, 1], 0.05),
    ],
)
def test_a_second_descent_has_the_size_of_its_smaller_side(values, size) -> None:
    assert second_descent(np.array(values, dtype=float)) == pytest.approx(size - 0.1)


def test_a_second_descent_of_a_run_that_diverged_is_not_a_number_where_min_and_max_pass_it_over() -> None:
    values = [3, 1, 2, 1, math.nan]
    assert max(1.0, min(2.0, math.nan)) == 2.0
    assert max(0.0, math.nan) == 0.0
    for at in range(5):
        assert math.isnan(second_descent(np.roll(np.array(values), at)))


def test_what_is_read_along_a_whole_run_is_not_a_number_where_the_run_diverged() -> None:
    found = run()
    for entry in found["checkpoints"][-3:]:
        entry.update(train=None, test=None, sliced_train=None, sliced_test=None)
        entry.pop("test_by_time", None)
    results = [found] * len(SWEEPS["points"])
    for reading in (*least_loss, *near, *unforced, *pattern, *descents["test"]):
        assert math.isnan(reading.of(results)), reading.says
    assert min(np.array([1.0, math.nan])) == 1.0


def test_a_second_descent_does_not_depend_on_the_unit() -> None:
    values = np.array([3, 1, 2, 1.3])
    assert second_descent(values * 7) == pytest.approx(second_descent(values))


def test_the_copy_rate_may_fall_by_chance_and_no_more() -> None:
    assert rises_after_onset(run()) > 0
    copies = np.clip(np.maximum(np.log(STEPS / 1_000), 0) / 3, 0, 1)
    copies[-1] = 0.1
    assert rises_after_onset(run(copies=copies)) < 0
    copies[-1] = copies[-2] - 0.01
    assert rises_after_onset(run(copies=copies)) > 0
    assert rises_after_onset(run(1e9)) is None


def test_the_gap_is_the_largest_one_and_changes_are_interpolated() -> None:
    assert train_test_gap(run()) == pytest.approx(1 / 1.2)
    assert change(run(), "sliced_test", 100, 10_000) == pytest.approx(-0.99)
    assert change(run(), "sliced_test", 50, 10_000) is None


def test_the_default_is_among_every_sweep_and_units_differ_in_one_setting() -> None:
    for name, values in SWEEPS.items():
        assert DEFAULT[name] in values
        units = sweep(name).size("quick").replicates[0]
        assert [entry[name] for entry in units] == list(values)
        others = [{key: entry[key] for key in DEFAULT if key != name} for entry in units]
        assert all(entry == others[0] for entry in others)


def test_runs_take_as_many_more_steps_as_they_have_more_points_or_smaller_batches() -> None:
    base = unit("quick")["steps"]
    assert unit("quick", points=64)["steps"] == 2 * base
    assert unit("quick", batch=8)["steps"] == 2 * base
    assert unit("quick", rate=DEFAULT["rate"] * 2)["steps"] == base
    assert base == SCALES["quick"]["steps"]


def test_training_and_test_images_are_disjoint() -> None:
    pool, test = images("digits")
    seen = {row.tobytes() for row in pool.rows}
    assert not any(row.tobytes() in seen for row in test.rows)


def test_images_compared_with_themselves_are_at_distance_0_and_training_images_are_copies() -> None:
    pool, test = images("digits")
    train = pool.take(np.arange(16))
    reference = Reference(train, test, pool)
    own = reference.read(test)
    assert max(own["sliced_test"], own["frechet_test"]) < 1e-7
    assert own["precision"] == own["recall"] == 1
    learnt = reference.read(train)
    assert learnt["copies"] == learnt["cosine"] == learnt["nearer"] == 1
    assert learnt["sliced_train"] < 1e-7
    assert learnt["sliced_test"] == pytest.approx(reference.floor)


def test_the_sliced_distance_is_that_of_quantiles_along_directions_of_length_1() -> None:
    pool, test = images("digits")
    train = pool.take(np.arange(20))
    reference = Reference(train, test, pool)
    np.testing.assert_allclose(np.linalg.norm(reference.directions, axis=0), 1)
    # 20 divides 360: every training image stands for 18 quantiles of the test images.
    low, high = (np.sort(part.rows @ reference.directions, axis=0) for part in (train, test))
    assert reference.floor == pytest.approx(float(np.sqrt(np.mean((np.repeat(low, 18, axis=0) - high) ** 2))))


@pytest.fixture(scope="module")
def tiny():
    return train_and_measure(unit("quick", points=16, width=32) | {"steps": 600, "repetitions": 2, "samples": 24})


def test_the_closed_form_copies_and_the_others_do_not(tiny) -> None:
    for found in tiny:
        assert found["exact"]["copies"] == 1
        assert found["exact"]["nearer"] == 1
        assert max(found[name]["copies"] for name in ("fitted", "fresh")) < 0.1
        assert found["fresh"]["sliced_test"] < found["fitted"]["sliced_test"]


def test_the_train_loss_stays_above_the_closed_form_s_and_the_gap_below_the_floor(tiny) -> None:
    for found in tiny:
        for entry in found["checkpoints"]:
            assert entry["train"] > found["least"]
            assert abs(entry["sliced_train"] - entry["sliced_test"]) <= found["floor"]["sliced"] * (1 + 1e-9)
            assert np.mean(entry["test_by_time"]) == pytest.approx(entry["test"], rel=1e-9)


def test_a_repetition_is_the_same_alone_and_in_company(tiny) -> None:
    alone = train_and_measure(unit("quick", points=16, width=32) | {"steps": 600, "repetitions": 1, "samples": 24})
    assert alone[0] == tiny[0]
    assert not math.isclose(tiny[0]["least"], tiny[1]["least"])


def test_the_published_network_runs_through_the_same_unit_at_a_small_size() -> None:
    small = {"steps": 72, "points": 16, "repetitions": 1, "samples": 4, "sampling_steps": 2, "data": ["digits"], "batch": 2}
    scales = {"multipliers": (1,), "blocks": (1,), "attention": (False,)}
    shape = {"base": 4, "channels": 1, "side": 8, "embedding": 8, "head": 4, **scales}
    (found,) = train_and_measure(PUBLISHED | small | {"shape": shape, "device": "cpu"})
    assert found["checkpoints"][-1]["step"] == 72
    assert found["checkpoints"][-1]["train"] > found["least"]


def test_fashion_images_come_from_a_folder_in_their_own_split(tmp_path) -> None:
    rng = np.random.default_rng(0)
    for name, count in (("train", 30), ("t10k", 12)):
        pixels = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        for kind, values in (("images-idx3", pixels), ("labels-idx1", labels)):
            head = bytes([0, 0, 8, values.ndim]) + b"".join(int(n).to_bytes(4, "big") for n in values.shape)
            (tmp_path / f"{name}-{kind}-ubyte.gz").write_bytes(gzip.compress(head + values.tobytes()))
    pool, test = images("fashion", str(tmp_path))
    assert (len(pool), len(test)) == (30, 12)
    assert pool.values.shape[1:] == (1, 28, 28)


@pytest.mark.parametrize(("data", "words"), [("cifar10", "a local path is needed"), ("imagenet", "data = 'imagenet': one of")])
def test_data_that_are_not_there_are_named(data, words) -> None:
    with pytest.raises(InputError, match=words):
        images(data)
