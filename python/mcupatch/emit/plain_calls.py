"""C between an object of TVM's LLVM, which passes numbers and pointers, and the operator functions, which take windows."""

from __future__ import annotations

from collections.abc import Iterable

from mcupatch.transform.flatten_windows import NUMBER, OUTPUT, POINTER, WINDOWS, PlainCall

# By the letter of a kind: the parameters, of which each name begins with the argument's, and their types.
_PLACE = ("const void *{}", "int32_t {}_rows", "int32_t {}_cols", "int32_t {}_stride")
_PARAMETERS = {
    "w": _PLACE,
    "s": (
        *("const void *{}", "int32_t {}_upper_rows", "int32_t {}_stride"),
        *("const void *{}_lower", "int32_t {}_lower_stride", "int32_t {}_rows", "int32_t {}_cols"),
    ),
    OUTPUT: ("void *{}", *_PLACE[1:]),
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
    windows = ""
    for number, kind in enumerate(call.kinds):
        own = [text.format(f"a{number}") for text in _PARAMETERS[kind]]
        names = [text.split()[-1].lstrip("*") for text in own]
        parameters += own
        if kind not in _MAKERS:
            arguments.append(names[0])
            continue
        struct, window = "mcup_output" if kind == OUTPUT else "mcup_input", f"window{number}"
        windows += f"  const {struct} {window} = {_MAKERS[kind]}({', '.join(names)});\n"
        arguments.append(f"&{window}")
    head = f"void {call.name}({', '.join(parameters)})"
    return head, f"{windows}  {call.function}({', '.join(arguments)});\n"
