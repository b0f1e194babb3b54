"""C between an object of TVM's LLVM, which passes numbers and pointers, and the operator functions, which take windows."""

from __future__ import annotations

from collections.abc import Iterable

from mcupatch.transform.flatten_windows import NUMBER, POINTER, WINDOWS, PlainCall

# By the letter of a kind: the parameters, of which each name begins with the argument's, and their types.
_PLACE = ("const void *{}", "int32_t {}_rows", "int32_t {}_cols", "int32_t {}_stride")
_PARAMETERS = {
    "w": _PLACE,
    "s": (
        *("const void *{}", "int32_t {}_upper_rows", "int32_t {}_stride"),
        *("const void *{}_lower", "int32_t {}_lower_stride", "int32_t {}_rows", "int32_t {}_cols"),
    ),
    "o": ("void *{}", *_PLACE[1:]),
    NUMBER: ("int32_t {}",),
    POINTER: ("void *{}",),
}
_MAKERS = {letter: maker for maker, letter in WINDOWS.items()}


def print_plain_calls(calls: Iterable[PlainCall]) -> tuple[str, str]:
    """The prototypes and the definitions of ``calls``."""
    printed = [_print_call(call) for call in calls]
    return "".join(f"{head};\n" for head, _ in printed), "\n".join(f"{h} {{\n{b}}}\n" for h, b in printed)


def _print_call(call: PlainCall) -> tuple[str, str]:
    parameters: list[str] = []
    arguments: list[str] = []
    for number, kind in enumerate(call.kinds):
        own = [text.format(f"a{number}") for text in _PARAMETERS[kind]]
        names = [text.split()[-1].lstrip("*") for text in own]
        parameters += own
        arguments.append(f"{_MAKERS[kind]}({', '.join(names)})" if kind in _MAKERS else names[0])
    head = f"void {call.name}({', '.join(parameters)})"
    return head, f"  {call.function}({', '.join(arguments)});\n"
