/*
 * Tile functions in Thumb assembly for cores with the DSP extension; conv_tiles.h says what they do. Each is a naked
 * function of one of two macros, all alike but for the tile's width and the width of the weights:
 *
 *   for each block of two channels:
 *     the biases; the pairs of taps in a loop of sixteen, entered so that it comes out even; requantisation; two channels
 *     of each pixel as a halfword
 *
 * MCUP_TILE, of four pixels, takes a pair at a time, and the first one adds to the biases. MCUP_NARROW_TILE has registers
 * left, and takes two pairs at a time; of an odd number the first one is alone.
 *
 * r0 runs through the columns, r1 through the blocks. On the stack: 0 columns, 4 their end, 8 where to go with the
 * biases, 12 zero point, 16 output, 20 its end, 24 its pixel stride, 28 thrice that, or entry into the loop, 32 the
 * requantisation.
 */
#ifndef MCUPATCH_CONV_TILES_ASM_H
#define MCUPATCH_CONV_TILES_ASM_H

#include "mcupatch/conv_tiles.h"

/* clang-format off */

#define MCUP_TIMES_4(text) text text text text
#define MCUP_TIMES_8(text) MCUP_TIMES_4(text) MCUP_TIMES_4(text)
#define MCUP_TIMES_16(text) MCUP_TIMES_8(text) MCUP_TIMES_8(text)

/*
 * r0..r3: the arguments. `shift`: log2 of the bytes between pairs of a column; `count`: from pairs in r4 to the steps of
 * the loop, which is `steps` of `step` bytes of code each. r8 is then where the loop is entered, and carry as `count` left it.
 */
#define MCUP_TILE_PROLOGUE(shift, count, steps, step)                                                \
  "push {r4-r11, lr}\n"                                                                              \
  "sub sp, #36\n"                                                                                    \
  "ldrd r4, r5, [r3]\n"     /* pairs, channels */                                                    \
  "ldrd r6, r7, [r3, #8]\n" /* pixel stride, zero point */                                           \
  "add r8, r0, r4, lsl #" #shift "\n"                                                                \
  "strd r0, r8, [sp]\n"                                                                              \
  "add r5, r5, r2\n"                                                                                 \
  "strd r2, r5, [sp, #16]\n"                                                                         \
  "str r7, [sp, #12]\n"                                                                              \
  "adr.w r5, 3f\n"                                                                                   \
  "adr.w r8, 4f\n"                                                                                   \
  "cmn r7, #128\n"                                                                                   \
  "it eq\n"                                                                                          \
  "moveq r5, r8\n"                                                                                   \
  "orr r5, r5, #1\n"                                                                                 \
  "str r5, [sp, #32]\n"                                                                              \
  count                                                                                              \
  "rsb r8, r4, #0\n"                                                                                 \
  "and r8, r8, #" #steps " - 1\n"                                                                    \
  "it eq\n"                                                                                          \
  "moveq r8, #" #steps "\n"                                                                          \
  "mov r9, #" #step "\n"                                                                             \
  "adr.w r10, 2f\n"                                                                                  \
  "mla r8, r8, r9, r10\n"                                                                            \
  "orr r8, r8, #1\n"

/*
 * One sum, its factors in r2 and r3, the zero point in `zero`; see mcup_requantize_sum. `away` makes halves below zero
 * go away from it. Where the zero point is -128 what lies below it is -128 either way.
 */
#define MCUP_REQUANTIZE(sum, zero, away)                                                             \
  "smmlar " sum ", " sum ", r2, " sum "\n"                                                           \
  away(sum)                                                                                          \
  "smmlsr " sum ", " sum ", r3, " zero "\n"                                                          \
  "ssat " sum ", #8, " sum "\n"
#define MCUP_AWAY(sum) "add.w " sum ", " sum ", " sum ", asr #31\n"
#define MCUP_UP(sum)

/*
 * From the loop's end to what follows the sums, which goes to the next block: `at_end` compares r0 with the end of the
 * columns, `store` moves the output on and compares it with its end.
 */
#define MCUP_FINISH_BLOCK(at_end, tails)                                                             \
  at_end                                                                                             \
  "bne 2b\n"                                                                                         \
  "ldr pc, [sp, #32]\n"                                                                              \
  tails
/* What follows the sums, at 3 and at 4: two forms of a requantisation, or one. */
#define MCUP_TWO_TAILS(requantize, store)                                                            \
  "3:\n"                                                                                             \
  requantize(MCUP_AWAY) store MCUP_NEXT_BLOCK                                                        \
  "4:\n"                                                                                             \
  requantize(MCUP_UP) store MCUP_NEXT_BLOCK
#define MCUP_ONE_TAIL(requantize, store) "3:\n4:\n" requantize store MCUP_NEXT_BLOCK
#define MCUP_NEXT_BLOCK                                                                              \
  "bne 1b\n"                                                                                         \
  "add sp, #36\n"                                                                                    \
  "pop {r4-r11, pc}\n"
#define MCUP_AT_END(end)                                                                             \
  "ldr " end ", [sp, #4]\n"                                                                          \
  "cmp r0, " end "\n"
#define MCUP_MOVE_ON                                                                                 \
  "str r2, [sp, #16]\n"                                                                              \
  "cmp r2, lr\n"

#define MCUP_NAKED_TILE(name, text)                                                                  \
  __attribute__((naked)) static void name(MCUP_UNUSED const int16_t *columns,                        \
                                          MCUP_UNUSED const int32_t *blocks, MCUP_UNUSED int8_t *out,\
                                          MCUP_UNUSED const mcup_tile_job *job) {                    \
    __asm__ volatile(text);                                                                          \
  }

/* `first`, `next`: a pair of taps, adding to the biases or to the sums. */
#define MCUP_TILE(name, shift, step, biases, first, next, end, tails)                                \
  MCUP_NAKED_TILE(name, MCUP_TILE_PROLOGUE(shift, "subs r4, #1\n", 16, step)                         \
                  "str r8, [sp, #8]\n"                                                               \
                  "add r5, r6, r6, lsl #1\n"                                                         \
                  "strd r6, r5, [sp, #24]\n"                                                         \
                  ".balign 4\n"                                                                      \
                  "1:\n"                                                                             \
                  "ldrd " biases ", [r1], #8\n"                                                      \
                  "ldr r0, [sp]\n"                                                                   \
                  first                                                                              \
                  "ldr pc, [sp, #8]\n"                                                               \
                  ".balign 4\n"                                                                      \
                  "2:\n"                                                                             \
                  MCUP_TIMES_16(next)                                                                \
                  MCUP_FINISH_BLOCK(MCUP_AT_END(end), tails))

/* `load`: the biases into all sums; `one`, `two`: a pair of taps, and two, adding to the sums; `kept`: into registers. */
#define MCUP_NARROW_TILE(name, shift, step, kept, load, one, two, at_end, tails)                     \
  MCUP_NAKED_TILE(name, MCUP_TILE_PROLOGUE(shift, "lsrs r4, r4, #1\n", 8, step)                      \
                  "strd r6, r8, [sp, #24]\n"                                                         \
                  "adr.w r5, 5f\n"                                                                   \
                  "it cs\n"                                                                          \
                  "orrcs r8, r5, #1\n"                                                               \
                  "str r8, [sp, #8]\n"                                                               \
                  kept                                                                               \
                  ".balign 4\n"                                                                      \
                  "1:\n"                                                                             \
                  load                                                                               \
                  "ldr r0, [sp]\n"                                                                   \
                  "ldr pc, [sp, #8]\n"                                                               \
                  "5:\n"                                                                             \
                  one                                                                                \
                  "ldr pc, [sp, #28]\n"                                                              \
                  ".balign 4\n"                                                                      \
                  "2:\n"                                                                             \
                  MCUP_TIMES_8(two)                                                                  \
                  MCUP_FINISH_BLOCK(at_end, tails))

/* The weights of a pair of taps into r2 and r3, and of the next one into r8 and r9: two int16 of each channel; from `r`. */
#define MCUP_WEIGHTS_INT8(r)                                                                         \
  "ldr r2, [" r "], #4\n"                                                                            \
  "sxtb16 r3, r2, ror #8\n"                                                                          \
  "sxtb16 r2, r2\n"
#define MCUP_TWO_WEIGHTS_INT8(r)                                                                     \
  "ldrd r2, r8, [" r "], #8\n"                                                                       \
  "sxtb16 r3, r2, ror #8\n"                                                                          \
  "sxtb16 r9, r8, ror #8\n"                                                                          \
  "sxtb16 r2, r2\n"                                                                                  \
  "sxtb16 r8, r8\n"
#define MCUP_WEIGHTS_INT16(r) "ldrd r2, r3, [" r "], #8\n"
#define MCUP_TWO_WEIGHTS_INT16(r) "ldmia " r "!, {r2, r3, r8, r9}\n"

/* Four pixels: sums of channel 0 in r4 to r7, of channel 1 in r8 to r11; a, b: what they start from. */
#define MCUP_FOUR_PAIR(weights, a0, a1, a2, a3, b0, b1, b2, b3)                                      \
  weights                                                                                            \
  "ldrd r12, lr, [r0], #8\n"                                                                         \
  "smlad r4, r2, r12, " a0 "\n"                                                                      \
  "smlad r8, r3, r12, " b0 "\n"                                                                      \
  "smlad r5, r2, lr, " a1 "\n"                                                                       \
  "smlad r9, r3, lr, " b1 "\n"                                                                       \
  "ldrd r12, lr, [r0], #8\n"                                                                         \
  "smlad r6, r2, r12, " a2 "\n"                                                                      \
  "smlad r10, r3, r12, " b2 "\n"                                                                     \
  "smlad r7, r2, lr, " a3 "\n"                                                                       \
  "smlad r11, r3, lr, " b3 "\n"
#define MCUP_FOUR_FIRST(weights) MCUP_FOUR_PAIR(weights, "r7", "r7", "r7", "r7", "r11", "r11", "r11", "r11")
#define MCUP_FOUR_NEXT(weights) MCUP_FOUR_PAIR(weights, "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11")
#define MCUP_FOUR_REQUANTIZE(away)                                                                   \
  "ldrd r2, r3, [r1], #8\n"                                                                          \
  "ldr r12, [sp, #12]\n"                                                                             \
  MCUP_REQUANTIZE("r4", "r12", away)                                                                 \
  MCUP_REQUANTIZE("r5", "r12", away)                                                                 \
  MCUP_REQUANTIZE("r6", "r12", away)                                                                 \
  MCUP_REQUANTIZE("r7", "r12", away)                                                                 \
  "ldrd r2, r3, [r1], #8\n"                                                                          \
  MCUP_REQUANTIZE("r8", "r12", away)                                                                 \
  MCUP_REQUANTIZE("r9", "r12", away)                                                                 \
  MCUP_REQUANTIZE("r10", "r12", away)                                                                \
  MCUP_REQUANTIZE("r11", "r12", away)
#define MCUP_FOUR_STORE                                                                              \
  "ldrd r2, lr, [sp, #16]\n"                                                                         \
  "ldrd r3, r12, [sp, #24]\n"                                                                        \
  "bfi r4, r8, #8, #8\n"                                                                             \
  "bfi r5, r9, #8, #8\n"                                                                             \
  "bfi r6, r10, #8, #8\n"                                                                            \
  "bfi r7, r11, #8, #8\n"                                                                            \
  "strh r5, [r2, r3]\n"                                                                              \
  "strh.w r6, [r2, r3, lsl #1]\n"                                                                    \
  "strh.w r7, [r2, r12]\n"                                                                           \
  "strh r4, [r2], #2\n"                                                                              \
  MCUP_MOVE_ON
#define MCUP_FOUR_FIXED MCUP_TWO_TAILS(MCUP_FOUR_REQUANTIZE, MCUP_FOUR_STORE)
#define MCUP_TILE_OF_FOUR(name, step, weights, tails)                                                \
  MCUP_TILE(name, 4, step, "r7, r11", MCUP_FOUR_FIRST(MCUP_WEIGHTS_##weights("r1")),                 \
            MCUP_FOUR_NEXT(MCUP_WEIGHTS_##weights("r1")), "r2", tails)

/* Two pixels: channel 0 in r4 and r5, channel 1 in r6 and r7. */
#define MCUP_TWO_LOAD                                                                                \
  "ldrd r4, r6, [r1], #8\n"                                                                          \
  "mov r5, r4\n"                                                                                     \
  "mov r7, r6\n"
#define MCUP_TWO_PAIR(c0, c1, x0, x1)                                                                \
  "smlad r4, " c0 ", " x0 ", r4\n"                                                                   \
  "smlad r6, " c1 ", " x0 ", r6\n"                                                                   \
  "smlad r5, " c0 ", " x1 ", r5\n"                                                                   \
  "smlad r7, " c1 ", " x1 ", r7\n"
#define MCUP_TWO_ONCE(weights) weights "ldrd r10, r11, [r0], #8\n" MCUP_TWO_PAIR("r2", "r3", "r10", "r11")
#define MCUP_TWO_TWICE(weights)                                                                      \
  weights                                                                                            \
  "ldmia r0!, {r10, r11, r12, lr}\n"                                                                 \
  MCUP_TWO_PAIR("r2", "r3", "r10", "r11")                                                            \
  MCUP_TWO_PAIR("r8", "r9", "r12", "lr")
#define MCUP_TWO_REQUANTIZE(away)                                                                    \
  "ldrd r2, r3, [r1], #8\n"                                                                          \
  "ldr r12, [sp, #12]\n"                                                                             \
  MCUP_REQUANTIZE("r4", "r12", away)                                                                 \
  MCUP_REQUANTIZE("r5", "r12", away)                                                                 \
  "ldrd r2, r3, [r1], #8\n"                                                                          \
  MCUP_REQUANTIZE("r6", "r12", away)                                                                 \
  MCUP_REQUANTIZE("r7", "r12", away)
#define MCUP_TWO_STORE                                                                               \
  "ldrd r2, lr, [sp, #16]\n"                                                                         \
  "ldr r3, [sp, #24]\n"                                                                              \
  "bfi r4, r6, #8, #8\n"                                                                             \
  "bfi r5, r7, #8, #8\n"                                                                             \
  "strh r5, [r2, r3]\n"                                                                              \
  "strh r4, [r2], #2\n"                                                                              \
  MCUP_MOVE_ON
#define MCUP_TWO_FIXED MCUP_TWO_TAILS(MCUP_TWO_REQUANTIZE, MCUP_TWO_STORE)
#define MCUP_TILE_OF_TWO(name, step, weights, tails)                                                 \
  MCUP_NARROW_TILE(name, 3, step, "", MCUP_TWO_LOAD, MCUP_TWO_ONCE(MCUP_WEIGHTS_##weights("r1")),    \
                   MCUP_TWO_TWICE(MCUP_TWO_WEIGHTS_##weights("r1")), MCUP_AT_END("r8"), tails)

/*
 * One pixel, and two blocks at a time, in r1 and r10, which share what is read of the column: channels in r4 and r5, and
 * in r6 and r7. In r11 the end of the column. On the stack at 24: bytes from the first block to the second.
 */
#define MCUP_ONE_KEPT                                                                                \
  "ldr r11, [sp, #4]\n"                                                                              \
  "ldr r6, [r3, #16]\n"                                                                              \
  "str r6, [sp, #24]\n"
#define MCUP_ONE_LOAD                                                                                \
  "ldr r10, [sp, #24]\n"                                                                             \
  "add r10, r10, r1\n"                                                                               \
  "ldrd r4, r5, [r1], #8\n"                                                                          \
  "ldrd r6, r7, [r10], #8\n"
#define MCUP_ONE_PAIR(a, b, c0, c1, x)                                                               \
  "smlad " a ", " c0 ", " x ", " a "\n"                                                              \
  "smlad " b ", " c1 ", " x ", " b "\n"
#define MCUP_ONE_ONCE(weights)                                                                       \
  "ldr r12, [r0], #4\n"                                                                              \
  weights("r1") MCUP_ONE_PAIR("r4", "r5", "r2", "r3", "r12")                                         \
  weights("r10") MCUP_ONE_PAIR("r6", "r7", "r2", "r3", "r12")
#define MCUP_ONE_TWICE(weights)                                                                      \
  "ldrd r12, lr, [r0], #8\n"                                                                         \
  weights("r1") MCUP_ONE_PAIR("r4", "r5", "r2", "r3", "r12") MCUP_ONE_PAIR("r4", "r5", "r8", "r9", "lr") \
  weights("r10") MCUP_ONE_PAIR("r6", "r7", "r2", "r3", "r12") MCUP_ONE_PAIR("r6", "r7", "r8", "r9", "lr")
#define MCUP_ONE_SECOND "mov r1, r10\n" /* from the factors of the first block to those of the second */
#define MCUP_ONE_REQUANTIZE(away)                                                                    \
  "ldr r12, [sp, #12]\n"                                                                             \
  "ldrd r2, r3, [r1], #8\n"                                                                          \
  MCUP_REQUANTIZE("r4", "r12", away)                                                                 \
  "ldrd r2, r3, [r1]\n"                                                                              \
  MCUP_REQUANTIZE("r5", "r12", away)                                                                 \
  MCUP_ONE_SECOND                                                                                    \
  "ldrd r2, r3, [r1], #8\n"                                                                          \
  MCUP_REQUANTIZE("r6", "r12", away)                                                                 \
  "ldrd r2, r3, [r1], #8\n"                                                                          \
  MCUP_REQUANTIZE("r7", "r12", away)
#define MCUP_ONE_STORE                                                                               \
  "ldrd r2, lr, [sp, #16]\n"                                                                         \
  "bfi r4, r5, #8, #8\n"                                                                             \
  "bfi r6, r7, #8, #8\n"                                                                             \
  "pkhbt r4, r4, r6, lsl #16\n"                                                                      \
  "str r4, [r2], #4\n"                                                                               \
  MCUP_MOVE_ON
#define MCUP_ONE_FIXED MCUP_TWO_TAILS(MCUP_ONE_REQUANTIZE, MCUP_ONE_STORE)
#define MCUP_TILE_OF_ONE(name, step, weights, tails)                                                 \
  MCUP_NARROW_TILE(name, 2, step, MCUP_ONE_KEPT, MCUP_ONE_LOAD,         \
                   MCUP_ONE_ONCE(MCUP_WEIGHTS_##weights), MCUP_ONE_TWICE(MCUP_TWO_WEIGHTS_##weights), \
                   "cmp r0, r11\n", tails)

/* clang-format on */

#endif /* MCUPATCH_CONV_TILES_ASM_H */
