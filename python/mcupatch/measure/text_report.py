"""What an exported example prints: lines of a name and a number, the outputs in hexadecimal (``export/support/shared``)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcupatch.emit.csources import Port
from mcupatch.errors import EmulationFault
from mcupatch.measure.port_data import decode_output

_BEGIN, _END = "mcupatch begin ", "mcupatch end"
_SHOWN_LINES = 8


@dataclass(frozen=True, eq=False)
class TextReport:
    """``numbers`` by the name before each; ``status`` is 0 after a run that went well, and then ``outputs`` are there."""

    status: int
    numbers: Mapping[str, int]
    outputs: tuple[NDArray[np.generic], ...]


def read_report(said: str, ports: Sequence[Port]) -> TextReport:
    """The report in ``said``, whatever else was printed around it. Raises EmulationFault where it is not whole."""
    _, begin, report = said.partition(_BEGIN)
    numbers = {
        name: int(number)
        for name, number in re.findall(rf"^({_END}|[a-z_]+) (-?\d+)\s*$", report, re.MULTILINE)
    }
    if not begin or _END not in numbers:
        raise EmulationFault(f"The program printed no whole report:\n{last_lines(said)}")
    status = numbers.pop(_END)
    outputs = tuple(_read_output(report, i, port) for i, port in enumerate(ports)) if status == 0 else ()
    return TextReport(status, numbers, outputs)


def _read_output(report: str, number: int, port: Port) -> NDArray[np.generic]:
    data = b""
    lines = re.findall(rf"^output {number} ([0-9a-f]{{8}}) ([0-9a-f]+)\s*$", report, re.MULTILINE)
    for offset, digits in lines:
        if int(offset, 16) == len(data) and len(digits) % 2 == 0:
            data += bytes.fromhex(digits)
    if len(data) != port.tensor.nbytes:
        raise EmulationFault(
            f"Output {port.c_name} was not printed whole: {len(data)} bytes of {port.tensor.nbytes}."
        )
    return decode_output(port, data)


def last_lines(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-_SHOWN_LINES:])
