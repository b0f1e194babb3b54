"""The C of a patched network: nothing of a library and nothing of TVM in it."""

from __future__ import annotations

from mcupatch.options import ByHand
from mcupatch.pipeline import compile
from tests.architecture.imports import ROOT
from tests.architecture.test_sources import check_chip_source


def test_generated_c_needs_no_library() -> None:
    compiled = compile("zoo:mbv2_w0.35_r144@32", mode=ByHand(ops=5, grid=(2, 2)))
    files = {**compiled.sources.sources, **compiled.sources.headers}
    kernels = {f.name for f in (ROOT / "src" / "runtime").rglob("*.h")}
    assert files
    for text in files.values():
        check_chip_source(text, own={*files, *kernels})
        assert "tvm/" not in text
