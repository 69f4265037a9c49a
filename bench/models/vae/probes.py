"""The spread of the encoder's gradient over fresh noise for one batch (Ryu 2025, sec. 2.4)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from bench.models.base import NoiseSpec
from bench.models.curves import curve_column

PROBED = (
    curve_column(
        "gradient_variance", "Gradient variance", order=3.4,
        description="Last value of the learning curve gradient_variance: the variance of the encoder's gradient over "
        "the draws of z for a training batch (of several processes, for the part of each), summed over parameters.",
    ),
    curve_column(
        "squared_gradient", "Squared gradient norm", order=3.6,
        description="Last value of the learning curve squared_gradient: the squared norm of the mean of the encoder's "
        "gradient over the draws of z, estimated without bias: it can be below 0 where the gradient is mostly noise.",
    ),
)  # fmt: skip
"""What `measure_spread` gives."""


def make_probes(probes: int, draws: NoiseSpec) -> dict[str, NoiseSpec]:
    """The noise of as many further gradients as there are probes, by name; none without any.

    Args:
        probes: how many.
        draws: what an example needs for one.
    """
    return {"probes": NoiseSpec((probes, *draws.shape), draws.distribution)} if probes else {}


def find_gradients(
    encoder: nn.Module, x: Tensor, evaluate: Callable[[Tensor, Tensor, Tensor], Tensor], noise: Tensor
) -> Tensor:
    """The gradient of an objective in the encoder's parameters, from each of several draws of the noise.

    Args:
        encoder: the encoder.
        x: examples, (batch, *shape).
        evaluate: from what the encoder puts out, (batch, outputs), x and noise (batch, ...) to the objective, a scalar.
        noise: (probes, batch, ...).

    Returns:
        Shape (probes, parameters), constant to autograd.
    """
    parameters = {name: parameter.detach() for name, parameter in encoder.named_parameters()}

    def objective(parameters: dict[str, Tensor], each_x: Tensor, noise: Tensor) -> Tensor:
        return evaluate(functional_call(encoder, parameters, (x,)), each_x, noise)

    repeated = x.expand(len(noise), *x.shape)  # torch's mse_loss fails where a vmap batches one argument alone
    with torch.no_grad():  # of what is around: `grad` differentiates all the same
        each = vmap(grad(objective), in_dims=(None, 0, 0))(parameters, repeated, noise)
    return torch.cat([gradient.flatten(1) for gradient in each.values()], 1)


def measure_spread(gradients: Tensor) -> dict[str, Tensor]:
    """Unbiased estimates of the trace of their covariance and of the squared norm of their mean, to be recorded.

    Args:
        gradients: independent ones, shape (probes, parameters), at least two.
    """
    variance = gradients.var(0).sum()
    return {
        "gradient_variance": variance,
        "squared_gradient": gradients.mean(0).square().sum() - variance / len(gradients),
    }
