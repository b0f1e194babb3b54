"""The kernels as they run on a Cortex-M, DSP instructions and all, against the oracle."""

from __future__ import annotations

import numpy as np
import pytest

from mcupatch.ir import ops
from tests.support.kernel_cases import make_case
from tests.support.kernel_operators import RANDOM_EXAMPLES
from tests.support.kernels_host import Machine


@pytest.mark.parametrize("kind", RANDOM_EXAMPLES, ids=lambda kind: kind.kind)
def test_chip_equals_the_oracle(chip: Machine, kind: type[ops.Operator]) -> None:
    for i in range(12):
        rng = np.random.default_rng([5, i])
        case = make_case(rng, RANDOM_EXAMPLES[kind](rng), f"{kind.__name__}, number {i}")
        assert chip.run(case.before) == case.after, case.label
