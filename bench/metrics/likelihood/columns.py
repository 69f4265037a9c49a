"""The columns of the likelihood metrics, as they are declared."""

from __future__ import annotations

from dataclasses import replace

from bench.column import Column

_NATS = Column("", "", "", "Likelihood", "nats", depends_on=("binarisation",))
_SETTING = Column("", "", "", "Likelihood", lower=1.0, fixed=True, printed=False)

BINARISATION = Column(
    "binarisation", "Binarisation", "How grey values become the ones and zeros that the likelihood is of: none, static "
    "or dynamic.", "Likelihood", role="label", told="binarisation {}",
)  # fmt: skip

ELBO = (
    replace(
        _NATS, name="elbo", label="ELBO", order=0, better="higher", headline="line", short="elbo",
        description="Evidence lower bound per test example, with every normalising constant. Comparable only between "
        "models with the same kind of likelihood (Gaussian with its ε, Bernoulli with its binarisation).",
    ),
    replace(
        _NATS, name="reconstruction", label="Reconstruction", order=1,
        description="First term of the ELBO, E[log p(x|z)]. A part of a trade-off, so no best is marked.",
    ),
    replace(
        _NATS, name="kl_term", label="KL term", order=2, lower=0.0,
        description="Second term of the ELBO, KL(q(z|x) ‖ p(z)). A part of a trade-off, so no best is marked.",
    ),
    Column(
        "active_units", "Active units", "Latent dimensions whose posterior mean varies with the data.", "Likelihood",
        lower=0.0, digits=3, order=3, depends_on=("binarisation",),
    ),
    BINARISATION,
)  # fmt: skip

LOG_LIKELIHOOD_IW = (
    replace(
        _NATS, name="log_likelihood_iw", label="IW bound", order=4, better="higher", headline="page",
        settings=(("importance_samples", "K"),),
        description="Importance-weighted bound on the log-likelihood per test example, from K draws of z (Burda et al. "
        "2016): the tighter, the larger K.",
    ),
    replace(
        _SETTING, name="importance_samples", label="K", order=5,
        description="Draws of z an example that the importance-weighted bound takes.",
    ),
    BINARISATION,
)  # fmt: skip

PARZEN = (
    Column(
        "parzen_log_likelihood", "Parzen", "Mean log-density of the test set under Gaussian kernels on model samples, "
        "bandwidth chosen on validation data (Goodfellow et al. 2014). Every model has it; it prefers blurred samples "
        "to sharp ones.", "Likelihood", "nats", "higher", order=6, settings=(("parzen_n", "n"),), headline="line",
        short="parzen",
    ),
    Column(
        "parzen_bandwidth", "Bandwidth", "Standard deviation of the Parzen estimate's kernels, chosen on validation "
        "data.", "Likelihood", lower=0.0, digits=3, order=7, printed=False,
    ),
    replace(
        _SETTING, name="parzen_n", label="Parzen n", order=8,
        description="Generated examples that carry the kernels of the Parzen estimate.",
    ),
    Column(
        "parzen_bandwidths", "Parzen bandwidths", "Bandwidths that the Parzen estimate chooses among, and by what.",
        "Likelihood", role="label", told="", printed=False,
    ),
)  # fmt: skip

KDE = (
    Column(
        "kde_log_likelihood", "KDE", "Mean log-density of test points under Gaussian kernels on as many generated "
        "ones, their covariance by Scott's rule (Song & Ermon 2020). −∞ where samples have collapsed into a line or a "
        "point.", "Likelihood", "nats", "higher", order=9, settings=(("kde_n", "n"),), headline="page",
    ),
    replace(
        _SETTING, name="kde_n", label="KDE n", order=10,
        description="Generated points that carry the kernels of the density estimate, and test points that it is "
        "evaluated at.",
    ),
)  # fmt: skip

POSTERIOR_GAP = (
    Column(
        "log_likelihood_exact", "Log-likelihood", "Mean of log p(x) over the test set in closed form, where the "
        "decoder is linear and the likelihood Gaussian.", "Likelihood", "nats", "higher", order=5.2,
    ),
    Column(
        "posterior_gap", "Posterior gap", "By how much the ELBO is below the log-likelihood: KL(q(z|x) ‖ p(z|x)) in "
        "closed form, averaged over the test set, where the decoder is linear and the likelihood Gaussian. A decoder "
        "that ignores z has none, so no best is marked.", "Likelihood", "nats", lower=0.0, digits=3, order=5.4,
    ),
    Column(
        "mean_field_gap", "Mean-field gap", "The least posterior gap that independent latents can have under the same "
        "decoder: 0 where the true posterior is one of independent latents.", "Likelihood", "nats", lower=0.0, digits=3,
        order=5.6,
    ),
)  # fmt: skip

_VARIANCE = (
    "Variance of the {} estimate of the encoder's gradient from one draw of z an example, on a minibatch of test "
    "examples, summed over parameters and divided by the squared norm of the exact gradient."
)

GRADIENT_VARIANCE = (
    Column(
        "gradient_variance_reparameterisation", "Gradient variance, reparameterised",
        _VARIANCE.format("reparameterised"), "Training", lower=0.0, digits=3, order=10,
        settings=(("gradient_draws", "R"),),
    ),
    Column(
        "gradient_variance_score_function", "Gradient variance, score function", _VARIANCE.format("score-function"),
        "Training", lower=0.0, digits=3, order=11, settings=(("gradient_draws", "R"),),
    ),
    replace(
        _SETTING, name="gradient_draws", label="Gradient draws", group="Training", order=12,
        description="Draws of the noise, and so gradients, that the gradient variance is of.",
    ),
)  # fmt: skip
