"""Variational autoencoders (Ryu 2025, sec. 2.2–2.4; Kingma & Welling 2014), composed of parts that vary on their own.

The likelihood, the binarisation, the posterior, the objective and, of the ELBO, the KL term and the gradient estimator
are frozen objects, each behind a protocol in a file of its own. Their methods are pure: tensors in, tensors out.
`torch.func.vmap` runs them over the members of a cohort, and training is replayed from a seed; so they draw no random
numbers in a training step (all noise comes in as an argument) and no Python branch depends on the values of tensors.
What a part is called in a suite is part of the identity of runs: the computation behind a name never changes.
"""

from bench.models.vae.model import VAE

__all__ = ["VAE"]
