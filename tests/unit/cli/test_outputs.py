"""Directories and files are written whole or not at all, and nothing foreign is lost."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest

from mcupatch.cli.parameters import check_json_target
from mcupatch.errors import BadInput
from mcupatch.model_outputs import save_outputs
from mcupatch.outputs import (
    MANIFEST,
    MARKER,
    check_replaceable,
    directory_of_output,
    replace_directory,
    write_file,
)


def write_output(target: Path, text: str = "{}") -> None:
    with replace_directory(target) as draft:
        (draft / MARKER).write_text(text)
        (draft / "src").mkdir()
        (draft / "src" / "net.c").write_text(text)


def names(directory: Path) -> set[str]:
    return {entry.name for entry in directory.iterdir() if not entry.name.startswith(".mcupatch")}


def test_new_directory_is_filled(tmp_path: Path) -> None:
    write_output(tmp_path / "a" / "out")
    assert names(tmp_path / "a" / "out") == {MARKER, "src"}
    assert names(tmp_path / "a") == {"out"}


def test_own_output_is_replaced_and_foreign_entries_stay(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_output(out, "old")
    (out / "notes.txt").write_text("mine")
    (out / "src" / "stale.c").write_text("old")
    write_output(out, "new")
    assert names(out) == {MARKER, "src", "notes.txt"}
    assert (out / MARKER).read_text() == "new"
    assert names(out / "src") == {"net.c"}
    assert names(tmp_path) == {"out"}


def test_empty_directory_is_used(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write_output(tmp_path / "out")
    assert (tmp_path / "out" / MARKER).is_file()


def test_foreign_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("years of work")
    with pytest.raises(BadInput, match="not written by mcupatch"):
        write_output(tmp_path / "out")
    assert names(tmp_path / "out") == {"thesis.tex"}


def test_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(BadInput, match="is a file"):
        check_replaceable(tmp_path / "out")
    with pytest.raises(BadInput, match="is not a directory"):
        check_replaceable(tmp_path / "out" / "deeper" / "still")
    assert names(tmp_path) == {"out"}


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, OSError])
def test_failure_leaves_what_was_there(tmp_path: Path, failure: type[BaseException]) -> None:
    out = tmp_path / "out"
    write_output(out, "old")
    with pytest.raises(BadInput if failure is OSError else failure):
        with replace_directory(out) as draft:
            (draft / MARKER).write_text("half")
            raise failure("in the middle")
    assert (out / MARKER).read_text() == "old"
    assert names(tmp_path) == {"out"}


def write_often(target: Path) -> None:
    for _ in range(40):
        write_output(target)


def test_several_processes_write_to_one_place(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_output(out)
    (out / "notes.txt").write_text("mine")
    context = multiprocessing.get_context("spawn")  # a fork of a process with TVM's threads may hang
    writers = [context.Process(target=write_often, args=(out,)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert names(tmp_path) == {"out"}
    assert names(out) == {MARKER, "src", "notes.txt"}


def test_output_through_a_link_lands_where_it_points(tmp_path: Path) -> None:
    write_output(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_output(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / MARKER).read_text() == "new"


def test_write_file_replaces_or_refuses(tmp_path: Path) -> None:
    write_file(tmp_path / "a.json", "one")
    write_file(tmp_path / "a.json", b"two")
    assert (tmp_path / "a.json").read_text() == "two"
    with pytest.raises(BadInput, match="cannot write"):
        write_file(tmp_path / "absent" / "a.json", "x")
    (tmp_path / "d").mkdir()
    with pytest.raises(BadInput, match="cannot write"):
        write_file(tmp_path / "d", "x")
    assert names(tmp_path) == {"a.json", "d"}


def test_write_file_keeps_links_and_pipes(tmp_path: Path) -> None:
    """Root may replace even /dev/null, and must not."""
    (tmp_path / "link").symlink_to(tmp_path / "a.json")
    write_file(tmp_path / "link", "one")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "a.json").read_text() == "one"
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_file(tmp_path / "pipe", "two")
    assert os.read(reader, 10) == b"two"
    os.close(reader)
    assert (tmp_path / "pipe").is_fifo()


def test_what_is_part_of_an_output_is_known(tmp_path: Path) -> None:
    """So that no option writes figures over a compiled model."""
    out = tmp_path / "out"
    with replace_directory(out) as draft:
        (draft / MARKER).write_text("{}")
        (draft / "src").mkdir()
    for name in (MARKER, MANIFEST, "src/net.c", "src/deep/net.c"):
        assert directory_of_output(out / name) == out
    for name in ("figures.json", "mine/figures.json", "../figures.json"):
        assert directory_of_output(out / name) is None
    with pytest.raises(BadInput, match="part of what mcupatch wrote"):
        check_json_target(str(out / MARKER))
    check_json_target(str(out / "figures.json"))


def test_an_output_may_have_any_name(tmp_path: Path) -> None:
    values = {
        "file": np.arange(3, dtype=np.int8),
        "a/b": np.float32([[1.5]]),
        "ä": np.zeros((1, 2), np.uint8),
    }
    save_outputs(tmp_path / "out.npz", values)
    with np.load(tmp_path / "out.npz") as found:
        assert set(found) == {"file", "a_b", "ä"}
        for name, value in values.items():
            np.testing.assert_array_equal(found[name.replace("/", "_")], value, strict=True)
