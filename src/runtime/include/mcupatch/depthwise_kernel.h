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

#define MCUP_PORTABLE_NARROW_LOOP(name, size, stride, outputs, corrected) \
  static void name(const mcup_narrow_row *row) {                          \
    mcup_narrow_portable(size, stride, outputs, corrected, row);          \
  }

#if MCUP_DEPTHWISE_ASM
#include "mcupatch/depthwise_asm.h"
#include "mcupatch/depthwise_narrow_asm.h"
#include "mcupatch/depthwise_widen_asm.h"

#define MCUP_WIDEN_LOOP(name, planes) __asm__("mcup_widen_loop " #name ", " #planes "\n");

#define MCUP_FOUR_LOOP(name, size, stride, corrected, widen) \
  void name(mcup_row_work *work);                            \
  __asm__("mcup_depthwise_loop " #name ", " #size ", " #stride ", " #corrected ", " #widen "\n");

#define MCUP_NARROW_LOOP(name, size, stride, outputs, corrected) \
  void name(const mcup_narrow_row *row);                         \
  __asm__("mcup_narrow_loop " #name ", " #size ", " #stride ", " #outputs ", " #corrected "\n");
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

/* What a narrow row of each stride is made with: name_narrow11, stride 1 and one output, to name_narrow22. */
#define MCUP_NARROW_LOOPS(loop, size, name, corrected)                                      \
  loop(name##_narrow11, size, 1, 1, corrected) loop(name##_narrow12, size, 1, 2, corrected) \
      loop(name##_narrow21, size, 2, 1, corrected) loop(name##_narrow22, size, 2, 2, corrected)

/* `widen`: the loop for planes of pairs. */
#define MCUP_DEPTHWISE_KERNEL(size, name, widen)                                                                \
  MCUP_FOUR_LOOP(name##_stride1, size, 1, 0, widen)                                                             \
  MCUP_FOUR_LOOP(name##_stride1_corrected, size, 1, 1, widen)                                                   \
  MCUP_FOUR_LOOP(name##_stride2, size, 2, 0, widen)                                                             \
  MCUP_FOUR_LOOP(name##_stride2_corrected, size, 2, 1, widen)                                                   \
  MCUP_NARROW_LOOPS(MCUP_NARROW_LOOP, size, name, 0)                                                            \
  static const mcup_depthwise_loops name##_loops1 = {name##_stride1, name##_stride1_corrected, name##_narrow11, \
                                                     name##_narrow12};                                          \
  static const mcup_depthwise_loops name##_loops2 = {name##_stride2, name##_stride2_corrected, name##_narrow21, \
                                                     name##_narrow22};                                          \
  size_t name##_scratch_bytes(const mcup_packed_depthwise_params *params, int32_t out_rows, int32_t out_cols) { \
    return mcup_depthwise_rows_scratch_bytes(size, params, out_rows, out_cols);                                 \
  }                                                                                                             \
  MCUP_DEPTHWISE_FUNCTION(size, name)

/* The same with float32 scales, and rounded once; their scratch is that of the other. */
#define MCUP_FLOAT_DEPTHWISE_KERNEL(size, name, widen) \
  MCUP_OTHER_DEPTHWISE_KERNEL(MCUP_FLOAT_FOUR_LOOP, MCUP_FLOAT_NARROW_LOOP, 2, size, name, widen)
#define MCUP_SINGLE_DEPTHWISE_KERNEL(size, name, widen) \
  MCUP_OTHER_DEPTHWISE_KERNEL(MCUP_FOUR_LOOP, MCUP_NARROW_LOOP, 3, size, name, widen)

#define MCUP_OTHER_DEPTHWISE_KERNEL(four, narrow, corrected, size, name, widen)                            \
  four(name##_stride1, size, 1, corrected, widen) four(name##_stride2, size, 2, corrected, widen)          \
      MCUP_NARROW_LOOPS(narrow, size, name, corrected) static const mcup_depthwise_loops name##_loops1 = { \
          name##_stride1, name##_stride1, name##_narrow11, name##_narrow12};                               \
  static const mcup_depthwise_loops name##_loops2 = {name##_stride2, name##_stride2, name##_narrow21,      \
                                                     name##_narrow22};                                     \
  MCUP_DEPTHWISE_FUNCTION(size, name)

#define MCUP_DEPTHWISE_FUNCTION(size, name)                                                                            \
  void name(const mcup_packed_depthwise_params *params, const mcup_input *in, const mcup_output *out, int32_t pad_top, \
            int32_t pad_left, void *scratch) {                                                                         \
    const mcup_depthwise_loops *loops = params->stride_cols == 2 ? &name##_loops2 : &name##_loops1;                    \
    MCUP_FORGET(loops); /* or each loop that is read from it is chosen anew */                                         \
    if (mcup_is_narrow(params, out->rows, out->cols)) {                                                                \
      mcup_depthwise_narrow(size, loops, params, in, out, pad_top, pad_left, scratch);                                 \
    } else {                                                                                                           \
      mcup_depthwise_rows(size, loops, params, in, out, pad_top, pad_left, scratch);                                   \
    }                                                                                                                  \
  }

#endif /* MCUPATCH_DEPTHWISE_KERNEL_H */
