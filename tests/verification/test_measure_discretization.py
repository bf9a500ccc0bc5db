"""``quod measure discretization``: trained networks, made-up layers of every kind, files of every kind, and refusals."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from numerics.comparison import Truth
from verification.cli import execute
from verification.measure_discretization import WORDS, Verdict, measure_discretization
from verification.measure_layers import Family, Tensor, group, read_families

SCRIPT = Path(__file__).resolve().parents[2] / "examples" / "train_residual.py"


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    status = execute(["measure", "discretization", *map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def family(stack, dtype=None) -> Family:
    stack = np.asarray(stack)
    tensors = tuple(Tensor(values=layer, dtype=dtype or str(stack.dtype)) for layer in stack)
    return Family(name="Z_{k}", labels=tuple(range(len(stack))), tensors=tensors)


def measured(stack, dtype=None):
    return measure_discretization(family(stack, dtype), orders=999)


def smooth(depth, shape=(3, 4), seed=0):
    s = ((np.arange(depth) + 0.5) / depth)[:, None, None]
    a, b, c = np.random.default_rng(seed).standard_normal((3, *shape))
    return a + b * np.sin(2 * s) + c * np.cos(3 * s)


def noise(depth, shape=(3, 4), seed=1):
    return np.random.default_rng(seed).standard_normal((depth, *shape))


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    runpy.run_path(str(SCRIPT))["main"](folder)
    return folder


def test_the_gradients_of_the_example_are_those_of_its_loss():
    script = runpy.run_path(str(SCRIPT))
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 3, 5))
    v, w = rng.standard_normal((4, 3, 2)), rng.standard_normal((4, 2, 3))
    _, of_v, of_w = script["gradients"](x, y, v, w)
    for at in ((0, 1, 1), (3, 0, 0)):
        for which, gradient in ((0, of_v), (1, of_w)):
            index = at if which == 0 else (at[0], at[2], at[1])
            steps = []
            for h in (1e-5, -1e-5):
                moved = [v.copy(), w.copy()]
                moved[which][index] += h
                steps.append(script["gradients"](x, y, *moved)[0])
            assert 4 * (steps[0] - steps[1]) / 2e-5 == pytest.approx(gradient[index], rel=1e-6)


def test_a_trained_weight_tied_network_discretizes_and_an_independent_one_does_not(capsys, trained):
    for name, verdict in (("tied", "discretizes an ODE"), ("iid", "does not discretize an ODE")):
        status, out, err = run(capsys, trained / f"{name}.npz")
        assert (status, err) == (0, "")
        assert re.findall(r"^([VW]_\{k\}): (.*)$", out, re.MULTILINE) == [("V_{k}", verdict), ("W_{k}", verdict)]


def test_in_trained_weight_tied_networks_the_ratio_falls_like_the_square_of_the_depth_and_gaps_like_the_depth():
    train = runpy.run_path(str(SCRIPT))["train"]
    found = [measured(train(depth=depth, steps=100, tied=True)[0]) for depth in (12, 24, 48)]
    scaled = [m.depth**2 * m.ratio for m in found]
    assert max(scaled) < 1.1 * min(scaled)
    lipschitz = [m.lipschitz.value for m in found]
    assert max(lipschitz) < 1.1 * min(lipschitz)


def test_the_trained_layers_in_another_order_do_not_discretize(trained):
    for found in read_families(trained / "tied.npz", None):
        order = np.random.default_rng(5).permutation(len(found.tensors))
        assert measured(np.stack([found.tensors[k].values for k in order])).verdict is Verdict.DOES_NOT


def test_the_words_quote_the_gaps_and_their_place(capsys, trained):
    out = run(capsys, trained / "tied.npz", "--pattern", "V_{k}")[1]
    with np.load(trained / "tied.npz") as archive:
        gaps = [np.linalg.norm(archive[f"V_{k + 1}"] - archive[f"V_{k}"]) for k in range(1, 32)]
    at = int(np.argmax(gaps)) + 1
    assert f"at most {max(gaps):.4g}, between {at} and {at + 1}; median {np.median(gaps):.4g}" in out
    assert f"{32 * max(gaps):.4g}, the Lipschitz constant in depth" in out
    assert "W_" not in out


@pytest.mark.parametrize("depth", [12, 32, 200])
def test_smooth_layers_discretize_noise_and_alternation_do_not(depth):
    assert measured(smooth(depth)).verdict is Verdict.DISCRETIZES
    assert measured(noise(depth)).verdict is Verdict.DOES_NOT
    assert measured(smooth(depth)[np.random.default_rng(2).permutation(depth)]).verdict is Verdict.DOES_NOT
    assert measured(smooth(depth) + (-1.0) ** np.arange(depth)[:, None, None]).verdict is Verdict.DOES_NOT


def test_a_random_walk_is_seldom_said_to_discretize():
    verdicts = [measured(noise(32, seed=k).cumsum(axis=0)).verdict for k in range(60)]
    assert sum(v is Verdict.CANNOT_TELL for v in verdicts) >= 48
    assert sum(v is Verdict.DISCRETIZES for v in verdicts) <= 6


def test_a_little_noise_on_smooth_layers_leaves_the_criteria_in_disagreement():
    found = measured(smooth(64) + 0.1 * noise(64))
    assert found.smooth_in_the_large is Truth.TRUE
    assert found.smooth_in_the_small is Truth.FALSE
    assert found.verdict is Verdict.CANNOT_TELL
    assert "disagree" in found.reason


def test_a_step_in_depth_cannot_be_told_and_its_place_is_named():
    found = measured(np.where(np.arange(32)[:, None, None] < 11, 0.0, 1.0) + 1e-3 * smooth(32))
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.jumps == ((10, 11),)
    assert "between layers 10 and 11 dominate" in found.reason
    two = measured(np.digitize(np.arange(36), [12, 25])[:, None, None] * np.ones((1, 2, 2)))
    assert two.jumps == ((11, 12), (24, 25))


def test_few_layers_cannot_be_told_and_have_an_exact_p_value(capsys, tmp_path):
    np.savez(tmp_path / "few.npz", V=smooth(4), W=smooth(7))
    out = run(capsys, tmp_path / "few.npz")[1]
    assert "4 layers are too few" in out
    assert "none: of 4 layers even the smoothest order has a p-value of 0.0833 or more" in out
    assert "0.000397, exact: all 5040 orders of the layers" in out


def test_equal_layers_discretize_trivially(capsys, tmp_path):
    np.savez(tmp_path / "tied.npz", **{f"W_{k}": np.ones((2, 2)) for k in range(10)})
    status, out, _ = run(capsys, tmp_path / "tied.npz")
    assert status == 0
    assert "W_{k}: discretizes an ODE" in out
    assert "trivially: all layers are equal" in out
    assert "ratio" not in out


def test_every_pair_of_criteria_has_its_words_and_only_agreement_a_verdict():
    assert set(WORDS) == {(a, b) for a in Truth for b in Truth}
    assert [key for key, (verdict, _) in WORDS.items() if verdict is Verdict.DISCRETIZES] == [(Truth.TRUE, Truth.TRUE)]
    assert all(key[0] is Truth.FALSE for key, (verdict, _) in WORDS.items() if verdict is Verdict.DOES_NOT)


def test_gaps_as_small_as_rounding_are_not_called_rough():
    z = (1000 + 2 * smooth(64)).astype(np.float16)
    found = measured(z)
    assert found.verdict is Verdict.CANNOT_TELL
    assert "rounding of float16" in found.reason
    assert measured(smooth(64).astype(np.float16)).verdict is Verdict.DISCRETIZES


def test_huge_and_tiny_weights_neither_overflow_nor_vanish(capsys, tmp_path):
    for scale in (1e306, 1e-306):
        np.savez(tmp_path / "z.npz", Z=scale * smooth(16))
        status, out, err = run(capsys, tmp_path / "z.npz")
        assert (status, err) == (0, "")
        assert "Z: discretizes an ODE" in out
        assert "inf" not in out
        assert "nan" not in out
        data = json.loads(run(capsys, tmp_path / "z.npz", "--json")[1])
        plain = measured(smooth(16))
        assert data["families"][0]["ratio"] == pytest.approx(plain.ratio, rel=1e-12)
        assert data["families"][0]["largest"]["log10"] == pytest.approx(np.log10(scale) + plain.largest.log10, rel=1e-12)


def test_json_holds_the_same_numbers_and_what_was_left_out(capsys, tmp_path):
    np.savez(tmp_path / "z.npz", **{f"V_{k}": layer for k, layer in enumerate(smooth(16))}, W_0=np.ones(2), W_1=np.ones(3))
    data = json.loads(run(capsys, tmp_path / "z.npz", "--json")[1])
    found = measure_discretization(family(smooth(16)))
    (shown,) = data["families"]
    assert shown["ratio"] == found.ratio
    assert shown["verdict"] == "discretizes an ODE"
    assert shown["smooth_in_the_large"] == "true"
    assert shown["test"]["p_value"] == found.test.p_value
    assert data["not_measured"] == [{"name": "W_{k}", "problem": "layers 0 and 1 have shapes (2,) and (3,)"}]


def test_layers_are_in_the_order_of_their_numbers_not_of_their_letters(tmp_path):
    z = smooth(12)
    order = np.random.default_rng(0).permutation(12)
    np.savez(tmp_path / "z.npz", **{f"blocks.{k}.w": z[k] for k in order})
    (found,) = read_families(tmp_path / "z.npz", "blocks.*.w")
    assert found.labels == tuple(range(12))
    assert sorted(f"blocks.{k}.w" for k in range(12))[2] == "blocks.10.w"  # the wrong order
    assert measure_discretization(found).verdict is Verdict.DISCRETIZES


NAMES = [f"blocks.{k}.{rest}" for k in range(3) for rest in ("conv1.weight", "conv2.weight")] + [
    "head.weight",
    "blocks.x.conv1",
]


@pytest.mark.parametrize(
    ("pattern", "families"),
    [
        (None, {"blocks.{k}.conv1.weight", "blocks.{k}.conv2.weight", "head.weight", "blocks.x.conv{k}"}),
        ("blocks.*.conv1.weight", {"blocks.{k}.conv1.weight"}),
        ("blocks.?.conv[!1].weight", {"blocks.{k}.conv2.weight"}),
        ("blocks.{k}.conv2.weight", {"blocks.{k}.conv2.weight"}),
        (r"blocks\.(\d+)\.conv1\.weight", {"blocks.{k}.conv1.weight"}),
        (r"blocks\.\d+\.conv\d\.weight", {"blocks.{k}.conv1.weight", "blocks.{k}.conv2.weight"}),
        (r"blocks\.0\.conv(\d)\.weight", {"blocks.0.conv{k}.weight"}),
        ("nothing*", set()),
    ],
)
def test_names_are_grouped_as_the_pattern_says(pattern, families):
    found = group(NAMES, pattern)
    assert set(found) == families
    for name, members in found.items():
        if name.startswith("blocks.{k}"):
            assert [number for number, _ in members] == [0, 1, 2]


def test_state_dicts_of_torch_are_read_in_all_their_types(capsys, tmp_path):
    torch = pytest.importorskip("torch")
    for name, dtype in (("half", torch.float16), ("bfloat16", torch.bfloat16), ("double", torch.float64)):
        layers = {f"blocks.{k}.weight": torch.tensor(10 * smooth(16)[k]).to(dtype) for k in range(16)}
        counters = {f"blocks.{k}.count": torch.tensor(k) for k in range(16)}
        torch.save({"epoch": 3, "model": layers | counters}, tmp_path / f"{name}.pt")
        status, out, err = run(capsys, tmp_path / f"{name}.pt")
        assert (status, err) == (0, "")
        assert "model.blocks.{k}.weight: discretizes an ODE" in out
        assert "count" not in out
        assert str(dtype).removeprefix("torch.") in out


def test_a_state_dict_of_a_module_is_read(capsys, tmp_path):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    torch.save(torch.nn.Sequential(*[torch.nn.Linear(5, 5) for _ in range(16)]).state_dict(), tmp_path / "model.pth")
    out = run(capsys, tmp_path / "model.pth", "--pattern", "*.weight")[1]
    assert "{k}.weight: does not discretize an ODE" in out
    assert "bias" not in out


def test_a_pickle_that_holds_more_than_tensors_is_refused_and_not_run(capsys, tmp_path):
    torch = pytest.importorskip("torch")
    torch.save({"path": tmp_path, "w": torch.ones(2)}, tmp_path / "model.pt")
    status, out, err = run(capsys, tmp_path / "model.pt")
    assert (status, out) == (2, "")
    assert "not a state dict of tensors only" in err
    assert err.count("\n") == 1


def nan_at_3():
    z = smooth(8)
    z[3, 1, 2] = np.nan
    return z


@pytest.mark.parametrize(
    ("arrays", "pattern", "says"),
    [
        ({"V": smooth(8)}, "W_{k}", "no name matches 'W_{k}'; close: V"),
        ({f"layer.{k}.weight": np.ones(2) for k in range(3)}, "layers.*.weight", "close: layer."),
        ({"a.0": np.ones(2), "a.1": np.ones(3)}, None, "a.{k}: layers 0 and 1 have shapes (2,) and (3,)"),
        ({"V": nan_at_3()}, None, "V: layer 3 has the entry nan at [1, 2]"),
        ({"V_0": np.ones(3)}, "V_{k}", "V_{k}: a single layer, which has no successor"),
        ({"V": np.ones((1, 3))}, "V", "V: a single layer"),
        ({"V": np.ones(3)}, "V", "V: one array of shape (3,)"),
        ({"V": np.ones(3), "W": np.ones(3)}, None, "no two names differ in a number only"),
        ({"V": np.ones((4, 0))}, None, "have no entries"),
        ({"V": np.ones((4, 2)) * 1j}, "V", "layer 0 is of type complex128"),
        ({"V": np.ones((4, 2))}, "(V", "is not a regular expression"),
        ({}, None, "no tensors"),
    ],
)
def test_bad_weights_are_refused_in_one_line(capsys, tmp_path, arrays, pattern, says):
    np.savez(tmp_path / "z.npz", **arrays)
    status, out, err = run(capsys, tmp_path / "z.npz", *(["--pattern", pattern] if pattern else []))
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("missing.npz", None, "no such file"),
        ("weights.h5", b"", "must end in .pt, .pth (a torch state dict) or .npz"),
        ("broken.npz", b"not a zip", "not an NPZ file"),
        ("empty.npz", b"", "not an NPZ file"),
        ("truncated.npz", b"PK\x03\x04", "not an NPZ file"),
        ("array.npz", b"\x93NUMPY\x01\x00", "not an NPZ file"),
        ("broken.pt", b"not a zip", "not a state dict"),
    ],
)
def test_files_that_cannot_be_read_are_refused_in_one_line(capsys, tmp_path, name, content, says):
    if name.endswith(".pt"):
        pytest.importorskip("torch")
    if content is not None:
        (tmp_path / name).write_bytes(content)
    status, out, err = run(capsys, tmp_path / name)
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_numbers_that_skip_are_said_to(capsys, tmp_path):
    np.savez(tmp_path / "z.npz", **{f"net.{2 * k}.w": layer for k, layer in enumerate(smooth(9))})
    assert "(0 to 16 by 2)" in run(capsys, tmp_path / "z.npz")[1]
    np.savez(tmp_path / "z.npz", **{f"net.{k}.w": smooth(9)[k] for k in range(9) if k != 4})
    assert "(0 to 8, not evenly)" in run(capsys, tmp_path / "z.npz")[1]
