// What a file needs that exports functions to Python (python/mcupatch/native_scheduler.py loads them by name).
// tvm-ffi turns a C++ exception into a Python one at the border.
#pragma once

#include <tvm/ffi/container/array.h>
#include <tvm/ffi/container/tuple.h>
#include <tvm/ffi/tvm_ffi.h>

#include <vector>

// tvm-ffi's macro leaves its argument `self` unused, and clang says so.
#pragma GCC diagnostic ignored "-Wunused-parameter"

namespace mcupatch::scheduler {

using Integers = tvm::ffi::Array<int64_t>;

inline std::vector<int64_t> ToVector(const Integers &values) {
  return {values.begin(), values.end()};
}

inline Integers ToIntegers(const std::vector<int64_t> &values) {
  return Integers(values.begin(), values.end());
}

}  // namespace mcupatch::scheduler
