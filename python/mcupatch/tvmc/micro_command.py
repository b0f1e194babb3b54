"""``tvmc micro``: a project of an archive, built and flashed by the tools of its system."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from mcupatch.cli.console import print_lines
from mcupatch.files import read_user_file
from mcupatch.tvmc.platforms import EXPORTED, PLATFORMS, platform_of
from mcupatch.tvmc.project import PROJECT_FILE, MicroProject, read_project, write_project
from mcupatch.tvmc.refused import Refused, refuse_options
from mcupatch.tvmc.tools import run_tool

_OPTION = "--project-option"


class ManyValues(click.Command):
    """``--project-option a=1 b=2``: one option with several values, as tvmc had it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        spread: list[str] = []
        in_option = False
        for word in args:
            if word == _OPTION:
                in_option = True
            elif in_option and "=" in word and not word.startswith("-"):
                spread += [_OPTION, word]
            else:
                in_option = False
                spread.append(word)
        return super().parse_args(ctx, spread)


class Aliased(click.Group):
    """``create`` is short for ``create-project``."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, "create-project" if cmd_name == "create" else cmd_name)


@click.group("micro", cls=Aliased)
def command() -> None:
    """Create, build and flash a project for a microcontroller."""


def _project_options(decorated: Callable[..., Any]) -> Callable[..., Any]:
    """The options and the argument that all three have in common."""
    for decorate in (
        refuse_options(
            Refused(("--template-dir",), "projects are those of 'mcupatch export'"),
            Refused(("--list-options",), "docs/tvmc.md tells the project options", is_flag=True),
        ),
        click.option(
            _OPTION, "pairs", multiple=True, metavar="NAME=VALUE", help="Of the platform: docs/tvmc.md."
        ),
        click.argument("platform", metavar="PLATFORM", type=click.Choice(list(PLATFORMS))),
    ):
        decorated = decorate(decorated)
    return decorated


@command.command("create-project", cls=ManyValues)
@click.argument("project_dir", metavar="PROJECT_DIR")
@click.argument("archive", metavar="MLF")
@_project_options
@click.option("-f", "--force", is_flag=True, help="Write over an earlier project.")
def create(project_dir: str, archive: str, platform: str, pairs: tuple[str, ...], force: bool) -> None:
    """Write a project of the archive MLF to PROJECT_DIR; 'create' for short.

    PLATFORM is cmake, arduino, zephyr, stm32 or qemu.
    """
    from mcupatch.cli.export_command import command as export_command
    from mcupatch.saved import load_compiled

    target = Path(project_dir)
    project = MicroProject(target, platform, _parse_pairs(platform, pairs))
    _check_free(target, force)
    data = read_user_file(Path(archive), "the archive")
    if platform in EXPORTED:
        words = [archive, f"--{platform}", project_dir, *(["--replace"] if force else [])]
        export_command.main(words, prog_name="mcupatch export", standalone_mode=False)
    else:
        load_compiled(Path(archive))  # raises BadInput if it is none of ours
        target.mkdir(parents=True, exist_ok=True)
        print_lines([f"written to {project_dir}"])
    write_project(project, data)


def _check_free(target: Path, force: bool) -> None:
    """Only an earlier project is written over, and only if that is asked for."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not force:
        raise click.UsageError(f"{str(target)!r} exists; -f writes over an earlier project")
    if not (target / PROJECT_FILE).is_file():
        raise click.UsageError(
            f"{str(target)!r} is no project of 'tvmc micro create'; name another directory"
        )


@command.command("build", cls=ManyValues)
@click.argument("project_dir", metavar="PROJECT_DIR")
@_project_options
@click.option("-f", "--force", is_flag=True, help="Build anew where there is a build.")
def build(project_dir: str, platform: str, pairs: tuple[str, ...], force: bool) -> None:
    """Build the project in PROJECT_DIR, in its folder build."""
    project = _open_project(project_dir, platform, pairs)
    commands = platform_of(project).build(project)
    if project.build_directory.exists():
        if not force:
            raise click.UsageError(f"there is a build in {project_dir!r}; -f builds anew")
        shutil.rmtree(project.build_directory)
    for words in commands:
        run_tool(words, _environment(project))
    if not commands:
        print_lines(["there is nothing to build: the image is linked when it runs"])


@command.command("flash", cls=ManyValues)
@click.argument("project_dir", metavar="PROJECT_DIR")
@_project_options
def flash(project_dir: str, platform: str, pairs: tuple[str, ...]) -> None:
    """Write the image that 'tvmc micro build' made to the board that is connected."""
    project = _open_project(project_dir, platform, pairs)
    found = platform_of(project)
    if found.flash is None:
        raise click.UsageError(f"{platform}: {found.no_flash}")
    if not project.build_directory.is_dir():
        raise click.UsageError(f"there is no build in {project_dir!r}; 'tvmc micro build' makes one")
    for words in found.flash(project):
        run_tool(words, _environment(project))


def _open_project(project_dir: str, platform: str, pairs: tuple[str, ...]) -> MicroProject:
    """The project with the options of this call over those that it was created with."""
    project = read_project(Path(project_dir))
    if project.platform != platform:
        raise click.UsageError(
            f"the project in {project_dir!r} is for {project.platform}, not for {platform}"
        )
    return replace(project, options={**project.options, **_parse_pairs(platform, pairs)})


def _parse_pairs(platform: str, pairs: tuple[str, ...]) -> dict[str, str]:
    known = PLATFORMS[platform].options
    found = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        if name not in known or not value:
            told = f"known are {', '.join(known)}" if known else f"{platform} has none"
            raise click.UsageError(f"{_OPTION} {pair}: {told}")
        found[name] = value
    return found


def _environment(project: MicroProject) -> dict[str, str]:
    base = project.options.get("zephyr_base")
    return {} if base is None else {"ZEPHYR_BASE": base}
