/* Kernel rows into the columns of a tile: in assembly for cores with the DSP extension, or in C. */
#include "mcupatch/conv_gather.h"

#if MCUP_THUMB_DSP
/* clang-format off */

/*
 * r0: bytes, of the first pixel; r1: columns; r2: what is left; r3: pixel step; lr: start of the kernel row. On the stack:
 * 0 bytes between rows, 4 rows left, 8 fours, 12 bytes left over, 16 their place, 20 values to the next of them.
 *
 * `begin`: further pointers for a kernel row; `four`: a group of four bytes of all pixels, in a loop of `many` and one by
 * one; `rest`: one byte of all pixels to r4. `pair`: values of a pair of all pixels.
 */
#define MCUP_GATHER_ROWS(name, pair, begin, many, in_loop, four, rest)                               \
  __attribute__((naked)) void name(MCUP_UNUSED const int8_t *bytes, MCUP_UNUSED int32_t row_step,    \
                                   MCUP_UNUSED int32_t rows, MCUP_UNUSED const mcup_gather *gather) { \
    __asm__ volatile(                                                                                \
        "push {r4-r11, lr}\n"                                                                        \
        "ldm r3, {r4-r9}\n"                                                                          \
        "push {r1, r2, r4, r5, r8, r9}\n"                                                            \
        "mov r1, r6\n"                                                                               \
        "mov r3, r7\n"                                                                               \
        "1:\n"                                                                                       \
        "mov lr, r0\n"                                                                               \
        begin                                                                                        \
        "ldr r2, [sp, #8]\n"                                                                         \
        "subs r2, r2, #" #many "\n"                                                                  \
        "blt 3f\n"                                                                                   \
        "2:\n"                                                                                       \
        in_loop                                                                                      \
        "subs r2, r2, #" #many "\n"                                                                  \
        "bge 2b\n"                                                                                   \
        "3:\n"                                                                                       \
        "adds r2, r2, #" #many "\n"                                                                  \
        "beq 5f\n"                                                                                   \
        "4:\n"                                                                                       \
        four                                                                                         \
        "subs r2, r2, #1\n"                                                                          \
        "bne 4b\n"                                                                                   \
        "5:\n"                                                                                       \
        "ldr r2, [sp, #12]\n"                                                                        \
        "cbz r2, 7f\n"                                                                               \
        "ldrd r4, r5, [sp, #16]\n"                                                                   \
        "6:\n"                                                                                       \
        rest                                                                                         \
        "add r4, r4, r5, lsl #1\n"                                                                   \
        "rsb r5, r5, #" #pair "\n"                                                                   \
        "subs r2, r2, #1\n"                                                                          \
        "bne 6b\n"                                                                                   \
        "strd r4, r5, [sp, #16]\n"                                                                   \
        "7:\n"                                                                                       \
        "ldrd r4, r5, [sp]\n"                                                                        \
        "add r0, lr, r4\n"                                                                           \
        "subs r5, r5, #1\n"                                                                          \
        "str r5, [sp, #4]\n"                                                                         \
        "bne 1b\n"                                                                                   \
        "add sp, #24\n"                                                                              \
        "pop {r4-r11, pc}\n");                                                                       \
  }

/* Four pixels: 0 and 1 have pointers, r0 and r12; 2 and 3 lie two steps after them. */
#define MCUP_FOUR_OF_FOUR                                                                            \
  "ldr.w r6, [r0, r3, lsl #1]\n"                                                                     \
  "ldr.w r7, [r12, r3, lsl #1]\n"                                                                    \
  "ldr r4, [r0], #4\n"                                                                               \
  "ldr r5, [r12], #4\n"                                                                              \
  "sxtb16 r8, r4\n"                                                                                  \
  "sxtb16 r9, r5\n"                                                                                  \
  "sxtb16 r10, r6\n"                                                                                 \
  "sxtb16 r11, r7\n"                                                                                 \
  "sxtb16 r4, r4, ror #8\n"                                                                          \
  "sxtb16 r5, r5, ror #8\n"                                                                          \
  "sxtb16 r6, r6, ror #8\n"                                                                          \
  "sxtb16 r7, r7, ror #8\n"                                                                          \
  "stmia r1!, {r8-r11}\n"                                                                            \
  "stmia r1!, {r4-r7}\n"
#define MCUP_REST_OF_FOUR                                                                            \
  "ldrsb.w r8, [r0, r3, lsl #1]\n"                                                                   \
  "ldrsb.w r9, [r12, r3, lsl #1]\n"                                                                  \
  "ldrsb r6, [r0], #1\n"                                                                             \
  "ldrsb r7, [r12], #1\n"                                                                            \
  "strh r6, [r4]\n"                                                                                  \
  "strh r7, [r4, #4]\n"                                                                              \
  "strh.w r8, [r4, #8]\n"                                                                            \
  "strh.w r9, [r4, #12]\n"

#define MCUP_FOUR_OF_TWO                                                                             \
  "ldr r5, [r0, r3]\n"                                                                               \
  "ldr r4, [r0], #4\n"                                                                               \
  "sxtb16 r7, r5\n"                                                                                  \
  "sxtb16 r6, r4\n"                                                                                  \
  "sxtb16 r9, r5, ror #8\n"                                                                          \
  "sxtb16 r8, r4, ror #8\n"                                                                          \
  "stmia r1!, {r6-r9}\n"
#define MCUP_REST_OF_TWO                                                                             \
  "ldrsb r7, [r0, r3]\n"                                                                             \
  "ldrsb r6, [r0], #1\n"                                                                             \
  "strh r6, [r4]\n"                                                                                  \
  "strh r7, [r4, #4]\n"

#define MCUP_FOURS_OF_ONE                                                                            \
  "ldr r5, [r0, #4]\n"                                                                               \
  "ldr r7, [r0, #8]\n"                                                                               \
  "ldr r9, [r0, #12]\n"                                                                              \
  "ldr r12, [r0], #16\n"                                                                             \
  "sxtb16 r6, r5\n"                                                                                  \
  "sxtb16 r8, r7\n"                                                                                  \
  "sxtb16 r10, r9\n"                                                                                 \
  "sxtb16 r4, r12\n"                                                                                 \
  "sxtb16 r11, r9, ror #8\n"                                                                         \
  "sxtb16 r9, r7, ror #8\n"                                                                          \
  "sxtb16 r7, r5, ror #8\n"                                                                          \
  "sxtb16 r5, r12, ror #8\n"                                                                         \
  "stmia r1!, {r4-r11}\n"
#define MCUP_FOUR_OF_ONE                                                                             \
  "ldr r6, [r0], #4\n"                                                                               \
  "sxtb16 r4, r6\n"                                                                                  \
  "sxtb16 r5, r6, ror #8\n"                                                                          \
  "stmia r1!, {r4, r5}\n"
#define MCUP_REST_OF_ONE                                                                             \
  "ldrsb r6, [r0], #1\n"                                                                             \
  "strh r6, [r4]\n"

MCUP_GATHER_ROWS(mcup_gather_four, 8, "add r12, r0, r3\n", 2, MCUP_FOUR_OF_FOUR MCUP_FOUR_OF_FOUR, MCUP_FOUR_OF_FOUR,
                 MCUP_REST_OF_FOUR)
MCUP_GATHER_ROWS(mcup_gather_two, 4, "", 2, MCUP_FOUR_OF_TWO MCUP_FOUR_OF_TWO, MCUP_FOUR_OF_TWO, MCUP_REST_OF_TWO)
MCUP_GATHER_ROWS(mcup_gather_one, 2, "", 4, MCUP_FOURS_OF_ONE, MCUP_FOUR_OF_ONE, MCUP_REST_OF_ONE)

/* clang-format on */
#else
static void gather_portable(const int8_t *bytes, int32_t row_step, int32_t rows, const mcup_gather *gather,
                            int32_t width) {
  const int32_t pair = 2 * width, row_values = 2 * gather->fours * pair;
  int16_t *columns = gather->columns, *rest = gather->rest_columns;
  int32_t next = gather->rest_next;
  for (; rows > 0; --rows, bytes += row_step, columns += row_values) {
    MCUP_NO_UNROLL
    for (int32_t p = 0; p < width; ++p) {
      mcup_widen_fours(bytes + p * gather->pixel_step, gather->fours, columns + 2 * p, pair);
    }
    const int8_t *left_over = bytes + 4 * gather->fours;
    MCUP_NO_UNROLL
    for (int32_t i = gather->rest; i > 0; --i, ++left_over, rest += next, next = pair - next) {
      MCUP_NO_UNROLL
      for (int32_t p = 0; p < width; ++p) {
        rest[2 * p] = left_over[p * gather->pixel_step];
      }
    }
  }
}

void mcup_gather_four(const int8_t *bytes, int32_t row_step, int32_t rows, const mcup_gather *gather) {
  gather_portable(bytes, row_step, rows, gather, 4);
}

void mcup_gather_two(const int8_t *bytes, int32_t row_step, int32_t rows, const mcup_gather *gather) {
  gather_portable(bytes, row_step, rows, gather, 2);
}

void mcup_gather_one(const int8_t *bytes, int32_t row_step, int32_t rows, const mcup_gather *gather) {
  gather_portable(bytes, row_step, rows, gather, 1);
}
#endif
