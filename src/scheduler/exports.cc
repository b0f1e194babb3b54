// Every function that Python may call, by name (python/mcupatch/native_scheduler.py loads them). tvm-ffi turns a
// C++ exception into a Python one here; none crosses the border.
#include <tvm/ffi/tvm_ffi.h>

// tvm-ffi's macro leaves its argument `self` unused, and clang says so.
#pragma GCC diagnostic ignored "-Wunused-parameter"

namespace mcupatch::scheduler {

// Which sources this library was built from; python/mcupatch/source_digest.py makes the value.
tvm::ffi::String SourceDigest() {
  return MCUP_SCHEDULER_DIGEST;
}

TVM_FFI_DLL_EXPORT_TYPED_FUNC(source_digest, SourceDigest);

}  // namespace mcupatch::scheduler
