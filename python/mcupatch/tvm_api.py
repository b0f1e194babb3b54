"""Every TVM name that mcupatch uses. TVM moves its namespaces with each release: mend them here, and only here.

Written for apache-tvm 0.27 with apache-tvm-ffi 0.1.14.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import tvm
from tvm import ir, relax, sym, tirx
from tvm.ir import Call, IRModule, Op, PointerType, PrimType, StringImm, TensorLoad
from tvm.ir import op as _ir_op
from tvm.ir.attrs import make_node as _make_node
from tvm.script.ir_builder import IRBuilder
from tvm.tirx.script import builder as T

__all__ = [
    "Call",
    "IRBuilder",
    "IRModule",
    "Op",
    "PointerType",
    "PrimType",
    "StringImm",
    "T",
    "TensorLoad",
    "ir",
    "relax",
    "simplify",
    "tirx",
    "tvm",
]


def simplify(expression: Any) -> Any:
    """``expression`` with terms that cancel left out; Python numbers stay as they are."""
    return expression if isinstance(expression, int) else sym.Analyzer().canonical_simplify(expression)


def register_relax_op(name: str, description: str, attributes: dict[str, object]) -> Op:
    """The Relax operator ``name``, registered with ``attributes`` (type rule, legalisation …) on its first use."""
    if name not in set(Op.list_op_names()):
        _ir_op._ffi_api.RegisterOp(name, description)
        for key, value in attributes.items():
            Op.get(name).set_attr(key, value)
    return Op.get(name)


def make_attrs(**values: object) -> object:
    """A ``DictAttrs`` node holding plain values."""
    return _make_node("ir.DictAttrs", **values)


def constant_value(expr: object) -> object:
    """The NumPy array of a Relax constant, or None if ``expr`` is not one."""
    return expr.value.numpy() if isinstance(expr, ir.GenericConst) else None  # type: ignore[attr-defined]


def build_c_source(module: IRModule) -> str:
    """The text that TVM's C code generator prints for ``module``."""
    target = tvm.target.Target("c")
    module = tirx.transform.BindTarget(target.with_host(target))(module)
    module = tirx.transform.LowerIntrin()(module)
    return str(tvm.get_global_func("target.build.c")(module, target).inspect_source())


def build_object(module: IRModule, cpu: str) -> bytes:
    """The ELF object that TVM's LLVM code generator makes of ``module`` for a Cortex-M core, with the FPU's ABI."""
    target = tvm.target.Target(
        {
            "kind": "llvm",
            "mtriple": "thumbv7em-none-eabi",
            "mcpu": cpu,
            "mfloat-abi": "hard",
            "vector-width": 32,  # no vectors; without it TVM warns that it guesses
        }
    )
    module = tirx.transform.BindTarget(target.with_host(target))(module)
    module = tirx.transform.LowerIntrin()(module)
    with tempfile.TemporaryDirectory(prefix="mcupatch-") as folder:
        path = Path(folder) / "stages.o"
        tvm.get_global_func("target.build.llvm")(module, target).write_to_file(str(path))
        return path.read_bytes()


def free_variables(statement: object) -> set[object]:
    """The variables that ``statement`` reads and does not define."""
    return set(tirx.analysis.undefined_vars(statement))


def legalize(module: IRModule) -> IRModule:
    """Every Relax operator as a call of its TIR function."""
    return relax.transform.LegalizeOps()(module)
