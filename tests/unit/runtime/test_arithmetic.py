"""The scalar arithmetic of the kernels on many values, ties and extremes, against the oracle's."""

from __future__ import annotations

import ctypes
import subprocess

import numpy as np
import pytest
from numpy.typing import NDArray

from mcupatch.ir.reference_float import fused_multiply_add
from mcupatch.ir.reference_requantize import multiply_fixed
from tests.support.kernels_host import FLAGS, find_compiler

COUNT = 200_000
PROBES = """
#include "mcupatch/scale_double.h"

void probe_fma(int32_t n, const int32_t *a, const float *b, const float *c, float *out);
void probe_fma(int32_t n, const int32_t *a, const float *b, const float *c, float *out) {
  for (int32_t i = 0; i < n; ++i) {
    out[i] = mcup_fma_small(a[i], b[i], c[i]);
  }
}

void probe_scale(int32_t n, const int32_t *value, const int32_t *multiplier, const int32_t *shift, int32_t *out);
void probe_scale(int32_t n, const int32_t *value, const int32_t *multiplier, const int32_t *shift, int32_t *out) {
  for (int32_t i = 0; i < n; ++i) {
    out[i] = mcup_scale_fixed(value[i], multiplier[i], shift[i]);
  }
}

void probe_double(int32_t n, const int32_t *value, const double *scale, int32_t *out);
void probe_double(int32_t n, const int32_t *value, const double *scale, int32_t *out) {
  for (int32_t i = 0; i < n; ++i) {
    out[i] = mcup_scale_double(value[i], &scale[i]);
  }
}

void probe_round(int32_t n, const float *value, int32_t *even, int32_t *away);
void probe_round(int32_t n, const float *value, int32_t *even, int32_t *away) {
  for (int32_t i = 0; i < n; ++i) {
    even[i] = mcup_round_half_even(value[i]);
    away[i] = mcup_round_half_away(value[i]);
  }
}
"""


@pytest.fixture(scope="module")
def probes(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("probes")
    source, library = folder / "probes.c", folder / "probes.so"
    source.write_text(PROBES)
    command = [*find_compiler(), "-O2", "-shared", "-fPIC", *FLAGS, str(source), "-o", str(library)]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(library))


def pointers(*arrays: NDArray[np.generic]) -> list[ctypes.c_void_p]:
    return [ctypes.c_void_p(array.ctypes.data) for array in arrays]


def test_fma_rounds_once(probes: ctypes.CDLL) -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(-255, 256, COUNT).astype(np.int32)
    b = (rng.uniform(0.5, 1, COUNT) * np.exp2(rng.integers(-12, 6, COUNT))).astype(np.float32)
    c = (rng.normal(size=COUNT) * np.exp2(rng.integers(-12, 12, COUNT))).astype(np.float32)
    c[: COUNT // 2] = -(a * b)[: COUNT // 2]  # nearly everything cancels
    # Products a little above or below an odd number of halves, where the sum's last place is 1: two roundings
    # see a tie that is none.
    near = slice(COUNT // 2, COUNT)
    halves = (2 * rng.integers(0, 500, COUNT // 2) + 1).astype(np.float32) / 2
    a[near] = rng.integers(3, 256, COUNT // 2)
    b[near] = halves / a[near].astype(np.float32)
    c[near] = rng.integers(1 << 23, 1 << 24, COUNT // 2) - 1000
    out = np.zeros(COUNT, np.float32)
    probes.probe_fma(COUNT, *pointers(a, b, c, out))
    expected = np.concatenate(
        [fused_multiply_add(a[i : i + 1], float(b[i]), c[i : i + 1]) for i in range(0, COUNT, 10)]
    )
    assert np.array_equal(out[::10], expected)


def test_double_scaling(probes: ctypes.CDLL) -> None:
    """Equal to IEEE double, ties and what rounds to a tie included."""
    rng = np.random.default_rng(4)
    value = rng.integers(-(1 << 31), 1 << 31, COUNT).astype(np.int32)
    value[::3] >>= rng.integers(0, 31, value[::3].size)
    value[::101] = rng.choice([-(1 << 31), (1 << 31) - 1, 0, -1, 1], value[::101].size)
    scale = rng.uniform(0.5, 1, COUNT) * np.exp2(rng.integers(-70, 3, COUNT))
    scale[::7] = np.exp2(rng.integers(-40, 3, scale[::7].size))  # exact ties
    whole = rng.integers(-300, 300, COUNT) + 0.5
    near = np.nextafter(np.abs(whole / np.where(value == 0, 1, value)), rng.choice([0.0, 1.0], COUNT))
    scale[::2] = near[::2]  # products beside ties, of which some round to them
    scale[::1001] = 0.0
    out = np.zeros(COUNT, np.int32)
    probes.probe_double(COUNT, *pointers(value, scale, out))
    product = value.astype(np.float64) * scale
    whole = np.trunc(product)
    expected = whole + (product - whole >= 0.5) - (product - whole <= -0.5)
    limit = (1 << 31) - 1
    assert np.array_equal(out, np.clip(expected, -limit, limit).astype(np.int64))


def test_fixed_scaling(probes: ctypes.CDLL) -> None:
    rng = np.random.default_rng(1)
    value = rng.integers(-(1 << 31), 1 << 31, COUNT).astype(np.int32)
    value[::7] >>= rng.integers(0, 31, value[::7].size)
    value[::101] = rng.choice([-(1 << 31), (1 << 31) - 1, 0, -1, 1], value[::101].size)
    multiplier = rng.integers(1 << 29, 1 << 31, COUNT).astype(np.int32)
    multiplier[::11] = rng.choice([1 << 30, (1 << 31) - 1, 0], multiplier[::11].size)
    shift = rng.integers(-31, 31, COUNT).astype(np.int32)
    out = np.zeros(COUNT, np.int32)
    probes.probe_scale(COUNT, *pointers(value, multiplier, shift, out))
    assert np.array_equal(out, multiply_fixed(value, multiplier, shift))


def test_rounding_of_floats(probes: ctypes.CDLL) -> None:
    halves = np.arange(-2000, 2001, dtype=np.float32) / 2
    value = np.concatenate(
        [halves, np.nextafter(halves, np.float32(9e9)), np.nextafter(halves, np.float32(-9e9))]
    )
    even, away = np.zeros(value.size, np.int32), np.zeros(value.size, np.int32)
    probes.probe_round(value.size, *pointers(value, even, away))
    exact = value.astype(np.float64)
    assert np.array_equal(even, np.rint(exact).astype(np.int32))
    assert np.array_equal(away, np.copysign(np.floor(np.abs(exact) + 0.5), exact).astype(np.int32))
