#include "interrupt.h"

#include <tvm/ffi/error.h>
#include <tvm/ffi/extra/c_env_api.h>

namespace mcupatch::scheduler {

void StopIfInterrupted() {
  if (TVMFFIEnvCheckSignals() != 0) {
    throw tvm::ffi::EnvErrorAlreadySet();
  }
}

}  // namespace mcupatch::scheduler
