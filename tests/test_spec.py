"""Former place of `tests.spec.test_spec`."""

from tests.spec.test_spec import spec as spec
