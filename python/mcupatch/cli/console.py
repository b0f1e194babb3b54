"""What goes to the terminal: results on standard output, progress and errors on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar

Progress = Callable[[str], None]
MIN_COLUMNS = 80  # what the tables need; a narrower terminal folds their lines, and no figure is cut off


class OutputConsole(Console):
    """Leaves it to the program what a reader that went away means; rich would exit on its own."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def output_console() -> Console:
    """Standard output; 80 columns wide unless a terminal (or COLUMNS) says more."""
    console = OutputConsole(highlight=False, soft_wrap=False)
    console.width = max(console.width, MIN_COLUMNS)
    return console


def print_error(message: str) -> None:
    """One line (or a few) on standard error, quiet if nobody reads it."""
    try:
        print(f"mcupatch: {message}", file=sys.stderr, flush=True)
    except BrokenPipeError:
        pass


def print_lines(lines: Iterable[str], to_stderr: bool = False) -> None:
    """Lines of text on standard output (or error), as they are; the terminal folds them."""
    console = Console(stderr=True, highlight=False) if to_stderr else output_console()
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


@contextmanager
def show_progress(enabled: bool = True) -> Iterator[Progress]:
    """Yield a function that shows what is being done now; it does nothing where standard error is no terminal."""
    console = Console(stderr=True)
    if not (enabled and console.is_terminal):
        yield lambda step: None
        return
    with console.status("starting") as status:
        yield lambda step: status.update(step)


@contextmanager
def show_trials(total: int) -> Iterator[tuple[Progress, Callable[[], None]]]:
    """Yield a function that shows what is being done, and one that counts a trial done; quiet without a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda step: None, lambda: None
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with ProgressBar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=total)
        yield lambda step: bar.update(task, description=step), lambda: bar.advance(task)
