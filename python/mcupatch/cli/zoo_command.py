"""``mcupatch zoo``: the networks that ``zoo:NAME`` names."""

from __future__ import annotations

import click

from mcupatch.cli.console import output_console


@click.command("zoo")
def command() -> None:
    """List the networks of the zoo. Use one as MODEL: zoo:NAME, or zoo:NAME@PIXELS for another input size."""
    from mcupatch.zoo.networks import list_networks

    for name in list_networks():
        output_console().print(name)
