"""A program of subcommands: each is imported when it is called, and every way it can end is an exit status."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import click

from mcupatch import __version__
from mcupatch.cli.console import print_error
from mcupatch.errors import McupatchError

# packages whose name for pip is not their name for Python
INSTALL_NAMES = {"PIL": "pillow", "elftools": "pyelftools", "tvm": "apache-tvm", "tvm_ffi": "apache-tvm-ffi"}
ISSUES_URL = "the project's issue tracker"
INTERRUPTED, BROKEN_PIPE, TERMINATED = 130, 141, 143


class LazyGroup(click.Group):
    """Imports a subcommand's file only when it is called, so that ``--help`` stays quick.

    ``summaries`` are the subcommands and what their help says; NAME is the variable ``command`` of the module
    ``package.NAME_command``.
    """

    def __init__(self, *args: Any, package: str, summaries: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._package, self._summaries = package, summaries

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._summaries:
            return None
        module = importlib.import_module(f"{self._package}.{cmd_name.replace('-', '_')}_command")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries.items()))


def run_and_leave(program: click.Command, name: str, arguments: Sequence[str] | None) -> None:
    """Run the command line, that of this process for None, and leave the process with its exit status."""
    _open_closed_streams()
    sys.exit(run_program(program, name, list(sys.argv[1:] if arguments is None else arguments)))


def _open_closed_streams() -> None:
    """Standard streams that the caller closed lead to nothing: else the next file opened would take their place."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)
            if handle != number:
                os.dup2(handle, number)
            setattr(sys, name, open(number, "r" if number == 0 else "w", closefd=False))


def run_program(program: click.Command, name: str, arguments: list[str]) -> int:
    """Run one command line of ``program``; every way it can end is an exit status, and nothing else is printed.

    0 done, 1 a result that does not match or a defect of mcupatch, 2 what the user can mend, 130 Ctrl-C.
    """
    before = signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        status = program.main(args=arguments, prog_name=name, standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.UsageError as error:
        error.show()
        return 2
    except click.ClickException as error:
        print_error(error.format_message())
        return 2
    except McupatchError as error:
        print_error(str(error))
        return 2
    except (KeyboardInterrupt, click.Abort):
        print_error("interrupted; nothing was written")
        return INTERRUPTED
    except _Terminated:
        return TERMINATED
    except BrokenPipeError:
        # Whoever read our output went away. Point stdout at nothing, so that Python's own flush at exit is quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return BROKEN_PIPE
    except OSError as error:
        # A disk that is full, a folder without permission, a name that is too long: wherever it shows, it is no defect.
        if "--debug" in arguments:
            traceback.print_exc()
        place = (
            f"cannot use {os.fspath(error.filename)!r}" if error.filename else "cannot read or write a file"
        )
        print_error(f"{place}: {error.strerror or error}")
        return 2
    except ImportError as error:
        if not _explain_missing_package(error):
            _explain_defect(error, name, "--debug" in arguments)
            return 1
        return 2
    except MemoryError as error:
        if "--debug" in arguments:
            traceback.print_exc()
        print_error(f"not enough memory on this computer: {error or 'free some'}")
        return 2
    except Exception as error:
        _explain_defect(error, name, "--debug" in arguments)
        return 1
    finally:
        signal.signal(signal.SIGTERM, before)


def _explain_missing_package(error: ImportError) -> bool:
    """Name the package to install, if what cannot be imported is a package of someone else."""
    package = (error.name or "").partition(".")[0]
    if package in ("", __package__.partition(".")[0]) or package in sys.stdlib_module_names:
        return False
    name = INSTALL_NAMES.get(package, package)
    print_error(
        f"the Python package {name!r} is needed for this and cannot be imported; install it with: pip install {name}"
    )
    return True


def _explain_defect(error: Exception, name: str, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    summary = " ".join(str(error).split())[:300]
    print_error(
        f"unexpected {type(error).__name__}: {summary}. This is a defect of mcupatch {__version__}; please report "
        f"it in {ISSUES_URL} with the output of '{name} --debug {_command_of(sys.argv)}'."
    )


def _command_of(argv: list[str]) -> str:
    return " ".join(a for a in argv[1:] if a != "--debug")


class _Terminated(BaseException):
    """SIGTERM as an exception, so that half-written files are removed on the way out."""


def _raise_terminated(signum: int, frame: object) -> None:
    raise _Terminated
