"""The kernels of an export: all that are called, on every core, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from mcupatch.emit.csources import KernelSources
from mcupatch.export.kernel_subset import select_kernels
from mcupatch.firmware.kernel_objects import include_dir
from mcupatch.firmware.toolchain import Toolchain, find_host_compiler, find_toolchain
from mcupatch.kernel_sources import read_kernel_sources
from mcupatch.native import runtime_dir

VARIANTS = {
    "host": (),
    "dsp on the host": ("-DMCUP_EMULATE_DSP",),
    "chip": (),
    "chip, portable": ("-DMCUP_PORTABLE",),
}


def link_names(path: Path) -> tuple[set[str], set[str]]:
    """The kernel functions that an object file defines for others, and those that it needs."""
    with path.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        symbols = [
            s
            for s in table.iter_symbols()
            if s.name.startswith("mcup_") and s["st_info"]["bind"] != "STB_LOCAL"
        ]
        needed = {s.name for s in symbols if s["st_shndx"] == "SHN_UNDEF"}
        return {s.name for s in symbols} - needed, needed


@pytest.mark.parametrize(
    "variant",
    [
        "host",
        "chip",
        *(pytest.param(v, marks=pytest.mark.heavy) for v in ("dsp on the host", "chip, portable")),
    ],
)
def test_every_selection_links(variant: str, tmp_path: Path) -> None:
    toolchain: Toolchain = find_toolchain("zig", "cortex-m7") if "chip" in variant else find_host_compiler()
    kernels = read_kernel_sources()
    files = sorted((runtime_dir() / "kernels").glob("*.c"))
    toolchain.compile_objects(files, tmp_path, [include_dir()], VARIANTS[variant])
    names = {f"kernels/{file.name}": link_names(tmp_path / f"{file.stem}.o") for file in files}
    defined = set().union(*(own for own, _ in names.values()))
    # What generated C may call; scratch sizes are asked when a network is planned, not on the chip.
    callable_names = set(
        re.findall(r"\bmcup_\w+(?<!_scratch_bytes)\b", kernels.headers["mcupatch/kernels.h"])
    )
    assert len(defined & callable_names) > 25
    for name in sorted(defined & callable_names):
        chosen = select_kernels([f"{name}(1);"], kernels).sources
        missing = {name}.union(*(names[file][1] for file in chosen)) - set().union(
            *(names[file][0] for file in chosen)
        )
        assert missing == set(), f"{name}: {sorted(chosen)}"


def test_a_kernel_alone_brings_no_other() -> None:
    chosen = select_kernels(
        ['#include "mcupatch/kernels.h"\nint f(void) { return mcup_copy(0, 0); }'], read_kernel_sources()
    )
    assert set(chosen.sources) == {"kernels/copy.c"}
    assert "mcupatch/kernels.h" in chosen.headers and "mcupatch/depthwise.h" not in chosen.headers


def test_calls_are_followed_and_comments_are_not() -> None:
    kernels = KernelSources(
        {
            "kernels/a.c": '#include "mcupatch/a.h"\nvoid mcup_a(void) {\n  mcup_inline();\n}\n',
            "kernels/b.c": "void *mcup_b(int x,\n    int y) {\n  return 0; /* mcup_c() */\n}\n",
            "kernels/c.c": "static int mcup_b(void) {\n  return 1;\n}\nint mcup_c(void) {\n  return mcup_b();\n}\n",
            "kernels/d.c": "MAKE_KERNEL(3, mcup_d)\n",
        },
        {
            "mcupatch/a.h": "void mcup_c(void);\nstatic inline void mcup_inline(void) {\n  mcup_b(1, 2);\n}\n",
            "mcupatch/other.h": "",
        },
    )
    chosen = select_kernels(["mcup_a();"], kernels)
    assert set(chosen.sources) == {"kernels/a.c", "kernels/b.c"} and set(chosen.headers) == {"mcupatch/a.h"}
    assert set(select_kernels(["mcup_c();"], kernels).sources) == {"kernels/c.c"}
    assert set(select_kernels(["mcup_d();"], kernels).sources) == {"kernels/d.c"}
    assert select_kernels(["mcup_none();"], kernels).sources == {}
