/* Rows that stay while a window moves on. */
#include <string.h>

#include "mcupatch/kernels.h"
#include "mcupatch/simd.h"

#if MCUP_THUMB_DSP
/* mcup_move for whole words: 32 bytes at a time, then what is left by halves. */
__attribute__((naked)) static void move_words(MCUP_UNUSED int32_t rows, MCUP_UNUSED int32_t row_bytes,
                                              MCUP_UNUSED const void *source, MCUP_UNUSED int32_t source_stride,
                                              MCUP_UNUSED void *target, MCUP_UNUSED int32_t target_stride) {
  __asm__ volatile(
      "push {r4-r11, lr}\n"
      "ldrd r12, lr, [sp, #36]\n"
      "cmp r3, r1\n"
      "it eq\n"
      "cmpeq lr, r1\n"
      "bne 1f\n"
      "mul r1, r1, r0\n" /* rows without gaps are one */
      "mov r0, #1\n"
      "1:\n"
      "sub r3, r3, r1\n"
      "sub lr, lr, r1\n"
      "2:\n"
      "push {r0}\n"
      "subs r0, r1, #32\n"
      "blo 4f\n"
      "3:\n"
      "ldmia r2!, {r4-r11}\n"
      "stmia r12!, {r4-r11}\n"
      "subs r0, r0, #32\n"
      "bhs 3b\n"
      "4:\n"
      "lsls r4, r0, #28\n" /* carry: 16 bytes, sign: 8 */
      "itt cs\n"
      "ldmiacs r2!, {r6-r9}\n"
      "stmiacs r12!, {r6-r9}\n"
      "itt mi\n"
      "ldmiami r2!, {r6, r7}\n"
      "stmiami r12!, {r6, r7}\n"
      "lsls r4, r0, #30\n" /* carry: 4 bytes */
      "itt cs\n"
      "ldrcs r6, [r2], #4\n"
      "strcs r6, [r12], #4\n"
      "add r2, r2, r3\n"
      "add r12, r12, lr\n"
      "pop {r0}\n"
      "subs r0, r0, #1\n"
      "bgt 2b\n"
      "pop {r4-r11, pc}\n");
}
#endif

/* mcup_move for any bytes. */
MCUP_NO_INLINE static void move_bytes(int32_t rows, int32_t row_bytes, const void *source, int32_t source_stride,
                                      void *target, int32_t target_stride) {
  if (source_stride == row_bytes && target_stride == row_bytes) {
    memmove(target, source, (size_t)rows * (size_t)row_bytes);
    return;
  }
  for (int32_t y = 0; y < rows; ++y) {
    memmove((int8_t *)target + (ptrdiff_t)y * target_stride, (const int8_t *)source + (ptrdiff_t)y * source_stride,
            (size_t)row_bytes);
  }
}

void mcup_move(int32_t rows, int32_t row_bytes, const void *source, int32_t source_stride, void *target,
               int32_t target_stride) {
  if (rows <= 0) {
    return;
  }
#if MCUP_THUMB_DSP
  const int32_t places = (int32_t)((uintptr_t)source | (uintptr_t)target);
  if (((places | row_bytes | source_stride | target_stride) & 3) == 0) {
    move_words(rows, row_bytes, source, source_stride, target, target_stride);
    return;
  }
#endif
  move_bytes(rows, row_bytes, source, source_stride, target, target_stride);
}
