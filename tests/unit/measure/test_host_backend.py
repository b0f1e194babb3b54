import numpy as np
import pytest

from mcupatch.errors import EmulationFault, ToolMissing
from mcupatch.firmware.toolchain import find_host_compiler
from mcupatch.measure.host_backend import run_on_host
from tests.support.tiny_sources import tiny_sources

X = np.arange(-8, 8, dtype=np.int8).reshape(1, 16)
WEIGHTS = np.array([i % 5 - 2 for i in range(16)], np.int8)
UNUSED = "(void)inputs; (void)outputs;"


@pytest.fixture(params=[False, True], ids=["plain", "sanitized"])
def sanitize(request: pytest.FixtureRequest) -> bool:
    try:
        find_host_compiler(request.param)
    except ToolMissing as missing:
        pytest.skip(str(missing))
    return bool(request.param)


def test_outputs_of_each_set(sanitize: bool) -> None:
    first, second = run_on_host(tiny_sources(), [[X], [X + 1]], sanitize)
    assert np.array_equal(first.outputs[0], X * WEIGHTS + 1)
    assert np.array_equal(second.outputs[0], (X + 1) * WEIGHTS + 1)
    assert first.backend == "host" and first.instructions is None


@pytest.mark.parametrize("offset", [-1, -4096, 48, 49, 8000])
def test_a_write_outside_the_arena_is_found(sanitize: bool, offset: int) -> None:
    with pytest.raises(EmulationFault, match="arena were overwritten|AddressSanitizer"):
        run_on_host(tiny_sources(f"{UNUSED} pools->arena[{offset}] = 1;"), [[X]], sanitize)


def test_a_read_outside_the_arena_is_found_by_the_sanitizer(sanitize: bool) -> None:
    sources = tiny_sources("(void)inputs; ((volatile int8_t *)outputs->y)[0] = (int8_t)pools->arena[48];")
    if not sanitize:
        run_on_host(sources, [[X]])
        return
    with pytest.raises(EmulationFault, match="AddressSanitizer"):
        run_on_host(sources, [[X]], sanitize)


def test_undefined_behaviour_is_found_by_the_sanitizer(sanitize: bool) -> None:
    if not sanitize:
        pytest.skip("needs the sanitizers")
    body = UNUSED + "volatile int32_t n = 2147483647; n = n + 1; (void)pools;"
    with pytest.raises(EmulationFault, match="signed integer overflow"):
        run_on_host(tiny_sources(body), [[X]], sanitize)


def test_an_error_status_and_a_hang_are_told() -> None:
    with pytest.raises(EmulationFault, match="returned an error"):
        run_on_host(tiny_sources(UNUSED + "(void)pools; return 3;"), [[X]])
    with pytest.raises(EmulationFault, match="more than 1 s"):
        run_on_host(
            tiny_sources(UNUSED + '(void)pools; for (;;) __asm volatile("" ::: "memory");'),
            [[X]],
            timeout_seconds=1,
        )
