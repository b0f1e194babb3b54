"""``mcupatch zoo``: the networks that ``zoo:NAME`` names."""

from __future__ import annotations

import click

from mcupatch.cli.console import output_console


@click.command("zoo")
def command() -> None:
    """List the networks of the zoo. Use one as MODEL: zoo:NAME, or zoo:NAME@PIXELS for another input size."""
    from mcupatch.report.figures import ZooFigures
    from mcupatch.report.zoo import zoo_table
    from mcupatch.zoo.expand import count_macs, count_parameters
    from mcupatch.zoo.networks import find_network, list_networks

    networks = [find_network(name) for name in list_networks()]
    rows = [ZooFigures(n.name, n.input_shape, count_macs(n), count_parameters(n)) for n in networks]
    output_console().print(zoo_table(rows))
