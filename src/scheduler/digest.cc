// Which sources this library was built from; python/mcupatch/source_digest.py makes the value.
#include "export.h"

namespace mcupatch::scheduler {

tvm::ffi::String SourceDigest() {
  return MCUP_SCHEDULER_DIGEST;
}

TVM_FFI_DLL_EXPORT_TYPED_FUNC(source_digest, SourceDigest);

}  // namespace mcupatch::scheduler
