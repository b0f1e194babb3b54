"""The micro-kernels that one network calls, of all that there are: found in the text of their C."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mcupatch.emit.csources import KernelSources

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_INCLUDE = re.compile(r'#[ \t]*include[ \t]*"([^"]+)"')
_NAME = re.compile(r"\bmcup_\w+")
# What stands at the start of a line is at the file level: clang-format sees to it.
_FUNCTION = re.compile(r"^(static\b)?[a-z_ ][\w \t*]*?\b(mcup_\w+)\([^;{}]*\)\s*\{", re.MULTILINE)
_PROTOTYPE = re.compile(
    r"^(?!static\b|#)[a-z_][^;{}#]*\)\s*;"  # of one function
    r"|^mcup_\w+ mcup_\w+(?:,\s*mcup_\w+)*;",  # of several that have one type
    re.MULTILINE,
)
_MADE_BY_MACRO = re.compile(r"^[A-Z]\w*\(([^;]*?)\)$", re.MULTILINE)


def select_kernels(texts: Iterable[str], kernels: KernelSources) -> KernelSources:
    """The files of ``kernels`` that C ``texts`` need, and those that these need in turn.

    All branches of the preprocessor are read, so that the selection serves every core. It may take a file too many,
    and never one too few, which a test asks the compiler.
    """
    providers: dict[str, set[str]] = {}
    for file, text in kernels.sources.items():
        for name in _defined_names(text):
            providers.setdefault(name, set()).add(file)
    sources: set[str] = set()
    headers: set[str] = set()
    waiting = list(texts)
    while waiting:
        text = _COMMENT.sub(" ", waiting.pop())
        new_headers = {file for file in _INCLUDE.findall(text) if file in kernels.headers} - headers
        own = {name for _, name in _FUNCTION.findall(text)} | _made_names(text)
        used = set(_NAME.findall(text)) - own
        new_sources = {file for name in used for file in providers.get(name, ())} - sources
        headers |= new_headers
        sources |= new_sources
        waiting += [_PROTOTYPE.sub("", _COMMENT.sub(" ", kernels.headers[file])) for file in new_headers]
        waiting += [kernels.sources[file] for file in new_sources]
    return KernelSources(
        {file: text for file, text in kernels.sources.items() if file in sources},
        {file: text for file, text in kernels.headers.items() if file in headers},
    )


def _defined_names(text: str) -> set[str]:
    """The functions that a C file defines for other files."""
    code = _COMMENT.sub(" ", text)
    return {name for static, name in _FUNCTION.findall(code) if not static} | _made_names(code)


def _made_names(code: str) -> set[str]:
    """The functions that macros define: each the first that it is given the name of; the others it calls."""
    return {name for values in _MADE_BY_MACRO.findall(code) for name in _NAME.findall(values)[:1]}
