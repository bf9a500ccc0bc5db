"""The curvature of a loss by automatic differentiation: closed forms, refusals, kinks, and the risk of a ReLU network.

The file is long because one instrument is tried on every kind of loss: smooth, with kinks, flat, and those it must refuse.
"""

import itertools
import math
import subprocess
import sys

import numpy as np
import pytest

from numerics.arithmetic import FLOATS
from numerics.comparison import Truth
from numerics.eigenvalues import EigenvalueError
from numerics.loss_curvature import KINK_MARGIN, LossError, MissingTorchError, loss_extremes
from tests.theory.wu2025.neurons import net
from theory.wu2025.curvature import curvature, network_risk, sharpness
from theory.wu2025.stability import pathwise_means

torch = pytest.importorskip("torch")
nn = torch.nn

SPECTRUM = torch.tensor([-10.0, *range(1, 8)], dtype=torch.float64)
EPS = 2.0**-52


@pytest.fixture(autouse=True)
def torch_is_left_as_found():
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Vector(nn.Module):
    """Parameters without a network around them."""

    def __init__(self, start):
        super().__init__()
        self.theta = nn.Parameter(torch.as_tensor(start, dtype=torch.float64))


def neuron(weight, bias, activation=None):
    """Return y -> activation(w y + b) with one input and one output."""
    linear = nn.Linear(1, 1).double()
    with torch.no_grad():
        linear.weight.fill_(weight)
        linear.bias.fill_(bias)
    return nn.Sequential(linear, activation or nn.ReLU())


def squared(x, y):
    """Return the loss (model(x) - y)^2 of one pair, or of a batch its mean."""
    inputs = torch.as_tensor(x, dtype=torch.float64).reshape(-1, 1)
    outputs = torch.as_tensor(y, dtype=torch.float64).reshape(-1, 1)
    return lambda model: ((model(inputs) - outputs) ** 2).mean()


def smooth_network(*widths):
    layers = [part for a, b in itertools.pairwise(widths) for part in (nn.Linear(a, b), nn.Tanh())]
    return nn.Sequential(*layers[:-1])


def data(rows, columns):
    rng = np.random.default_rng(0)
    return torch.tensor(rng.standard_normal((rows, columns))), torch.tensor(rng.standard_normal((rows, 1)))


def hessian(model, loss):
    """Return the Hessian by torch itself, as one matrix."""
    names, values = zip(*model.named_parameters(), strict=True)

    def of(*given):
        moved = dict(zip(names, given, strict=True))
        return loss(lambda x: torch.func.functional_call(model, moved, (x,)))

    blocks = torch.autograd.functional.hessian(of, values)
    return np.block([[b.reshape(v.numel(), -1).numpy() for b in row] for v, row in zip(values, blocks, strict=True)])


def test_importing_the_module_does_not_import_torch():
    code = "import sys, numerics.loss_curvature; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_torch_one_line_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingTorchError, match=r"^the curvature of a network needs torch: pip install 'quod\[networks\]'$"):
        loss_extremes(None, None)


# Closed forms.


@pytest.mark.parametrize("dense_limit", [2000, 2])
def test_a_large_negative_eigenvalue_is_the_smallest_one_and_not_the_sharpness(dense_limit):
    found = loss_extremes(
        Vector(np.ones(8)), lambda model: (SPECTRUM * model.theta**2).sum() / 2, dense_limit=dense_limit, tolerance=1e-10
    )
    assert (found.largest, found.smallest) == pytest.approx((7, -10), rel=1e-12)
    assert max(found.residual_largest, found.residual_smallest) < 1e-9
    assert found.method == ("dense" if dense_limit > 8 else "Lanczos")
    assert (found.parameters, found.kink_distance, found.kink, found.truth) == (8, math.inf, None, Truth.TRUE)
    assert found.loss == pytest.approx(9)


def test_the_products_of_a_tied_parameter_and_of_a_linear_one_add_up():
    # f = theta_1^2 theta_2 + 3 theta_3 at (1, 2, 5): the Hessian is [[4, 2], [2, 0]] and a row of zeros.
    found = loss_extremes(Vector([1.0, 2.0, 5.0]), lambda m: m.theta[0] ** 2 * m.theta[1] + 3 * m.theta[2])
    assert (found.largest, found.smallest) == pytest.approx((2 + math.sqrt(8), 2 - math.sqrt(8)), rel=1e-14)
    tied = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)).double()
    tied[1].weight = tied[0].weight
    with torch.no_grad():
        tied[0].weight.fill_(2.0)
    # (w^2 - 1)^2 has the second derivative 12 w^2 - 4.
    assert loss_extremes(tied, squared(1, 1)).largest == pytest.approx(44)


def test_the_hessian_of_least_squares_is_the_matrix_of_second_moments():
    x, y = data(40, 5)
    model = nn.Linear(5, 1, bias=False).double()
    found = loss_extremes(model, lambda m: ((m(x) - y) ** 2).mean())
    values = np.linalg.eigvalsh(2 * (x.T @ x).numpy() / 40)
    assert (found.smallest, found.largest) == pytest.approx((values[0], values[-1]), rel=1e-13)


@pytest.mark.parametrize("dense_limit", [2000, 2])
def test_a_smooth_network_has_the_extremes_of_the_hessian_that_torch_assembles(dense_limit):
    x, y = data(30, 3)
    model = smooth_network(3, 8, 6, 1).double()

    def loss(m):
        return ((m(x) - y) ** 2).mean()

    values = np.linalg.eigvalsh(hessian(model, loss))
    found = loss_extremes(model, loss, dense_limit=dense_limit)
    assert values[0] < -0.01
    assert (found.smallest, found.largest) == pytest.approx((values[0], values[-1]), rel=1e-11)


def test_beyond_two_thousand_parameters_lanczos_iteration_runs():
    d = torch.cat([torch.linspace(-1, 1, 1999, dtype=torch.float64), torch.tensor([-3.0, 2.0])])
    found = loss_extremes(Vector(np.zeros(2001)), lambda m: (d * m.theta**2).sum() / 2)
    assert found.method == "Lanczos"
    assert (found.largest, found.smallest) == pytest.approx((2, -3), rel=1e-12)


@pytest.mark.parametrize("dense_limit", [2000, 2])
def test_a_zero_hessian_has_exactly_the_eigenvalue_0(dense_limit):
    dead = nn.Sequential(*neuron(-1.0, -1.0), nn.Linear(1, 1, bias=False).double())
    with torch.no_grad():
        dead[2].weight.fill_(1.0)
    for model, loss in ((dead, squared(1, 1)), (Vector(np.ones(4)), lambda m: 3 * m.theta.sum())):
        found = loss_extremes(model, loss, dense_limit=dense_limit)
        assert (found.largest, found.smallest, found.residual_largest, found.residual_smallest) == (0, 0, 0, 0)
        assert found.truth is Truth.TRUE
    assert loss_extremes(neuron(-1.0, -1.0), squared(1, 1)).kink_distance == 2


def test_the_model_is_left_as_it_is_and_the_work_is_done_in_double_precision():
    model = smooth_network(2, 4, 1)
    before = [p.detach().clone() for p in model.parameters()]
    x, y = data(20, 2)

    def loss(m):
        return ((m(x) - y) ** 2).mean()

    with torch.no_grad():
        found = loss_extremes(model, loss)
    for parameter, old in zip(model.parameters(), before, strict=True):
        assert parameter.dtype == torch.float32
        assert parameter.grad is None
        assert torch.equal(parameter, old)
    assert not any(module._forward_pre_hooks for module in model.modules())
    assert found.largest == pytest.approx(np.linalg.eigvalsh(hessian(model.double(), loss))[-1], rel=1e-12)


# One row and a batch, one thread and two.


def test_a_row_alone_and_in_a_batch_agree_to_rounding_and_not_to_the_last_bit():
    x, y = data(64, 3)
    model = smooth_network(3, 8, 1).double()
    for row in range(2):
        alone = loss_extremes(model, lambda m, row=row: ((m(x[row : row + 1]) - y[row]) ** 2).sum())
        inside = loss_extremes(model, lambda m, row=row: ((m(x) - y)[row] ** 2).sum())
        # A sum over d parameters loses at most d roundings of the matrix.
        assert inside.largest == pytest.approx(alone.largest, abs=alone.parameters * EPS * alone.largest)
        assert inside.smallest == pytest.approx(alone.smallest, abs=alone.parameters * EPS * alone.largest)


def test_the_number_of_threads_is_recorded_and_moves_the_eigenvalues_by_roundings_only():
    x, y = data(4000, 3)
    model = smooth_network(3, 4, 1).double()
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(loss_extremes(model, lambda m: ((m(x) - y) ** 2).mean()))
    one, two = found
    assert (one.threads, two.threads) == (1, 2)
    # Sums over the rows are added in another order: at most one rounding of the matrix a row.
    bound = len(x) * EPS * one.largest
    assert (two.largest, two.smallest) == pytest.approx((one.largest, one.smallest), abs=bound)


# Refusals.


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        (nn.Dropout(0.1), "Dropout"),
        (nn.AlphaDropout(0.1), "AlphaDropout"),
        (nn.BatchNorm1d(4), "BatchNorm1d"),
        (nn.InstanceNorm1d(4, track_running_stats=True), "InstanceNorm1d"),
        (nn.RReLU(), "RReLU"),
        (nn.MultiheadAttention(4, 2, dropout=0.1), "MultiheadAttention"),
    ],
)
def test_a_module_that_behaves_differently_in_training_is_refused_by_name(module, kind):
    model = nn.Sequential(nn.Linear(1, 4), nn.Sequential(nn.Tanh(), module))
    with pytest.raises(LossError) as refusal:
        loss_extremes(model, squared(1, 1))
    assert str(refusal.value) == f"module '1.1' ({kind}) is in training mode: call model.eval() first"


def test_dropout_and_batch_norm_are_accepted_in_eval_mode_and_dropout_of_nothing_in_training():
    x, y = data(20, 3)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 1)).double()
    found = loss_extremes(model.eval(), lambda m: ((m(x) - y) ** 2).mean())
    assert found.largest > 0
    assert int(model[1].num_batches_tracked) == 0
    assert loss_extremes(nn.Sequential(nn.Linear(1, 1), nn.Dropout(0.0)), squared(1, 1)).largest == pytest.approx(4)


def randomly(model):
    return nn.functional.dropout(model.theta, 0.5, training=True).sum() ** 2


@pytest.mark.parametrize(
    ("model", "loss", "message"),
    [
        (nn.Tanh(), lambda m: torch.ones(()), "^the model has no parameters"),
        (object(), lambda m: 0, "model of type object: a torch.nn.Module is needed"),
        (nn.LazyLinear(1), squared(1, 1), "parameter 'weight' has no shape yet"),
        (nn.Linear(1, 1, dtype=torch.complex128), squared(1, 1), r"parameter 'weight' is of type torch\.complex128"),
        (nn.Linear(1, 1).requires_grad_(False), squared(1, 1), "parameter 'weight' does not require a gradient"),
        (Vector([1.0]), lambda m: torch.ones((), dtype=torch.float64), "parameter 'theta' has no gradient: the loss does not"),
        (Vector([1.0]), lambda m: m.theta.detach().sum(), "parameter 'theta' has no gradient"),
        (nn.Linear(1, 1), lambda m: m.weight.sum() ** 2, "parameter 'bias' has no gradient"),
        (Vector([1.0, 2.0]), lambda m: m.theta**2, r"loss of shape \(2,\): a tensor without axes is needed"),
        (Vector([1.0]), lambda m: float(m.theta.detach()), "loss of type float: a tensor without axes is needed"),
        (Vector([1.0]), lambda m: m.theta.float().sum(), r"loss of type torch\.float32: the model is in double precision"),
        (Vector([1.0]), lambda m: (m.theta / 0).sum(), "loss inf: it must be finite"),
        (Vector([1.0]), lambda m: (m.theta * math.nan).sum(), "loss nan: it must be finite"),
        (Vector(np.arange(1.0, 65.0)), randomly, r"the loss is .*, and .* when it is evaluated again: it must not be random"),
        (nn.Linear(1, 1), lambda m: m(torch.ones(1, 1)).sum(), "the loss of the model in double precision.*fails: .*dtype"),
        (nn.Sequential(nn.Linear(1, 1), nn.Hardsigmoid()), squared(1, 1), "fails: derivative for .* is not implemented"),
    ],
)
def test_what_has_no_hessian_is_refused_in_one_line(model, loss, message):
    with pytest.raises(ValueError, match=message) as refusal:
        loss_extremes(model, loss)
    assert "\n" not in str(refusal.value)
    assert isinstance(refusal.value, LossError)


def test_a_hessian_that_is_not_finite_is_refused_though_the_loss_is_finite():
    # The second derivative 2e400 overflows, at a point where the loss and its gradient are 0.
    with pytest.raises(EigenvalueError, match=r"entry 0 of a product is (nan|-?inf)"):
        loss_extremes(Vector([0.0]), lambda m: ((1e200 * m.theta) ** 2).sum())


# Kinks.


def test_at_a_kink_autograd_returns_a_hessian_and_the_instrument_says_undecided_with_the_distance():
    loss = squared(1, 1)
    # The wrong way: relu'(0) = 0 is taken without a word, and the loss looks flat.
    assert np.all(hessian(neuron(1.0, -1.0), loss) == 0)
    # On the active side the largest eigenvalue is 2 (x^2 + 1) = 4, on the other 0: at the kink there is none.
    for step, largest in ((1e-6, 4), (-1e-6, 0)):
        beside = loss_extremes(neuron(1.0, -1.0 + step), loss)
        assert beside.largest == pytest.approx(largest)
        assert beside.kink_distance == pytest.approx(1e-6)
        assert beside.truth is Truth.TRUE
        assert beside.message == "nearest kink: in module '1', at distance 1e-06"
    # The right way.
    found = loss_extremes(neuron(1.0, -1.0), loss)
    assert (found.kink_distance, found.kink, found.truth) == (0, "1", Truth.UNDECIDED)
    assert found.message.startswith("undecided: nearest kink: in module '1', at distance 0, not above 4.55e-13")


def test_a_distance_within_rounding_of_the_terms_of_a_pre_activation_is_undecided():
    # 0.1 * 3 - 0.3 is 5.6e-17 in floats and 0 on paper; 1e8 - 1e8 + 1e-8 is of the size of one rounding of its terms.
    for weight, bias, x in ((0.1, -0.3, 3.0), (1.0, -1e8 + 1.5e-8, 1e8)):
        found = loss_extremes(neuron(weight, bias), squared(x, 1))
        assert 0 < found.kink_distance < found.kink_margin
        assert found.truth is Truth.UNDECIDED
        assert found.kink_margin == pytest.approx(KINK_MARGIN * (abs(weight * x) + abs(bias)))
    # On the inactive side too, where the derivative of the activation is 0, and when it writes over its input.
    for activation in (nn.ReLU(), nn.ReLU(inplace=True)):
        found = loss_extremes(neuron(1.0, -1e8 - 1.5e-8, activation), squared(1e8, 1))
        assert 0 < found.kink_distance < found.kink_margin == pytest.approx(KINK_MARGIN * 2e8)
    # A row of large numbers far from the kink does not blur another one that is near.
    assert loss_extremes(neuron(1.0, -1.0), squared([1 + 1e-5, 1e9], [1, 1])).truth is Truth.TRUE
    # The same distance, far above the rounding of small terms.
    small = loss_extremes(neuron(1e-17, 5e-17), squared(1, 1))
    assert small.kink_distance == pytest.approx(6e-17)
    assert small.truth is Truth.TRUE


@pytest.mark.parametrize(
    ("activation", "kink"),
    [
        (nn.ReLU(), 0.0),
        (nn.ReLU(inplace=True), 0.0),
        (nn.LeakyReLU(), 0.0),
        (nn.PReLU(), 0.0),
        (nn.RReLU().eval(), 0.0),
        (nn.ELU(), 0.0),
        (nn.SELU(), 0.0),
        (nn.CELU(), 0.0),
        (nn.ReLU6(), 0.0),
        (nn.ReLU6(), 6.0),
        (nn.Hardtanh(-2.0, 0.5), -2.0),
        (nn.Hardtanh(-2.0, 0.5), 0.5),
        (nn.Threshold(1.5, 0.0), 1.5),
        (nn.Hardswish(), -3.0),
        (nn.Hardswish(), 3.0),
        (nn.Softshrink(0.5), -0.5),
        (nn.Hardshrink(0.5), 0.5),
    ],
    ids=lambda value: str(value),
)
def test_every_activation_with_a_kink_is_watched_at_its_kink(activation, kink):
    xs = [kink - 0.25, 40.0]
    found = loss_extremes(neuron(1.0, 0.0, activation), squared(xs, [1, 1]))
    assert found.kink_distance == pytest.approx(0.25)
    assert found.truth is Truth.TRUE
    assert loss_extremes(neuron(1.0, 0.0, activation), squared([kink, 40.0], [1, 1])).truth is Truth.UNDECIDED


def test_the_nearest_kink_of_all_layers_and_rows_is_named():
    model = nn.Sequential(*neuron(1.0, 1.0), *neuron(1.0, -3.0))
    # Pre-activations 2, 3.5 in the first layer and -1, 0.5 in the second.
    found = loss_extremes(model, squared([1.0, 2.5], [0, 0]))
    assert (found.kink_distance, found.kink) == (0.5, "3")


def test_a_network_of_zeros_is_at_a_kink_and_data_at_a_kink_are_not():
    assert loss_extremes(neuron(0.0, 0.0), squared(1, 1)).truth is Truth.UNDECIDED
    first = nn.Sequential(nn.ReLU(), *neuron(1.0, 1.0, nn.Tanh()))
    found = loss_extremes(first, squared([0, 1], [1, 1]))
    assert (found.kink_distance, found.truth) == (math.inf, Truth.TRUE)


def test_a_kink_in_a_function_is_not_seen():
    # A documented limit: only modules can be watched.
    class Functional(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = neuron(1.0, -1.0)[0]

        def forward(self, x):
            return torch.relu(self.linear(x))

    found = loss_extremes(Functional(), squared(1, 1))
    assert (found.kink_distance, found.message) == (math.inf, "no activation module with a kink")


# The denoising risk of a two-layer ReLU network.


class Neurons(nn.Module):
    """s(y) = (1/m) sum_l w_l relu(e_l y + b_l), with the directions e fixed."""

    def __init__(self, p):
        super().__init__()
        self.w = nn.Parameter(torch.tensor(np.asarray(p.weights, dtype=float)))
        self.b = nn.Parameter(torch.tensor(-p.signs * np.asarray(p.kinks, dtype=float)))
        self.signs = torch.tensor(p.signs, dtype=torch.float64)
        self.relu = nn.ReLU()

    def forward(self, y):
        return self.relu(self.signs * y[..., None] + self.b) @ self.w / len(self.w)


def nodes_between_kinks(p):
    """Return nodes y, centres c and weights such that sums are means over the noised sample, with no node at a kink."""
    unit, lengths = np.polynomial.legendre.leggauss(20)
    rows = []
    # No end of a panel is near a kink by accident: a panel of one rounding would put its nodes on it.
    for center in p.mu * np.asarray(p.x):
        ends = np.unique([*(center + p.sigma * np.linspace(-9.87, 9.91, 21)), *np.asarray(p.kinks)])
        half, middle = np.diff(ends) / 2, (ends[1:] + ends[:-1]) / 2
        y = (middle[:, None] + half[:, None] * unit).ravel()
        density = np.exp(-(((y - center) / p.sigma) ** 2) / 2) / (p.sigma * math.sqrt(2 * math.pi))
        rows.append((y, 0 * y + center, (half[:, None] * lengths).ravel() * density / p.n))
    return [torch.tensor(np.concatenate(column)) for column in zip(*rows, strict=True)]


def quadrature_risk(p):
    y, centers, weights = nodes_between_kinks(p)
    return lambda model: weights @ (model(y) + (y - centers) / p.sigma**2) ** 2


def closed_risk(p):
    """Return E s^2 + 2 E s' + 1/sigma^2 for neurons of one direction, with all means written by erfc."""
    centers = torch.tensor(p.mu * np.asarray(p.x, dtype=float))

    def mass(a):
        return torch.erfc(a / math.sqrt(2)) / 2

    def square(a):  # E (Z - a)_+^2
        return (1 + a * a) * mass(a) - a * torch.exp(-a * a / 2) / math.sqrt(2 * math.pi)

    def first(a):  # E (Z - a)_+
        return torch.exp(-a * a / 2) / math.sqrt(2 * math.pi) - a * mass(a)

    def loss(model):
        signs, m = model.signs, len(model.w)
        # Active where e Z is above a.
        a = -(signs * centers[:, None] + model.b) / p.sigma
        jumps = model.w / m
        result = 2 * (mass(a) @ (signs * jumps)).mean() + 1 / p.sigma**2
        for k in range(m):
            result = result + jumps[k] ** 2 * p.sigma**2 * square(a[:, k]).mean()
            for j in range(k):
                # Both are active beyond the later kink, where one is ahead of the other by the difference.
                later = torch.maximum(a[:, k], a[:, j])
                gap = 2 * later - a[:, k] - a[:, j]
                result = result + 2 * jumps[k] * jumps[j] * p.sigma**2 * (square(later) + gap * first(later)).mean()
        return result

    return loss


MIXED = net([0, 1, 3], "4/5", "1/2", ["1/5", "9/10", 2, "3/2"], [1, -1, 1, -1], ["3/2", -2, "1/3", 1]).lift(FLOATS)
RIGHT = net([0, 1, 3], "4/5", "1/2", ["1/5", "9/10", 2], [1, 1, 1], ["3/2", -2, "1/3"]).lift(FLOATS)
LEFT = net([0, 2], "1/2", "3/10", ["1/3", "4/5", "1/10"], [-1, -1, -1], [2, 1, -3]).lift(FLOATS)


def gradient(model, loss):
    parts = torch.autograd.grad(loss(model), list(model.parameters()))
    return torch.cat(parts).numpy()


@pytest.mark.parametrize("p", [MIXED, RIGHT, LEFT], ids=["mixed", "right", "left"])
def test_autograd_of_a_mean_over_noises_has_the_gradient_of_the_risk_and_misses_the_kinks_in_the_hessian(p):
    parts, model, risk = curvature(p), Neurons(p), quadrature_risk(p)
    scale = np.max(np.abs(parts.hessian))
    assert float(risk(model).detach()) == pytest.approx(network_risk(p), rel=1e-11)
    np.testing.assert_allclose(gradient(model, risk), parts.gradient, rtol=0, atol=1e-11 * np.max(np.abs(parts.gradient)))
    found = hessian_of_neurons(model, risk)
    np.testing.assert_allclose(found, parts.pathwise, rtol=0, atol=1e-11 * scale)
    np.testing.assert_allclose(found, np.mean(pathwise_means(p), axis=0), rtol=0, atol=1e-11 * scale)
    # What is missing is exactly the kink term, and it is not small.
    assert np.max(np.abs(parts.kink)) > 0.01 * scale
    np.testing.assert_allclose(parts.hessian - found, np.diag([*(0 * parts.kink), *parts.kink]), rtol=0, atol=1e-11 * scale)
    extremes = loss_extremes(model, risk)
    assert extremes.largest == pytest.approx(sharpness(p, parts, kink=0), rel=1e-11)
    assert extremes.largest != pytest.approx(sharpness(p, parts), rel=1e-4)
    # No noise lies on a kink, and nothing but the closed form could tell that the risk itself bends there.
    assert extremes.truth is Truth.TRUE
    assert extremes.kink == "relu"


@pytest.mark.parametrize("p", [RIGHT, LEFT], ids=["right", "left"])
def test_autograd_of_the_risk_written_without_kinks_has_the_whole_hessian(p):
    parts, model, risk = curvature(p), Neurons(p), closed_risk(p)
    assert float(risk(model).detach()) == pytest.approx(network_risk(p), rel=1e-12)
    np.testing.assert_allclose(gradient(model, risk), parts.gradient, rtol=0, atol=1e-12 * np.max(np.abs(parts.gradient)))
    found = hessian_of_neurons(model, risk)
    np.testing.assert_allclose(found, parts.hessian, rtol=0, atol=1e-12 * np.max(np.abs(parts.hessian)))
    extremes = loss_extremes(model, risk)
    assert extremes.largest == pytest.approx(sharpness(p, parts), rel=1e-12)
    assert extremes.smallest == pytest.approx(np.linalg.eigvalsh(parts.hessian)[0], rel=1e-11)
    assert (extremes.kink_distance, extremes.truth) == (math.inf, Truth.TRUE)


def hessian_of_neurons(model, loss):
    """Return the Hessian by torch, whose rows are the gradients of the entries of the gradient."""
    parameters = list(model.parameters())
    entries = torch.cat(torch.autograd.grad(loss(model), parameters, create_graph=True))
    rows = [torch.autograd.grad(entry, parameters, retain_graph=True, materialize_grads=True) for entry in entries]
    return np.array([torch.cat(row).numpy() for row in rows])
