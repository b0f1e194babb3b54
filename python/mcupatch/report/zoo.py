"""The table of the zoo's networks."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from mcupatch.report.figures import ZooFigures
from mcupatch.report.tables import new_table
from mcupatch.report.units import format_count


def zoo_table(networks: Iterable[ZooFigures]) -> Table:
    """One row a network: input, MACs, parameters."""
    numeric = ("input", "MACs", "parameters")
    table = new_table("network", *numeric, numbers=numeric)
    for network in networks:
        table.add_row(
            network.name,
            "x".join(str(side) for side in network.input_shape),
            format_count(network.macs),
            format_count(network.parameters),
        )
    return table
