"""The stages as an object of TVM's LLVM: linked and run on the emulated chip, they give the bytes of the C."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from mcupatch.emit.plain_calls import print_plain_calls
from mcupatch.errors import BadInput
from mcupatch.measure.host_backend import run_on_host
from mcupatch.model_file import ModelFile, load_model_file
from mcupatch.model_inputs import random_inputs
from mcupatch.options import ByHand, CompileOptions, LeastSram, PerLayer
from mcupatch.pipeline import CompiledModel, compile_model, measure_model
from mcupatch.saved import load_compiled, save_compiled
from mcupatch.transform.flatten_windows import PlainCall
from tests.support.odd_models import float_ends_model

NETWORK = "zoo:mcunet_vww0@32"
OPTIONS = {
    "whole": CompileOptions(mode=PerLayer(), io="int8", toolchain="gcc"),
    "patches": CompileOptions(mode=ByHand(ops=8, grid=(2, 2)), io="int8", board="stm32f412"),
    "kept halos": CompileOptions(mode=LeastSram(0.0), io="int8"),
    "streamed": CompileOptions(mode=LeastSram(0.05), io="int8", stream_input=True),
}


def compile_for(target: str, options: CompileOptions, source: ModelFile | None = None) -> CompiledModel:
    return compile_model(source or load_model_file(NETWORK), replace(options, target=target))


def symbols(data: bytes) -> dict[str, set[str]]:
    """Names of an object's symbols, defined and undefined."""
    table = ELFFile(io.BytesIO(data)).get_section_by_name(".symtab")
    found: dict[str, set[str]] = {"defined": set(), "undefined": set()}
    for symbol in table.iter_symbols():
        if symbol.name and symbol["st_info"]["bind"] != "STB_LOCAL":
            found["undefined" if symbol["st_shndx"] == "SHN_UNDEF" else "defined"].add(symbol.name)
    return found


@pytest.mark.parametrize("case", OPTIONS)
def test_the_object_gives_the_bytes_of_the_c(case: str) -> None:
    options = OPTIONS[case]
    if options.toolchain == "gcc" and shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    built, plain = (compile_for(target, options) for target in ("llvm", "c"))
    assert plain.sources.objects == {}
    ((name, data),) = built.sources.objects.items()
    assert name == "mcunet_vww0_r32_lib0.o"

    inputs = random_inputs(built.graph, 1)
    run, of_c = (measure_model(model, inputs) for model in (built, plain))
    assert run.matches_reference and of_c.matches_reference
    assert [a.tobytes() for a in run.outputs.values()] == [a.tobytes() for a in of_c.outputs.values()]
    assert run.measurement.arena_touched_bytes == of_c.measurement.arena_touched_bytes

    elf = ELFFile(io.BytesIO(data))
    assert (elf["e_machine"], elf.elfclass) == ("EM_ARM", 32)
    found = symbols(data)
    assert set(built.sources.stages) <= found["defined"]
    assert all(n.startswith(("plain_tvmgen_", "tvmgen_", "mcup_", "__aeabi_")) for n in found["undefined"])
    assert not any("TVM" in n for n in found["defined"] | found["undefined"]), "it needs no runtime of TVM"
    assert "for (" not in built.sources.sources["tvmgen_mcunet_vww0_r32.c"]


def test_float_models_and_the_same_bytes_twice() -> None:
    source = ModelFile("floats", ".tflite", float_ends_model())
    first, second = (compile_for("llvm", CompileOptions(), source) for _ in range(2))
    assert measure_model(first, random_inputs(first.graph)).matches_reference
    assert first.sources.objects == second.sources.objects and first.sources.sources == second.sources.sources


def test_it_is_saved_and_runs_from_there_and_not_on_this_computer(tmp_path: Path) -> None:
    built = compile_for("llvm", OPTIONS["patches"])
    save_compiled(built, tmp_path / "net")
    inputs = random_inputs(built.graph)
    for path in (tmp_path / "net", tmp_path / "net" / "model.tar"):
        saved = load_compiled(path)
        assert saved.sources.objects == built.sources.objects and saved.sources.stages == built.sources.stages
        assert measure_model(saved, inputs).matches_reference
        with pytest.raises(BadInput, match="do not run on this computer"):
            run_on_host(saved.sources, [[inputs[name] for name in saved.graph.inputs]])
    (path,) = (tmp_path / "net" / "lib").iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BadInput, match="compile the model again"):
        load_compiled(tmp_path / "net")


def test_a_core_without_such_objects_is_refused() -> None:
    with pytest.raises(BadInput, match="cortex-m55"):
        compile_for("llvm", CompileOptions(board="mps3-an547"))


def test_plain_calls_put_windows_together() -> None:
    """By the order that ``mcup_window``, ``mcup_split_window`` and ``mcup_out_window`` have."""
    prototypes, definitions = print_plain_calls([PlainCall("f", "wsonp")])
    assert prototypes.startswith("void plain_f_wsonp(const void *a0, int32_t a0_rows, ")
    assert (
        "  const mcup_input window0 = mcup_window(a0, a0_rows, a0_cols, a0_stride);\n"
        "  const mcup_input window1 = "
        "mcup_split_window(a1, a1_upper_rows, a1_stride, a1_lower, a1_lower_stride, a1_rows, a1_cols);\n"
        "  const mcup_output window2 = mcup_out_window(a2, a2_rows, a2_cols, a2_stride);\n"
        "  f(&window0, &window1, &window2, a3, a4);\n"
    ) in definitions
