/* Rows that stay while a window moves on. */
#include <string.h>

#include "mcupatch/kernels.h"
#include "mcupatch/simd.h"

#if MCUP_THUMB_DSP
#define CALLED_BY_NAME __attribute__((used))
#else
#define CALLED_BY_NAME
#endif

/* mcup_move for any bytes, at least one row. */
CALLED_BY_NAME static void move_bytes(int32_t rows, int32_t row_bytes, const void *source, int32_t source_stride,
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

#if MCUP_THUMB_DSP
/* Rows of less than 32 bytes: a loop for each number of words. */
#define SHORT_ROWS(words, last) \
  "2" #words                    \
  ":\n"                         \
  "ldmia r2, {r4-" #last        \
  "}\n"                         \
  "stmia r12, {r4-" #last       \
  "}\n"                         \
  "add r2, r2, r3\n"            \
  "add r12, r12, lr\n"          \
  "subs r0, r0, #1\n"           \
  "bgt 2" #words                \
  "b\n"                         \
  "pop {r4-r11, pc}\n"

/* Whole words: longer rows by 64 bytes, then what is left by halves. */
__attribute__((naked)) void mcup_move(MCUP_UNUSED int32_t rows, MCUP_UNUSED int32_t row_bytes,
                                      MCUP_UNUSED const void *source, MCUP_UNUSED int32_t source_stride,
                                      MCUP_UNUSED void *target, MCUP_UNUSED int32_t target_stride) {
  __asm__ volatile(
      "cmp r0, #0\n"
      "it le\n"
      "bxle lr\n"
      "push {r4-r11, lr}\n"
      "ldrd r12, lr, [sp, #36]\n"
      "orr r4, r2, r12\n"
      "orr r5, r1, r3\n"
      "orr r4, r4, lr\n"
      "orr r4, r4, r5\n"
      "lsls r4, r4, #30\n"
      "bne 8f\n"
      "cmp r1, #32\n"
      "bhs 3f\n"
      "lsr r4, r1, #2\n"
      "tbb [pc, r4]\n"
      "1:\n"
      ".byte (20f - 1b) / 2, (21f - 1b) / 2, (22f - 1b) / 2, (23f - 1b) / 2\n"
      ".byte (24f - 1b) / 2, (25f - 1b) / 2, (26f - 1b) / 2, (27f - 1b) / 2\n"
      SHORT_ROWS(2, r5) SHORT_ROWS(3, r6) SHORT_ROWS(4, r7) SHORT_ROWS(5, r8) SHORT_ROWS(6, r9) SHORT_ROWS(7, r10)
      "21:\n"
      "ldr r4, [r2]\n"
      "str r4, [r12]\n"
      "add r2, r2, r3\n"
      "add r12, r12, lr\n"
      "subs r0, r0, #1\n"
      "bgt 21b\n"
      "20:\n"
      "pop {r4-r11, pc}\n"
      "3:\n"
      "sub r3, r3, r1\n"
      "sub lr, lr, r1\n"
      "str lr, [sp, #40]\n"
      "4:\n"
      "subs lr, r1, #64\n"
      "blo 7f\n"
      "5:\n"
      "ldmia r2!, {r4-r11}\n"
      "stmia r12!, {r4-r11}\n"
      "ldmia r2!, {r4-r11}\n"
      "stmia r12!, {r4-r11}\n"
      "subs lr, lr, #64\n"
      "bhs 5b\n"
      "7:\n"
      "adds lr, lr, #32\n"
      "itt pl\n"
      "ldmiapl r2!, {r4-r11}\n"
      "stmiapl r12!, {r4-r11}\n"
      "lsls r4, lr, #28\n" /* carry: 16 bytes, sign: 8 */
      "itt cs\n"
      "ldmiacs r2!, {r6-r9}\n"
      "stmiacs r12!, {r6-r9}\n"
      "beq 6f\n"
      "itt mi\n"
      "ldmiami r2!, {r6, r7}\n"
      "stmiami r12!, {r6, r7}\n"
      "lsls r4, lr, #30\n" /* carry: 4 bytes */
      "itt cs\n"
      "ldrcs r6, [r2], #4\n"
      "strcs r6, [r12], #4\n"
      "6:\n"
      "ldr lr, [sp, #40]\n"
      "add r2, r2, r3\n"
      "add r12, r12, lr\n"
      "subs r0, r0, #1\n"
      "bgt 4b\n"
      "pop {r4-r11, pc}\n"
      "8:\n"
      "pop {r4-r11, lr}\n"
      "b move_bytes\n");
}
#else
void mcup_move(int32_t rows, int32_t row_bytes, const void *source, int32_t source_stride, void *target,
               int32_t target_stride) {
  if (rows > 0) {
    move_bytes(rows, row_bytes, source, source_stride, target, target_stride);
  }
}
#endif
