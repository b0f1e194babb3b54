"""The archive of a compiled model, taken by itself: run, compared, refused where it is damaged."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from mcupatch.cli.main import run_command_line
from mcupatch.errors import BadInput
from mcupatch.packed import read_export_time
from mcupatch.saved import load_compiled
from tests.support.command_line import run_cli
from tests.support.odd_models import small_model

Entries = dict[str, bytes]
SINGLE = "stm32f746"  # its floating-point unit has no double precision, and the M7 could have one


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    (folder / "net.tflite").write_bytes(small_model())
    assert (
        run_command_line(
            ["compile", str(folder / "net.tflite"), "--board", SINGLE, "-o", str(folder / "net")]
        )
        == 0
    )
    return folder / "net"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def change_entries(archive: Path, target: Path, change: Callable[[Entries], object]) -> None:
    with tarfile.open(archive) as tar:
        entries = {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]
    change(entries)
    with tarfile.open(target, "w") as tar:
        for name, data in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def flip(name: str) -> Callable[[Entries], object]:
    return lambda entries: entries.update({name: bytes([entries[name][0] ^ 1]) + entries[name][1:]})


def test_an_archive_runs_as_its_directory_does(
    here: Path, built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = []
    for number, path in enumerate((built, built / "model.tar")):
        save = ("--save", f"{number}.npz")
        measured.append(json.loads(run_cli(capsys, "run", str(path), "--seed", "3", *save, "--json", "-")))
    assert measured[0] == measured[1] and measured[0]["measured"]["matches_reference"]
    first, second = (np.load(f"{number}.npz") for number in range(2))
    assert [first[name].tobytes() for name in first.files] == [
        second[name].tobytes() for name in second.files
    ]
    assert sorted(p.name for p in here.iterdir()) == ["0.npz", "1.npz"]


def test_an_archive_gives_the_firmware_of_its_directory(built: Path) -> None:
    """Linked anew for the same unit: the code of a double-precision one would stop at its first double."""
    of_archive, of_directory = load_compiled(built / "model.tar"), load_compiled(built)
    assert of_archive.firmware.board.name == SINGLE and not of_archive.firmware.board.has_double
    assert of_archive.firmware.path.read_bytes() == of_directory.firmware.path.read_bytes()


def test_a_board_from_a_file_goes_along(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its description, by its name: what is written says nothing of where it lay, and needs it no more."""
    place = here / "somewhere" / "mine.toml"
    place.parent.mkdir()
    place.write_text((resources.files("mcupatch.target.boards") / "stm32f412.toml").read_text())
    (here / "net.tflite").write_bytes(small_model())
    run_cli(capsys, "compile", "net.tflite", "--board", str(place), "-o", "net")
    place.unlink()
    written = [file.read_bytes() for file in Path("net").rglob("*") if file.is_file()]
    assert not any(b"somewhere" in data for data in written) and b"--board mine.toml" in b"".join(written)
    for path in ("net", "net/model.tar"):
        assert "byte for byte" in run_cli(capsys, "run", path)
        assert load_compiled(Path(path)).firmware.board.name == "mine"


def test_an_archive_is_benched_and_exported(
    here: Path, built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = str(built / "model.tar")
    of_archive, of_directory = (run_cli(capsys, "bench", p, "--json", "-") for p in (archive, str(built)))
    assert of_archive == of_directory
    run_cli(capsys, "export", archive, "--cmake", "a")
    run_cli(capsys, "export", str(built), "--cmake", "d")
    files = [sorted(p.relative_to(d) for p in Path(d).rglob("*")) for d in ("a", "d")]
    assert files[0] == files[1] and Path("a/src/tvmgen_net.c").is_file()


def test_an_archive_packed_again_still_runs(
    here: Path, built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By tar(1), with other owners and times, and a file more."""
    change_entries(built / "model.tar", here / "again.tar", lambda entries: entries.update(notes=b"mine"))
    assert "byte for byte" in run_cli(capsys, "run", "again.tar", "--on", "host")


def test_the_export_time_follows_the_convention(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "net.tflite").write_bytes(small_model())
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    run_cli(capsys, "compile", "net.tflite")
    with tarfile.open("net/model.tar") as tar:
        metadata = json.load(tar.extractfile("./metadata.json"))  # type: ignore[arg-type]
    assert metadata["modules"]["net"]["export_datetime"] == "1970-01-02 00:00:00Z"
    for text in ("yesterday", "9" * 30):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
        with pytest.raises(BadInput, match="SOURCE_DATE_EPOCH"):
            read_export_time()


DAMAGES: dict[str, Callable[[Entries], object]] = {
    "C": flip("./codegen/host/src/tvmgen_net.c"),
    "kernel": flip("./codegen/host/src/kernels/conv2d.c"),
    "header of a kernel": flip("./codegen/host/include/mcupatch/kernels.h"),
    "model": flip("./src/model.tflite"),
    "figures are no JSON": flip("./mcupatch.json"),
    "facts are no JSON": flip("./build.json"),
    "facts of nothing": lambda entries: entries.update({"./build.json": b"{}"}),
    "no C": lambda entries: entries.pop("./codegen/host/src/tvmgen_net_weights.c"),
    "no model": lambda entries: entries.pop("./src/model.tflite"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_archive_is_not_run(
    here: Path, built: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    change_entries(built / "model.tar", here / "bad.tar", DAMAGES[damage])
    assert "compile the model again" in run_cli(capsys, "run", "bad.tar", status=2)


def test_an_archive_of_something_else_is_told(
    here: Path, built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change_entries(built / "model.tar", here / "other.tar", lambda entries: entries.pop("./build.json"))
    assert "no archive of a model that mcupatch compiled" in run_cli(capsys, "run", "other.tar", status=2)
    assert "no compiled model" in run_cli(capsys, "run", "absent.tar", status=2)
