"""``tvm.compile(mod, target="llvm", relax_pipeline="mcupatch")``: patches, then TVM's own lowering."""

from __future__ import annotations

from typing import Any

from mcupatch.transform.fuse_patches import FusePatches
from mcupatch.tvm_api import IRModule, relax, tvm

PIPELINE_NAME = "mcupatch"


def register_tvm_pipeline() -> None:
    """Make the pipeline known to TVM; doing it twice is harmless."""
    if PIPELINE_NAME not in relax.pipeline.PIPELINE_MAP:
        relax.register_pipeline(PIPELINE_NAME)(make_pipeline)


def make_pipeline() -> Any:
    """Fuses what is not fused yet (for the smallest arena), then runs TVM's default build for the target."""

    @tvm.transform.module_pass(opt_level=0, name="mcupatch.pipeline")
    def lower(module: IRModule, _context: Any) -> IRModule:
        return tvm.transform.Sequential([FusePatches(), relax.get_pipeline("default_build")])(module)

    return lower
