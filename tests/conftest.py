"""Settings of all tests: reproducible examples without deadlines, and one thread per test process."""

from __future__ import annotations

import torch
from hypothesis import settings

# timing is no property of the code under test, and the same examples every time make failures reproducible
settings.register_profile("bench", deadline=None, derandomize=True)
settings.load_profile("bench")
torch.set_num_threads(1)
