"""Runs the measurements of a benchmark in processes of their own, with a progress bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from mcupatch.errors import McupatchError

PROCESSES = 2

Job = TypeVar("Job")
Figures = TypeVar("Figures")


def measure_all(
    measure: Callable[[Job], Figures], jobs: Mapping[str, Job], console: Console
) -> tuple[dict[str, Figures], list[str]]:
    """What ``measure`` finds for each job, in the order of ``jobs``, and a sentence for each that failed."""
    done: dict[str, Figures] = {}
    failures: list[str] = []
    columns = (SpinnerColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    # Spawned, not forked: TVM's threads would not be there in a fork.
    with (
        ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool,
        Progress(*columns, console=console) as progress,
    ):
        task = progress.add_task("", total=len(jobs))
        running: dict[Future[Figures], str] = {pool.submit(measure, job): key for key, job in jobs.items()}
        for future in as_completed(running):
            key = running[future]
            try:
                done[key] = future.result()
            except McupatchError as error:
                failures.append(f"{key}: {error}")
            progress.update(task, advance=1, description=key)
    return {key: done[key] for key in jobs if key in done}, failures


def exit_if_failed(failures: Sequence[str], found: Collection[object]) -> None:
    """Tell what failed and leave with status 1, also where nothing was measured: a page is written whole or not."""
    for failure in failures:
        print(failure, file=sys.stderr)
    if failures or not found:
        sys.exit(1)
