r"""Extreme eigenvalues of the Hessian of a loss in the parameters of a torch module, from products only.

The products :math:`v\mapsto Hv` come from automatic differentiation in double precision, the eigenvalues from
:func:`numerics.eigenvalues.extreme_eigenvalues`. Before that the instrument tests itself: a module in training mode that draws
random numbers or mixes rows is refused, and so is a loss that changes when it is evaluated again. A loss with kinks has no
Hessian there, though autograd returns one, with relu'(0) = 0: the distance of the nearest kink comes with the eigenvalues.

Seen are kinks of activation *modules* of the model. Functions (``torch.relu``, ``clamp``, ``abs``, a maximum over features) and
whatever the loss adds (an absolute error, a hinge) leave no trace: there the distance is not that of the nearest kink.

The file is long because every way in which autograd would return a number without a meaning is refused by name.
"""

from __future__ import annotations

import copy
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.comparison import Truth, compare
from numerics.eigenvalues import Floats, Product, extreme_eigenvalues

INSTRUMENT = "autograd Hessian"
KINK_MARGIN = 2.0**-42
"""Relative distance of a kink below which nothing is decided: 1024 roundings, the worst sum of a thousand products."""
_REPEATS = 1e-10
"""Relative change of the loss between two evaluations that is still rounding; threads may add in another order."""


class LossError(ValueError):
    """The model or the loss has no Hessian that could be vouched for; the message is one line."""


class MissingTorchError(ImportError):
    """The package torch, which only the networks extra installs, is missing; the message is one line."""


@dataclass(frozen=True, kw_only=True)
class LossCurvature:
    r"""The extreme eigenvalues of the Hessian H of a loss in the d parameters of a model.

    Parameters
    ----------
    largest, smallest
        The algebraically largest and smallest eigenvalue.
    residual_largest, residual_smallest
        The norms :math:`\|Hv-\lambda v\|` for unit ``v``: some eigenvalue is at most that far from each value.
    loss
        The loss itself.
    parameters
        The number d of parameters.
    method
        ``"dense"`` or ``"Lanczos"``.
    threads
        The number of threads that torch used: sums in another order differ by roundings.
    kink_distance
        The smallest distance :math:`|z-c|` of a pre-activation z from a kink c over the data; infinite without kinks.
    kink_margin
        The distance up to which rounding, times 1024, may have moved a pre-activation across its kink.
    kink
        The module of the nearest kink, ``None`` without kinks.
    """

    largest: float
    smallest: float
    residual_largest: float
    residual_smallest: float
    loss: float
    parameters: int
    method: str
    threads: int
    kink_distance: float
    kink_margin: float
    kink: str | None

    @property
    def truth(self) -> Truth:
        """Return true if the loss is smooth here as far as its modules tell, else undecided: a verdict has no ground."""
        return compare(self.kink_distance, ">", 0.0, tolerance=self.kink_margin).truth

    @property
    def message(self) -> str:
        """Return one line for people: the distance of the nearest kink, and whether anything may rest on the eigenvalues."""
        if self.kink is None:
            return "no activation module with a kink"
        near = f"nearest kink: in module {self.kink!r}, at distance {self.kink_distance:.3g}"
        if self.truth is Truth.TRUE:
            return near
        return f"undecided: {near}, not above {self.kink_margin:.3g}, so the Hessian of this loss may not exist"


def loss_extremes(
    model: Any,
    loss: Callable[[Any], Any],
    *,
    tolerance: float = 1e-8,
    seed: int = 0,
    dense_limit: int = 2000,
) -> LossCurvature:
    r"""Compute the largest and the smallest algebraic eigenvalue of the Hessian of a loss.

    A copy of the model in double precision is differentiated; the model itself is left as it is. Up to ``dense_limit``
    parameters the matrix is formed from d products, beyond Lanczos iteration runs.

    Let z be the pre-activation nearest to a kink in one call of a module. Its rounding scale is
    :math:`\sum_j|\theta_j\,\partial z/\partial\theta_j|`, which for one layer is :math:`\sum|w||x|+|b|`. The margin is
    ``KINK_MARGIN`` times the largest scale of all calls. Roundings of the data themselves are not in it: data rounded to single
    precision are taken at their value.

    Parameters
    ----------
    model
        A ``torch.nn.Module`` whose parameters all require a gradient; in eval mode if it has dropout or batch norm.
    loss
        Maps a module to a finite tensor without axes. It must use the module it is given, and data in float64.
    tolerance
        The largest residual relative to the matrix.
    seed
        Seed of the random start of Lanczos iteration.
    dense_limit
        The largest number of parameters for which the matrix is formed.

    Returns
    -------
    LossCurvature
        The eigenvalues, their residuals, and the distance of the nearest kink.

    Raises
    ------
    LossError
        If the model has no parameters, a parameter without a gradient or a module in training mode that behaves differently
        there, or if the loss is not finite, not a scalar, not deterministic, or cannot be differentiated twice. The
        eigenvalues raise an :class:`numerics.eigenvalues.EigenvalueError`, a missing torch a :class:`MissingTorchError`.
    """
    torch = _torch()
    if not isinstance(model, torch.nn.Module):
        raise LossError(f"model of type {type(model).__name__}: a torch.nn.Module is needed")
    _check_eval(torch, model)
    _check_parameters(torch, model)
    try:
        with torch.enable_grad():
            twin = copy.deepcopy(model).double()
            parameters = list(twin.parameters())
            kinks = _Kinks(torch, twin)
            value = _evaluated(torch, loss, twin)
            kinks.release()
            _check_repeats(value, _evaluated(torch, loss, twin))
            gradient = _gradient(torch, value, twin)
            distance, margin, name = kinks.nearest(parameters)
        product = _product(torch, gradient, parameters)
        found = extreme_eigenvalues(product, gradient.numel(), dense_limit=dense_limit, tolerance=tolerance, seed=seed)
    except RuntimeError as error:
        # Unequal types, unequal shapes, no second derivative: the first line of torch says which.
        text = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise LossError(f"the loss of the model in double precision, or a derivative of it, fails: {text}") from error
    return LossCurvature(
        largest=found.largest,
        smallest=found.smallest,
        residual_largest=found.residual_largest,
        residual_smallest=found.residual_smallest,
        loss=float(value.detach()),
        parameters=gradient.numel(),
        method=found.method,
        threads=torch.get_num_threads(),
        kink_distance=distance,
        kink_margin=margin,
        kink=name,
    )


def _torch() -> Any:
    try:
        import torch  # slow to import, and not installed everywhere
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingTorchError("the curvature of a network needs torch: pip install 'quod[networks]'") from error
    return torch


def _named(name: str, module: Any) -> str:
    return name or type(module).__name__


def _check_eval(torch: Any, model: Any) -> None:
    """Refuse a module that draws random numbers or uses the statistics of a batch only because it is in training mode."""
    nn = torch.nn
    for name, module in model.named_modules():
        batch = isinstance(module, (nn.modules.batchnorm._BatchNorm, nn.modules.instancenorm._InstanceNorm))
        differs = (
            (batch and module.track_running_stats)
            or (isinstance(module, nn.modules.dropout._DropoutNd) and module.p > 0)
            or (isinstance(module, (nn.RNNBase, nn.MultiheadAttention)) and module.dropout > 0)
            or (isinstance(module, nn.RReLU) and module.lower < module.upper)
        )
        if differs and module.training:
            kind = type(module).__name__
            raise LossError(f"module {_named(name, module)!r} ({kind}) is in training mode: call model.eval() first")


def _check_parameters(torch: Any, model: Any) -> None:
    count = 0
    for name, parameter in model.named_parameters():
        if torch.nn.parameter.is_lazy(parameter):
            raise LossError(f"parameter {name!r} has no shape yet: apply the model once before")
        if not parameter.is_floating_point():
            raise LossError(f"parameter {name!r} is of type {parameter.dtype}: real parameters are needed")
        if not parameter.requires_grad:
            raise LossError(f"parameter {name!r} does not require a gradient: make it a buffer, or call requires_grad_(True)")
        count += parameter.numel()
    if count == 0:
        raise LossError("the model has no parameters: there is no Hessian")


def _evaluated(torch: Any, loss: Callable[[Any], Any], model: Any) -> Any:
    value = loss(model)
    if not isinstance(value, torch.Tensor):
        raise LossError(f"loss of type {type(value).__name__}: a tensor without axes is needed")
    if value.shape != ():
        raise LossError(f"loss of shape {tuple(value.shape)}: a tensor without axes is needed, such as the mean")
    if value.dtype != torch.float64:
        raise LossError(f"loss of type {value.dtype}: the model is in double precision, and the loss must stay in it")
    if not math.isfinite(float(value.detach())):
        raise LossError(f"loss {float(value.detach())!r}: it must be finite")
    return value


def _check_repeats(value: Any, again: Any) -> None:
    first, second = float(value.detach()), float(again.detach())
    if not abs(first - second) <= _REPEATS * max(abs(first), abs(second)):
        raise LossError(f"the loss is {first!r}, and {second!r} when it is evaluated again: it must not be random")


def _gradient(torch: Any, value: Any, model: Any) -> Any:
    """Return the gradient as a vector that can be differentiated again."""
    named = dict(model.named_parameters())
    parts: Any = [None for _ in named]
    if value.requires_grad:
        parts = torch.autograd.grad(value, list(named.values()), create_graph=True, allow_unused=True)
    for name, part in zip(named, parts, strict=True):
        if part is None:
            raise LossError(f"parameter {name!r} has no gradient: the loss does not use it in the model that it is given")
    return torch.cat([part.reshape(-1) for part in parts])


def _product(torch: Any, gradient: Any, parameters: list[Any]) -> Product:
    def product(vector: Floats) -> Floats:
        if not gradient.requires_grad:
            # The loss is linear.
            return np.zeros(gradient.numel())
        direction = torch.tensor(vector, dtype=torch.float64, device=gradient.device)
        rows = torch.autograd.grad(gradient, parameters, direction, retain_graph=True, allow_unused=True)
        entries = [torch.zeros_like(of) if row is None else row for row, of in zip(rows, parameters, strict=True)]
        image: Floats = torch.cat([entry.detach().reshape(-1) for entry in entries]).cpu().numpy()
        return image

    return product


def _kinks_of(torch: Any, module: Any) -> tuple[float, ...]:
    """Return where the first or the second derivative of an activation jumps."""
    nn = torch.nn
    if isinstance(module, (nn.ReLU, nn.LeakyReLU, nn.RReLU, nn.PReLU, nn.ELU, nn.SELU, nn.CELU)):
        return (0.0,)
    if isinstance(module, nn.Hardtanh):  # and ReLU6
        return (float(module.min_val), float(module.max_val))
    if isinstance(module, nn.Threshold):
        return (float(module.threshold),)
    if isinstance(module, (nn.Hardshrink, nn.Softshrink)):
        return (-float(module.lambd), float(module.lambd))
    return (-3.0, 3.0) if isinstance(module, (nn.Hardsigmoid, nn.Hardswish)) else ()


class _Kinks:
    """Watch the activation modules of a model, and keep of each call the pre-activation that is nearest to a kink."""

    def __init__(self, torch: Any, model: Any) -> None:
        self._torch = torch
        self._calls: list[tuple[float, str, Any]] = []
        self._hooks = [
            module.register_forward_pre_hook(self._watch(_named(name, module), points), with_kwargs=True)
            for name, module in model.named_modules()
            if (points := _kinks_of(torch, module))
        ]

    def _watch(self, name: str, points: tuple[float, ...]) -> Callable[[Any, Any, Any], None]:
        def hook(_: Any, args: Any, kwargs: Any) -> None:
            given = args[0] if args else kwargs["input"]
            # A kink at a datum, whatever the parameters are, is none of the loss.
            if not given.requires_grad or given.numel() == 0:
                return
            flat = given.reshape(-1)
            values = flat.detach()
            gaps = self._torch.stack([(values - point).abs() for point in points]).amin(0)
            at = int(gaps.argmin())
            # Cloned now: the module may write over its input.
            self._calls.append((float(gaps[at]), name, flat[at].clone()))

        return hook

    def release(self) -> None:
        for hook in self._hooks:
            hook.remove()

    def nearest(self, parameters: list[Any]) -> tuple[float, float, str | None]:
        """Return the distance of the nearest kink, the margin, and the module."""
        if not self._calls:
            return math.inf, sys.float_info.min, None
        scale = 0.0
        for _, _, entry in self._calls:
            slopes = self._torch.autograd.grad(entry, parameters, retain_graph=True, allow_unused=True)
            pairs = zip(parameters, slopes, strict=True)
            moved = sum(float((of * slope).abs().sum().detach()) for of, slope in pairs if slope is not None)
            scale = max(scale, moved)
        distance, name, _ = min(self._calls, key=lambda call: -1.0 if math.isnan(call[0]) else call[0])
        # Where all is 0 the scale is 0 as well, and the distance must not be above the margin.
        return distance, max(KINK_MARGIN * scale, sys.float_info.min), name
