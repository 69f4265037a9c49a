"""f-GANs (Ryu 2025, sec. 3.2; Nowozin et al. 2016) and GANs beside them, composed of parts that vary on their own.

The bound, what the critic is shown, the generator's objective and the update rule are frozen objects, each behind a
protocol in a file of its own. Their methods are pure: tensors in, tensors out. `torch.func.vmap` runs them over the
members of a cohort, and training is replayed from a seed; so they draw no random numbers (all noise comes in as an
argument) and no Python branch depends on the values of tensors. What a part is called in a suite is part of the
identity of runs: the computation behind a name never changes.
"""

from bench.models.fgan.hinge import KLWGAN, HingeGAN
from bench.models.fgan.model import FGAN

__all__ = ["FGAN", "KLWGAN", "HingeGAN"]
