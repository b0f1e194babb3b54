"""``mcupatch zoo``: the networks that ``zoo:NAME`` names, listed or written."""

from __future__ import annotations

from pathlib import Path

import click

from mcupatch.cli.console import output_console, print_lines
from mcupatch.cli.parameters import check_network_target


@click.command("zoo")
@click.argument("network", metavar="[NAME]", required=False)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Write the network NAME: its definition (.json), or a model with seeded weights (.tflite, .onnx in float).",
)
def command(network: str | None, output: str | None) -> None:
    """List the networks of the zoo, or write one to a file.

    Use one as MODEL of other commands: zoo:NAME, or zoo:NAME@PIXELS for another input size.
    """
    if (network is None) != (output is None):
        raise click.UsageError("a NAME and -o FILE belong together: mcupatch zoo mobilenet_v2 -o net.onnx")
    if network is not None and output is not None:
        _write(network, output)
        return
    from mcupatch.report.figures import ZooFigures
    from mcupatch.report.zoo import zoo_table
    from mcupatch.zoo.expand import count_macs, count_parameters
    from mcupatch.zoo.networks import find_network, list_networks

    networks = [find_network(name) for name in list_networks()]
    rows = [ZooFigures(n.name, n.input_shape, count_macs(n), count_parameters(n)) for n in networks]
    output_console().print(zoo_table(rows))


def _write(network: str, output: str) -> None:
    from mcupatch.outputs import write_file
    from mcupatch.zoo.models import parse_network, write_network

    suffix = check_network_target(output)
    write_file(Path(output), write_network(parse_network(network), suffix))
    print_lines([f"written to {output}"])
