/*
 * What else than the short requantisation of conv_tiles_asm.h may follow the sums of a tile function, in its registers:
 *
 *   SINGLE one product, rounded once
 *   FLOAT  a float32 scale for each channel, on cores with a floating-point unit
 *   ANY    a call of a C function
 *
 * Both leave a stored value in the register of each sum. r1 is at the block's last four words, and goes to the next block.
 */
#ifndef MCUPATCH_CONV_TAILS_ASM_H
#define MCUPATCH_CONV_TAILS_ASM_H

#include "mcupatch/conv_tiles_asm.h"
#include "mcupatch/round_float.h"

/* clang-format off */

#if MCUP_FLOAT_UNIT
#define MCUP_TAKE_SCALES                                                                             \
  "vldmia r1!, {s4-s7}\n" /* of channel 0 and, two further, of channel 1 */                          \
  "ldr r12, [sp, #12]\n"
/* One sum, in the float register `in`: half to even, in the mode of the FPSCR; see mcup_store_even. */
#define MCUP_SCALE_FLOAT(in, scale)                                                                  \
  "vcvt.f32.s32 " in ", " in "\n"                                                                    \
  "vmul.f32 " in ", " in ", " scale "\n"                                                             \
  "vcvtr.s32.f32 " in ", " in "\n"
#define MCUP_SATURATE(sum)                                                                           \
  "qadd " sum ", " sum ", r12\n"                                                                     \
  "ssat " sum ", #8, " sum "\n"
#define MCUP_SCALE_TWO(a, b, scale_a, scale_b)                                                       \
  "vmov s0, s1, " a ", " b "\n"                                                                      \
  MCUP_SCALE_FLOAT("s0", scale_a)                                                                    \
  MCUP_SCALE_FLOAT("s1", scale_b)                                                                    \
  "vmov " a ", " b ", s0, s1\n"                                                                      \
  MCUP_SATURATE(a)                                                                                   \
  MCUP_SATURATE(b)

#define MCUP_FOUR_FLOAT                                                                              \
  MCUP_ONE_TAIL(MCUP_TAKE_SCALES                                                                     \
                MCUP_SCALE_TWO("r4", "r5", "s4", "s4")                                               \
                MCUP_SCALE_TWO("r6", "r7", "s4", "s4")                                               \
                MCUP_SCALE_TWO("r8", "r9", "s6", "s6")                                               \
                MCUP_SCALE_TWO("r10", "r11", "s6", "s6"), MCUP_FOUR_STORE)
#define MCUP_TWO_FLOAT                                                                               \
  MCUP_ONE_TAIL(MCUP_TAKE_SCALES                                                                     \
                MCUP_SCALE_TWO("r4", "r5", "s4", "s4")                                               \
                MCUP_SCALE_TWO("r6", "r7", "s6", "s6"), MCUP_TWO_STORE)
#define MCUP_ONE_FLOAT                                                                               \
  MCUP_ONE_TAIL(MCUP_TAKE_SCALES MCUP_SCALE_TWO("r4", "r5", "s4", "s6") MCUP_ONE_SECOND              \
                MCUP_TAKE_SCALES MCUP_SCALE_TWO("r6", "r7", "s4", "s6"), MCUP_ONE_STORE)
#else
#define MCUP_FOUR_FLOAT MCUP_FOUR_CALL(mcup_store_block_float)
#define MCUP_TWO_FLOAT MCUP_TWO_CALL(mcup_store_block_float)
#define MCUP_ONE_FLOAT MCUP_ONE_CALL(mcup_store_block_float)
#endif

#define MCUP_SCALE_ONCE(sum)                                                                         \
  "smmlar " sum ", " sum ", r2, r12\n"                                                               \
  "ssat " sum ", #8, " sum "\n"
#define MCUP_TAKE_FACTOR "ldr r2, [r1], #8\n"
#define MCUP_TAKE_ZERO_POINT "ldr r12, [sp, #12]\n"
#define MCUP_FOUR_SINGLE                                                                             \
  MCUP_ONE_TAIL(MCUP_TAKE_ZERO_POINT MCUP_TAKE_FACTOR                                                \
                MCUP_SCALE_ONCE("r4") MCUP_SCALE_ONCE("r5") MCUP_SCALE_ONCE("r6") MCUP_SCALE_ONCE("r7") \
                MCUP_TAKE_FACTOR                                                                     \
                MCUP_SCALE_ONCE("r8") MCUP_SCALE_ONCE("r9") MCUP_SCALE_ONCE("r10") MCUP_SCALE_ONCE("r11"), \
                MCUP_FOUR_STORE)
#define MCUP_TWO_SINGLE                                                                              \
  MCUP_ONE_TAIL(MCUP_TAKE_ZERO_POINT MCUP_TAKE_FACTOR MCUP_SCALE_ONCE("r4") MCUP_SCALE_ONCE("r5")    \
                MCUP_TAKE_FACTOR MCUP_SCALE_ONCE("r6") MCUP_SCALE_ONCE("r7"), MCUP_TWO_STORE)
#define MCUP_ONE_SINGLE                                                                              \
  MCUP_ONE_TAIL(MCUP_TAKE_ZERO_POINT                                                                 \
                MCUP_TAKE_FACTOR MCUP_SCALE_ONCE("r4") MCUP_TAKE_FACTOR MCUP_SCALE_ONCE("r5") MCUP_ONE_SECOND \
                MCUP_TAKE_FACTOR MCUP_SCALE_ONCE("r6") MCUP_TAKE_FACTOR MCUP_SCALE_ONCE("r7"), MCUP_ONE_STORE)

#define MCUP_FOUR_ANY MCUP_FOUR_CALL(mcup_store_block_any)
#define MCUP_TWO_ANY MCUP_TWO_CALL(mcup_store_block_any)
#define MCUP_ONE_ANY MCUP_ONE_CALL(mcup_store_block_any)

/* `function` of conv_tiles.h for `width` pixels, their sums in `registers`; `zero_point`: bytes from there to it. */
#define MCUP_CALL(function, width, registers, zero_point)                                            \
  "push {" registers "}\n"                                                                           \
  "mov r0, sp\n"                                                                                     \
  "mov r2, #" #width "\n"                                                                            \
  "ldr r3, [sp, #" #zero_point "]\n"                                                                 \
  "bl " #function "\n"                                                                               \
  "mov r1, r0\n"                                                                                     \
  "pop {" registers "}\n"
#define MCUP_FOUR_CALL(function) MCUP_ONE_TAIL(MCUP_CALL(function, 4, "r4-r11", 44), MCUP_FOUR_STORE)
#define MCUP_TWO_CALL(function) MCUP_ONE_TAIL(MCUP_CALL(function, 2, "r4-r7", 28), MCUP_TWO_STORE)
#define MCUP_ONE_CALL(function)                                                                      \
  MCUP_ONE_TAIL(MCUP_CALL(function, 1, "r4-r5", 20) MCUP_ONE_SECOND MCUP_CALL(function, 1, "r6-r7", 20), MCUP_ONE_STORE)

/* clang-format on */

#endif /* MCUPATCH_CONV_TAILS_ASM_H */
