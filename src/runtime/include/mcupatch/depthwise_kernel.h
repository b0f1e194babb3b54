/* A depthwise kernel of one size: its inner loops for both strides, in assembly or in C, and its two functions. */
#ifndef MCUPATCH_DEPTHWISE_KERNEL_H
#define MCUPATCH_DEPTHWISE_KERNEL_H

#include "mcupatch/depthwise_narrow.h"
#include "mcupatch/depthwise_widen.h"

/* A function for rows of its own: it needs every register. */
#define MCUP_PORTABLE_FOUR_LOOP(name, size, stride, corrected, widen)                                     \
  static MCUP_NO_INLINE void name##_row(const mcup_row_work *work, const mcup_depthwise_target *target) { \
    mcup_depthwise_row(size, stride, corrected, work, target);                                            \
  }                                                                                                       \
  static void name(mcup_row_work *work) {                                                                 \
    mcup_depthwise_portable(size, stride, widen, name##_row, work);                                       \
  }

#define MCUP_PORTABLE_NARROW_LOOP(name, size, stride, words, corrected) \
  static void name(const mcup_narrow_output *output) {                  \
    mcup_narrow_portable(size, stride, corrected, output);              \
  }

#if MCUP_DEPTHWISE_ASM
#include "mcupatch/depthwise_asm.h"
#include "mcupatch/depthwise_narrow_asm.h"
#include "mcupatch/depthwise_widen_asm.h"

#define MCUP_WIDEN_LOOP(name, planes) __asm__("mcup_widen_loop " #name ", " #planes "\n");

#define MCUP_FOUR_LOOP(name, size, stride, corrected, widen) \
  void name(mcup_row_work *work);                            \
  __asm__("mcup_depthwise_loop " #name ", " #size ", " #stride ", " #corrected ", " #widen "\n");

#define MCUP_NARROW_LOOP(name, size, stride, words, corrected) \
  void name(const mcup_narrow_output *output);                 \
  __asm__("mcup_narrow_loop " #name ", " #size ", " #stride ", " #words ", " #corrected "\n");
#else
#define MCUP_WIDEN_LOOP(name, planes)                                                                \
  const mcup_pair_job *name(const mcup_row_work *work, const mcup_pair_job *jobs, int32_t channel) { \
    return mcup_widen_portable(work, jobs, channel, planes);                                         \
  }

#define MCUP_FOUR_LOOP MCUP_PORTABLE_FOUR_LOOP
#define MCUP_NARROW_LOOP MCUP_PORTABLE_NARROW_LOOP
#endif

#if MCUP_DEPTHWISE_ASM && MCUP_FLOAT_UNIT
#define MCUP_FLOAT_FOUR_LOOP MCUP_FOUR_LOOP
#define MCUP_FLOAT_NARROW_LOOP MCUP_NARROW_LOOP
#else
#define MCUP_FLOAT_FOUR_LOOP MCUP_PORTABLE_FOUR_LOOP
#define MCUP_FLOAT_NARROW_LOOP MCUP_PORTABLE_NARROW_LOOP
#endif

/* `widen`: the loop for planes of pairs; `words1`, `words2`: a channel's packed words with stride 1 and 2. */
#define MCUP_DEPTHWISE_KERNEL(size, name, widen, words1, words2)                                                \
  MCUP_FOUR_LOOP(name##_stride1, size, 1, 0, widen)                                                             \
  MCUP_FOUR_LOOP(name##_stride1_corrected, size, 1, 1, widen)                                                   \
  MCUP_FOUR_LOOP(name##_stride2, size, 2, 0, widen)                                                             \
  MCUP_FOUR_LOOP(name##_stride2_corrected, size, 2, 1, widen)                                                   \
  MCUP_NARROW_LOOP(name##_narrow1, size, 1, words1, 0)                                                          \
  MCUP_NARROW_LOOP(name##_narrow2, size, 2, words2, 0)                                                          \
  static const mcup_depthwise_loops name##_loops1 = {name##_stride1, name##_stride1_corrected, name##_narrow1}; \
  static const mcup_depthwise_loops name##_loops2 = {name##_stride2, name##_stride2_corrected, name##_narrow2}; \
  size_t name##_scratch_bytes(const mcup_packed_depthwise_params *params, int32_t out_cols) {                   \
    return mcup_depthwise_rows_scratch_bytes(size, params, out_cols);                                           \
  }                                                                                                             \
  MCUP_DEPTHWISE_FUNCTION(size, name)

/* The same with float32 scales, and rounded once; their scratch is that of the other. */
#define MCUP_FLOAT_DEPTHWISE_KERNEL(size, name, widen, words1, words2) \
  MCUP_OTHER_DEPTHWISE_KERNEL(MCUP_FLOAT_FOUR_LOOP, MCUP_FLOAT_NARROW_LOOP, 2, size, name, widen, words1, words2)
#define MCUP_SINGLE_DEPTHWISE_KERNEL(size, name, widen, words1, words2) \
  MCUP_OTHER_DEPTHWISE_KERNEL(MCUP_FOUR_LOOP, MCUP_NARROW_LOOP, 3, size, name, widen, words1, words2)

#define MCUP_OTHER_DEPTHWISE_KERNEL(four, narrow, corrected, size, name, widen, words1, words2)                  \
  four(name##_stride1, size, 1, corrected, widen) four(name##_stride2, size, 2, corrected, widen)                \
      narrow(name##_narrow1, size, 1, words1, corrected)                                                         \
          narrow(name##_narrow2, size, 2, words2, corrected) static const mcup_depthwise_loops name##_loops1 = { \
              name##_stride1, name##_stride1, name##_narrow1};                                                   \
  static const mcup_depthwise_loops name##_loops2 = {name##_stride2, name##_stride2, name##_narrow2};            \
  MCUP_DEPTHWISE_FUNCTION(size, name)

#define MCUP_DEPTHWISE_FUNCTION(size, name)                                                                   \
  void name(const mcup_packed_depthwise_params *params, mcup_input in, mcup_output out, int32_t pad_top,      \
            int32_t pad_left, void *scratch) {                                                                \
    const mcup_depthwise_loops *loops = params->stride_cols == 2 ? &name##_loops2 : &name##_loops1;           \
    if (!mcup_is_narrow(params, out.cols)) {                                                                  \
      mcup_depthwise_rows(size, loops, params, &in, &out, pad_top, pad_left, scratch);                        \
    } else if (size == 3 ||                                                                                   \
               params->stride_cols == 1) { /* the order of weights for 3x3 does not depend on the stride */   \
      mcup_depthwise_narrow(size, 1, loops->narrow, params, &in, &out, pad_top, pad_left, (int8_t *)scratch); \
    } else {                                                                                                  \
      mcup_depthwise_narrow(size, 2, loops->narrow, params, &in, &out, pad_top, pad_left, (int8_t *)scratch); \
    }                                                                                                         \
  }

#endif /* MCUPATCH_DEPTHWISE_KERNEL_H */
