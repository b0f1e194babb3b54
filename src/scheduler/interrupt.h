// Long searches end when the user wants them to.
#pragma once

namespace mcupatch::scheduler {

// Throws what tvm-ffi turns into the pending Python exception where a signal handler has raised one (Ctrl-C).
void StopIfInterrupted();

}  // namespace mcupatch::scheduler
