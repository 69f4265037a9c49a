"""Joint laws of two variables, with their divergences from the product of the marginals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, Gamma, Independent, MultivariateNormal, Normal

from bench.divergences import ALPHA_OF, alpha_parameter
from bench.exact import exact_divergence

_SAME = 1e-9  # canonical correlations that differ by less are equal
_GAUSSIAN_CLOSED = ("kl", "reverse_kl", "jeffreys", *ALPHA_OF)
_STUDENT_SUMMED = ("js", "gan", "squared_hellinger", "reverse_kl", "jeffreys")
_STEP, _TAIL = 0.25, 40.0  # of a sum over logarithms; e^−40 of the mass is left out at either end
_NODES = 400


@dataclass(frozen=True)
class GaussianJoint:
    """A Gaussian law of (X, Y) with mean 0.

    Attributes:
        correlation: covariance, as nested tuples, (d + e) × (d + e).
        dimensions_x: d.
    """

    correlation: tuple[tuple[float, ...], ...]
    dimensions_x: int

    def sample(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw n points of X and of Y."""
        factor = torch.linalg.cholesky(torch.tensor(self.correlation, dtype=torch.float64))
        points = torch.randn(n, len(factor), generator=generator, dtype=torch.float64) @ factor.T
        return points[:, : self.dimensions_x], points[:, self.dimensions_x :]

    def log_ratio(self, x: Tensor, y: Tensor) -> Tensor:
        """See `bench.calibration.tasks.JointLaw`."""
        whole, d = torch.tensor(self.correlation, dtype=torch.float64), self.dimensions_x
        joint, of_x, of_y = (
            MultivariateNormal(torch.zeros(len(part), dtype=torch.float64), part).log_prob(points)  # type: ignore[no-untyped-call]
            for part, points in ((whole, torch.cat([x, y], 1)), (whole[:d, :d], x), (whole[d:, d:], y))
        )
        ratio: Tensor = joint - of_x - of_y
        return ratio

    def exact(self, name: str) -> float | None:
        """Every divergence where all canonical correlations but 0 are equal, else those with a closed form."""
        rho = self.canonical_correlations
        if not len(rho):
            return float(exact_divergence(name, _normal(1, 1.0), _normal(1, 1.0)))
        if name in _GAUSSIAN_CLOSED or alpha_parameter(name) is not None:
            return float(exact_divergence(name, *_canonical_pair(rho)))
        if float(rho.max() - rho.min()) > _SAME:
            return None
        return float(exact_divergence(name, *_sufficient_pair(float(rho.mean()), len(rho))))

    @cached_property
    def canonical_correlations(self) -> Tensor:
        """Those that are not 0, in falling order."""
        whole = torch.tensor(self.correlation, dtype=torch.float64)
        d = self.dimensions_x
        factors = [torch.linalg.cholesky(part) for part in (whole[:d, :d], whole[d:, d:])]
        half = torch.linalg.solve_triangular(factors[0], whole[:d, d:], upper=False)
        both = torch.linalg.solve_triangular(factors[1], half.T, upper=False)
        rho: Tensor = torch.linalg.svdvals(both)
        return rho[rho > _SAME]


@dataclass(frozen=True)
class StudentJoint:
    """Student's t in d + e dimensions with identity dispersion: X and Y share one scale.

    Attributes:
        dimensions_x: d.
        dimensions_y: e.
        degrees: of freedom, ν.
    """

    dimensions_x: int
    dimensions_y: int
    degrees: int

    def sample(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw n points of X and of Y."""
        width = self.dimensions_x + self.dimensions_y
        draws = torch.randn(n, width + self.degrees, generator=generator, dtype=torch.float64)
        scale = draws[:, width:].square().mean(1, keepdim=True).sqrt()
        points = draws[:, :width] / scale
        return points[:, : self.dimensions_x], points[:, self.dimensions_x :]

    def log_ratio(self, x: Tensor, y: Tensor) -> Tensor:
        """See `bench.calibration.tasks.JointLaw`; multivariate t densities (Kotz & Nadarajah 2004, eq. 1.1)."""
        joint, of_x, of_y = (self._log_density(points) for points in (torch.cat([x, y], 1), x, y))
        return joint - of_x - of_y

    def exact(self, name: str) -> float | None:
        """Kullback–Leibler by entropies, pearson and neyman where they are infinite, others that are finite by a sum.

        The ratio of densities depends on a = |x|²/ν and b = |y|²/ν alone. In their logarithms densities are analytic
        and fall exponentially, so that sums over a grid converge exponentially. Where a and b are both about t, p²/q
        per unit of log t falls like t^(ν − ν), not at all; where b is fixed, q²/p falls like t^((e − ν)/2).
        """
        if name == "kl":
            return self._mutual_information()
        if name == "pearson" or (name == "neyman" and max(self.dimensions_x, self.dimensions_y) >= self.degrees):
            return math.inf
        if name not in _STUDENT_SUMMED:
            return None
        p, q = (Categorical(logits=log_mass) for log_mass in self._log_masses(_STEP))
        return float(exact_divergence(name, p, q))

    def _log_density(self, points: Tensor) -> Tensor:
        d, nu = points.shape[1], self.degrees
        constant = math.lgamma((nu + d) / 2) - math.lgamma(nu / 2) - d / 2 * math.log(nu * math.pi)
        return constant - (nu + d) / 2 * (points.square().sum(1) / nu).log1p()

    def _mutual_information(self) -> float:
        """H(X) + H(Y) − H(X, Y) (Arellano-Valle et al. 2013, eq. 7)."""
        h_x, h_y, h_joint = (
            _student_entropy(d, self.degrees)
            for d in (self.dimensions_x, self.dimensions_y, self.dimensions_x + self.dimensions_y)
        )
        return h_x + h_y - h_joint

    def _log_masses(self, step: float) -> tuple[Tensor, Tensor]:
        """Log densities of (log a, log b) on a grid, jointly and as a product: inverted Dirichlet, beta prime."""
        nu = self.degrees / 2
        shapes = self.dimensions_x / 2, self.dimensions_y / 2
        axes = [torch.arange(-_TAIL / shape, 2 * _TAIL / self.degrees, step, dtype=torch.float64) for shape in shapes]
        logs = torch.cartesian_prod(*axes)
        rises = logs @ torch.tensor(shapes, dtype=torch.float64)
        total = torch.logsumexp(torch.cat([torch.zeros(len(logs), 1, dtype=torch.float64), logs], 1), 1)
        joint = rises - (nu + sum(shapes)) * total + math.lgamma(nu + sum(shapes)) - math.lgamma(nu)
        product = rises.clone()
        for shape, log in zip(shapes, logs.T, strict=True):
            product += math.lgamma(nu + shape) - math.lgamma(nu) - (nu + shape) * torch.nn.functional.softplus(log)
        return joint, product


@dataclass(frozen=True)
class AdditiveUniform:
    """X uniform on [0, 1], and Y = X + U(−ε, ε).

    Attributes:
        noise: ε.
    """

    noise: float

    def sample(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw n points of X and of Y."""
        draws = torch.rand(n, 2, generator=generator, dtype=torch.float64)
        x = draws[:, :1]
        return x, x + self.noise * (2 * draws[:, 1:] - 1)

    def log_ratio(self, x: Tensor, y: Tensor) -> Tensor:
        """See `bench.calibration.tasks.JointLaw`: given y, X is uniform on an interval of length w(y)."""
        length = (y + self.noise).clamp(max=1) - (y - self.noise).clamp(min=0)
        return torch.where((y - x).abs() <= self.noise, -length.log(), -math.inf).squeeze(1)

    def exact(self, name: str) -> float | None:
        """Every divergence: kl in closed form, others by a sum over nodes of Gauss's rule in y.

        Given y, X is uniform on an interval of length w(y), so p/q = 1/w on a part of q's mass, w, and 0 on the rest.
        """
        if name == "kl":
            return 0.25 / self.noise if self.noise > 0.5 else self.noise - math.log(2 * self.noise)
        mass, length = self._nodes()
        p = torch.cat([mass, torch.zeros_like(mass)])
        q = torch.cat([mass * length, mass * (1 - length)])
        return float(exact_divergence(name, *(Categorical(weights) for weights in (p, q))))

    def _nodes(self) -> tuple[Tensor, Tensor]:
        """Masses of Y at nodes, and w there: y on the way up, twice for the way down, and on the plateau.

        The density of Y is w/2ε. On the way up w grows from 0 to its largest with slope 1; w = largest · s⁴ resolves
        its logarithm at 0.
        """
        largest = min(2 * self.noise, 1.0)
        node, weight = (torch.as_tensor((v + 1) / 2) for v in np.polynomial.legendre.leggauss(_NODES))
        weight = weight - 0.5
        climb = largest * node**4
        slope = 4 * largest * node**3
        masses = 2 * weight * slope * climb / (2 * self.noise)
        plateau = torch.tensor([abs(1 - 2 * self.noise) * largest / (2 * self.noise)], dtype=torch.float64)
        return torch.cat([masses, plateau]), torch.cat([climb, torch.tensor([largest], dtype=torch.float64)])


def _student_entropy(d: int, degrees: int) -> float:
    half = (degrees + d) / 2
    rise = float(torch.special.digamma(torch.tensor([half, degrees / 2], dtype=torch.float64)).diff().neg())
    return math.lgamma(degrees / 2) - math.lgamma(half) + d / 2 * math.log(degrees * math.pi) + half * rise


def _normal(d: int, variance: float) -> Distribution:
    centre = torch.zeros(d, dtype=torch.float64)
    return Independent(Normal(centre, torch.full_like(centre, math.sqrt(variance))), 1)


def _canonical_pair(rho: Tensor) -> tuple[Distribution, Distribution]:
    """Gaussians with the same divergences: independent pairs of canonical variables."""
    one = torch.eye(len(rho), dtype=torch.float64)
    both = torch.cat([torch.cat([one, rho.diag()], 1), torch.cat([rho.diag(), one], 1)])
    centre = torch.zeros(len(both), dtype=torch.float64)
    return MultivariateNormal(centre, both), MultivariateNormal(centre, torch.eye(len(both), dtype=torch.float64))


def _sufficient_pair(rho: float, count: int) -> tuple[Distribution, Distribution]:
    """Laws of two numbers with the same divergences, for `count` equal canonical correlations.

    Sums and differences of canonical pairs, over √2, have variances 1 ± ρ in P and 1 in Q: their square sums suffice,
    which have Gamma laws. One of each suffices itself.
    """
    scales = torch.tensor([1 + rho, 1 - rho], dtype=torch.float64)
    ones = torch.ones_like(scales)
    if count == 1:
        centre = torch.zeros_like(scales)
        p, q = (Independent(Normal(centre, scale), 1) for scale in (scales.sqrt(), ones))
        return p, q
    half = torch.full_like(scales, count / 2)
    gamma_p, gamma_q = (Independent(Gamma(half, 1 / (2 * scale)), 1) for scale in (scales, ones))
    return gamma_p, gamma_q


__all__ = ["AdditiveUniform", "GaussianJoint", "StudentJoint"]
