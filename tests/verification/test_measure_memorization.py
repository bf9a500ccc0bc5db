"""``quod measure memorization``: verdicts on samples of known origin, field cases, words, files, and refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import figures.nearest_pairs
import verification.measure_memorization as module
from numerics.copies import share_of
from numerics.image_files import images_from
from numerics.images import Images, generated_images
from numerics.stand_ins import gaussian_images, training_copies
from theory.statement import InputError
from verification.cli import execute
from verification.measure_memorization import Finding, measure_memorization
from verification.measure_memorization_text import limits, text_of, verdict


def bumps(n, seed, name):
    """Images of three bright bumps at random places, of random widths: many, distinct, and far from Gaussian."""
    rng = np.random.default_rng(seed)
    centre, width = rng.uniform(0, 7, (n, 3, 2, 1, 1)), rng.uniform(0.5, 1.5, (n, 3, 1, 1))
    y, x = np.mgrid[:8, :8]
    heights = np.exp(-((y - centre[:, :, 0]) ** 2 + (x - centre[:, :, 1]) ** 2) / (2 * width**2))
    return Images(values=2 * heights.max(axis=1)[:, None] - 1, name=name)


TRAIN, TEST = bumps(40, 0, "train"), bumps(200, 1, "test")
COPIES = training_copies(TRAIN, 60, np.random.default_rng(2))
FRESH = generated_images(bumps(60, 3, "x").values, "fresh")
GAUSSIAN = gaussian_images(TRAIN, 60, np.random.default_rng(4))
PALE = generated_images(0.5 * FRESH.values, "pale")


@pytest.fixture(autouse=True)
def _few_exchanges(monkeypatch):
    monkeypatch.setattr(module, "EXCHANGES", 99)
    monkeypatch.setattr(module, "DIRECTIONS", 16)
    monkeypatch.setattr(module, "JUDGED", 100)


def measured(samples=FRESH, train=TRAIN, test=TEST, **options):
    return measure_memorization(train=train, test=test, samples=samples, **options)


def said(m):
    return "\n".join(text_of(m))


def test_copies_are_found_with_their_share_and_false_positives():
    m = measured(COPIES)
    assert m.finding is Finding.COPIES
    assert all(metric.share.share > 0.9 for metric in m.metrics)
    assert all(metric.calibration.false_positives.share < 0.1 for metric in m.metrics)
    assert m.equal == 0
    assert "the model copies: 60 of 60 samples" in verdict(m)


@pytest.mark.parametrize("samples", [FRESH, GAUSSIAN], ids=["fresh", "gaussian"])
def test_where_there_are_none_no_copies_are_seen_and_how_many_may_be_is_said(samples):
    m = measured(samples)
    assert m.finding is Finding.NONE_SEEN
    most = min(metric.most for metric in m.metrics)
    assert 1 - 0.025 ** (1 / 60) <= most <= module.UNSEEN
    assert "are copies that these metrics see" in verdict(m)


@pytest.mark.parametrize(("count", "sees"), [(1, False), (3, False), (12, True)])
def test_more_copies_than_false_positives_count_beyond_both_intervals_only(count, sees):
    metric = measured(COPIES).metrics[0]
    few = share_of(np.arange(60) < count)
    false = share_of(np.arange(200) < 2)
    calibration = replace(metric.calibration, false_positives=false)
    assert replace(metric, share=few, calibration=calibration).sees_copies is sees
    assert few.share > false.share


def test_novelty_and_fidelity_are_told_apart():
    fresh, pale = measured(FRESH), measured(PALE)
    assert fresh.distances.like_fresh > module.LEVEL >= pale.distances.like_fresh
    assert "is not told from that of the held-out images" in verdict(fresh)
    assert "says nothing about copying" in verdict(fresh)
    assert "do not follow the distribution" in verdict(pale)
    assert pale.finding is fresh.finding is Finding.NONE_SEEN


def test_distances_to_training_and_held_out_images_differ_by_at_most_the_floor():
    for samples in (COPIES, FRESH, GAUSSIAN):
        table = measured(samples).distances.table
        gap = abs(table["samples to held-out"][0] - table["samples to training"][0])
        assert gap <= table["floor: training to held-out"][0] + 1e-13


def test_a_fifth_of_copies_among_others_is_found():
    mixed = replace(COPIES, values=np.concatenate([COPIES.values[:12], GAUSSIAN.values[:48]]))
    m = measured(mixed)
    assert m.finding is Finding.COPIES
    pairs = m.nearest_pairs(m.near, m.cosine)
    best = {int(at): min(m.near.ratio[m.near.index == at]) for at in m.near.index}
    assert [pair["ratio"] for pair in pairs] == sorted(best.values())[: len(pairs)]
    assert len({pair["training_image"] for pair in pairs}) == len(pairs) == 10
    assert all(pair["image"] < 12 for pair in pairs[:6])


def test_samples_that_are_the_training_images_are_said_to_be():
    m = measured(generated_images(TRAIN.values, "same"))
    assert m.equal == 40
    assert m.near.distance.max() == 0
    assert m.distances.table["samples to training"][0] == 0
    assert verdict(m).startswith("every sample is a training image, value for value")


def test_duplicated_training_images_change_no_verdict_by_the_ratio():
    doubled = replace(TRAIN, values=np.concatenate([TRAIN.values] * 2))
    m, once = measured(COPIES, doubled), measured(COPIES)
    assert m.near.ratio.tolist() == once.near.ratio.tolist()
    assert "80 of 8 x 8 pixels, 40 equal to an earlier one" in said(m)


def test_held_out_images_that_were_trained_on_are_left_out_and_counted():
    m = measured(test=replace(TEST, values=np.concatenate([TRAIN.values[:5], TEST.values])))
    assert (m.dropped, len(m.sets["test"])) == (5, 200)
    assert "5 test images are training images, value for value: left out" in said(m)


def test_swapped_training_and_held_out_images_give_no_verdict():
    m = measured(COPIES, TEST, TRAIN)
    assert m.swapped
    assert m.finding is Finding.UNDECIDED
    assert "--train and --test are swapped" in verdict(m)


def test_swapped_training_images_and_samples_are_visible():
    m = measured(generated_images(TRAIN.values, "train"), Images(values=PALE.values, name="pale"))
    assert m.distances.split_is_fair <= module.LEVEL
    assert any("--train and --samples are swapped" in entry for entry in limits(m))
    assert not any("swapped" in entry for entry in limits(measured()))
    with pytest.raises(InputError, match="generated images are given as the training set"):
        measured(train=GAUSSIAN)
    with pytest.raises(InputError, match="real images are given as samples"):
        measured(samples=TEST)


def test_few_samples_give_no_verdict_and_say_so():
    m = measured(FRESH.take(range(5)))
    assert m.finding is Finding.UNDECIDED
    assert m.distances is None
    words = said(m)
    assert f"up to {100 * min(metric.most for metric in m.usable):.3g}% of what the model makes may be copies" in words
    assert "copies rarer than 0.52 of all samples" in words
    assert "distances between distributions need 8" in words


def test_few_held_out_images_leave_the_ratio_and_say_what_is_missing():
    m = measured(COPIES, test=TEST.take(range(10)))
    assert m.detector is None
    assert "10 images; a rate of 0.01 needs 198" in said(m)
    assert m.finding is Finding.COPIES
    assert "calibrating it needs 16 held-out images" in said(m)


def test_constant_samples_are_counted_as_blank_and_repeated():
    words = said(measured(generated_images(np.full((50, 1, 8, 8), -0.7), "grey")))
    assert "50 of 8 x 8 pixels, 49 equal to an earlier one, 50 blank" in words
    assert "49 of 50 equal an earlier one" in words


def test_a_metric_that_does_not_separate_on_these_images_is_not_used(monkeypatch):
    monkeypatch.setattr(
        "numerics.metric_calibration.training_copies", lambda train, n, rng: training_copies(train, n, rng, 3.0)
    )
    m = measured(COPIES)
    assert m.finding is Finding.UNDECIDED
    assert "nothing can be said about copying" in verdict(m)
    assert "does not tell copies from white noise" in said(m)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"train": TRAIN.take([0, 0, 0])}, "one distinct training image of 3"),
        ({"test": TRAIN}, "every test image is a training image"),
        ({"samples": generated_images(np.zeros((3, 1, 9, 9)), "nine")}, r"\(1, 9, 9\)"),
        ({"false_positives": 1.0}, "--false-positives 1 must lie between 0 and 1"),
    ],
)
def test_sets_that_do_not_go_together_are_refused(arguments, says):
    with pytest.raises(InputError, match=says):
        measured(**arguments)


def test_no_number_printed_is_nan_and_json_holds_what_is_printed():
    m = measured(GAUSSIAN)
    words, data = said(m), json.loads(json.dumps(m.data(), allow_nan=False))
    assert "nan" not in words
    assert data["finding"] == "no copies seen"
    assert data["metrics"][0]["samples"]["trials"] == 60
    assert data["samples"]["ratio"] == m.near.ratio.tolist()
    assert f"{data['distances']['table']['samples to held-out']['Fréchet']:.4g}" in words


@pytest.fixture
def files(tmp_path):
    paths = {}
    for role, images in {"train": TRAIN, "test": TEST, "samples": COPIES}.items():
        paths[role] = tmp_path / f"{role}.npy"
        np.save(paths[role], images.values)
    return paths


def run(capsys, files, out, *more):
    arguments = [text for role, path in files.items() for text in (f"--{role}", str(path))]
    status = execute(["measure", "memorization", *arguments, "--out", str(out), *more])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_command_writes_the_numbers_and_the_picture_with_the_same_bytes_twice(capsys, files, tmp_path):
    status, text, err = run(capsys, files, tmp_path / "one")
    assert (status, err) == (0, "")
    again = measured(**{role: images_from(path, generated=role == "samples") for role, path in files.items()})
    (tmp_path / "two").mkdir()
    figures.nearest_pairs.draw_nearest_pairs(again, [tmp_path / "two" / "memorization.png"])
    (tmp_path / "two" / "memorization.json").write_text(json.dumps({"seed": 0, **again.data()}, indent=2) + "\n")
    assert "copies training images" in text
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == [f"memorization.{e}" for e in ("json", "pdf", "png")]
    for path in (tmp_path / "two").iterdir():
        assert path.read_bytes() == (tmp_path / "one" / path.name).read_bytes()


def test_json_is_printed_on_request(capsys, files, tmp_path, monkeypatch):
    monkeypatch.setattr(figures.nearest_pairs, "draw_nearest_pairs", lambda _m, _paths: None)
    data = json.loads(run(capsys, files, tmp_path / "out", "--json", "--seed", "3")[1])
    assert (data["seed"], data["finding"]) == (3, "copies training images")


def test_bad_files_are_refused_in_one_line_that_names_the_option(capsys, files, tmp_path):
    bad = np.array(TRAIN.values)
    bad[3, 0, 1, 1] = np.nan
    np.save(tmp_path / "nan.npy", bad)
    (tmp_path / "file").write_text("")
    for change, more, says in [
        ({"train": tmp_path / "nan.npy"}, (), f"--train {tmp_path}/nan.npy: image 3 has a value that is not finite"),
        ({"test": tmp_path / "none.npy"}, (), f"--test {tmp_path}/none.npy: no such file"),
        ({"samples": tmp_path / "file"}, (), "--samples"),
        ({}, ("--scale", "grey"), "--scale takes auto, bytes, unit, signed, not 'grey'"),
        ({}, ("--scale", "bytes"), "outside [0, 255]"),
        ({}, ("--false-positives", "0"), "--false-positives 0 must lie"),
    ]:
        status, out, err = run(capsys, files | change, tmp_path / "out", *more)
        assert (status, out) == (2, "")
        assert says in err
        assert err.count("\n") == 1
    assert not Path(tmp_path / "out").exists()
    assert run(capsys, files, tmp_path / "file")[0] == 2
