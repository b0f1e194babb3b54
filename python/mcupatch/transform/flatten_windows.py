"""For TVM's LLVM code generator, which passes no structs: windows become plain numbers, and C puts them together again.

    tvmgen_net_conv1(mcup_window(x, 5, 9, 27),       -->   plain_tvmgen_net_conv1_wonn(x, 5, 9, 27,
                     mcup_out_window(y, 3, 9, 72),                                     y, 3, 9, 72,
                     1, 0)                                                             1, 0)

The letters tell what the arguments are put together to: ``emit/plain_calls.py`` writes those functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mcupatch.transform.lower_to_kernels import KernelStage
from mcupatch.transform.scoped_lets import sequence
from mcupatch.tvm_api import Call, PointerType, StringImm, tirx

# The function that makes a window, and the letter for it; a plain number or pointer has the letter of its kind.
OUTPUT = "o"
WINDOWS = {"mcup_window": "w", "mcup_split_window": "s", "mcup_out_window": OUTPUT}
NUMBER, POINTER = "n", "p"


@dataclass(frozen=True)
class PlainCall:
    """A C function ``name`` of plain arguments that calls ``function``, whose arguments are of the kinds ``kinds``.

    Kinds are letters: those of WINDOWS, NUMBER and POINTER.
    """

    function: str
    kinds: str

    @property
    def name(self) -> str:
        return f"plain_{self.function}_{self.kinds}"


def flatten_windows(stage: KernelStage) -> tuple[Any, tuple[PlainCall, ...]]:
    """The stage's function with plain calls in place of calls on windows, and these calls, each once."""
    flattening = _Flattening()
    body = flattening.rewrite(stage.function.body)
    function = tirx.PrimFunc(stage.function.params, body, None, None)
    return function.with_attr("global_symbol", stage.name), tuple(flattening.calls)


class _Flattening:
    def __init__(self) -> None:
        self.calls: dict[PlainCall, None] = {}

    def rewrite(self, statement: Any) -> Any:
        if isinstance(statement, tirx.SeqStmt):
            return sequence([self.rewrite(part) for part in statement.seq])
        if isinstance(statement, tirx.For):
            body = self.rewrite(statement.body)
            return tirx.For(statement.loop_var, statement.min, statement.extent, statement.kind, body)
        if isinstance(statement, tirx.IfThenElse):
            return tirx.IfThenElse(statement.condition, self.rewrite(statement.then_case), None)
        if isinstance(statement, tirx.Evaluate) and any(map(_made_by, statement.value.args)):
            return tirx.Evaluate(self._flatten(statement.value))
        return statement

    def _flatten(self, call: Any) -> Any:
        function, *arguments = call.args
        plain = PlainCall(function.value, "".join(map(_kind_of, arguments)))
        self.calls[plain] = None
        flat = [value for argument in arguments for value in _values_of(argument)]
        return tirx.call_extern("void", plain.name, *flat)


def _made_by(argument: Any) -> str | None:
    """The function that makes the window ``argument``, None if it is no window."""
    if isinstance(argument, Call) and argument.args and isinstance(argument.args[0], StringImm):
        name = str(argument.args[0].value)
        return name if name in WINDOWS else None
    return None


def _kind_of(argument: Any) -> str:
    maker = _made_by(argument)
    if maker is not None:
        return WINDOWS[maker]
    return POINTER if isinstance(argument.ty, PointerType) else NUMBER


def _values_of(argument: Any) -> Sequence[Any]:
    return [argument] if _made_by(argument) is None else list(argument.args)[1:]
