"""Passes over the program. ``FusePatches`` is the one that users call; ``"mcupatch"`` is a TVM pipeline around it."""

from mcupatch.transform.fuse_patches import FusePatches
from mcupatch.transform.pipeline import register_tvm_pipeline

__all__ = ["FusePatches"]

register_tvm_pipeline()
