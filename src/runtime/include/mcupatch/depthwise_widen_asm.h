/*
 * The widening loop of depthwise.h for Armv7E-M: an assembler macro like those of depthwise_asm.h, for its loops alone.
 *
 * Takes the first job in r12 and leaves the one after the last job there; the zero point of the input, the channel and two
 * words of its own lie on the caller's stack. Every other register is lost.
 * Registers: r0 a, r1 b, r2 and r3 their steps, r4 out, r5 groups left, r6-r12 and lr values.
 */
#ifndef MCUPATCH_DEPTHWISE_WIDEN_ASM_H
#define MCUPATCH_DEPTHWISE_WIDEN_ASM_H

/* clang-format off */
__asm__(
  ".macro mcup_widen_loop name, planes\n"
  "mcup_begin \\name\n"
  "str lr, [sp, #72]\n"
  "9:\n" /* a job */
  "ldm r12!, {r0-r5, r7}\n" /* a, b, a_step, b_step, out, groups, lead */
  "ldr r6, [sp, #44]\n"
  "str r12, [sp, #68]\n" /* at its trail */
  "add r0, r0, r6\n"
  "add r1, r1, r6\n"
  "cbnz r7, 6f\n"
  "1: ldr r6, [r0]\n"
  "2: ldr r7, [r1]\n"
  "3: ldr r8, [r0, r2]\n"
  "4: ldr r9, [r1, r3]\n"
  "add r0, r0, r2, lsl #1\n"
  "add r1, r1, r3, lsl #1\n"
  "5:\n"
  "pkhbt r10, r6, r7, lsl #16\n"
  "pkhtb r11, r7, r6, asr #16\n"
  "pkhbt r12, r8, r9, lsl #16\n"
  "pkhtb lr, r9, r8, asr #16\n"
  "sxtb16 r6, r10\n"
  "sxtb16 r8, r10, ror #8\n"
  "sxtb16 r7, r12\n"
  "sxtb16 r9, r12, ror #8\n"
  "sxtb16 r10, r11\n"
  "sxtb16 r12, r11, ror #8\n"
  "sxtb16 r11, lr\n"
  "sxtb16 lr, lr, ror #8\n"
  "stm r4!, {r6-r12, lr}\n"
  ".if (\\planes) > 1\n add r4, r4, #(32 * ((\\planes) - 1))\n .endif\n"
  "subs r5, r5, #1\n"
  "bgt 1b\n"
  "7:\n"
  "ldr r12, [sp, #68]\n"
  "ldr r7, [r12], #4\n" /* trail */
  "blt 8f\n"
  "cbnz r7, 10f\n"
  "b 9b\n"
  "6:\n" /* places that are padding before the others of a group */
  "ldr r6, [sp, #36]\n"
  "cbz r5, 13f\n"
  "cmp r7, #2\n"
  "mov r7, r6\n"
  "mov r8, r6\n"
  "blt 2b\n"
  "beq 3b\n"
  "b 4b\n"
  "13:\n" /* and behind them, or no group */
  "cmp r7, #4\n"
  "beq 7b\n"
  "ldr r10, [r12]\n"
  "cmp r7, #2\n"
  "mov r7, r6\n"
  "it lt\n ldrlt r7, [r1]\n"
  "and r10, r10, #3\n"
  "cmp r10, #3\n"
  "mov r8, r6\n"
  "it eq\n ldreq r8, [r0, r2]\n"
  "mov r9, r6\n"
  "b 5b\n"
  "10:\n" /* the first places of a group, or the end */
  "lsls r10, r7, #31\n"
  "bcc 14f\n"
  "ldr r6, [r0]\n"
  "ldr r8, [r1]\n"
  "bne 12f\n"
  "15:\n"
  "pkhbt r9, r6, r8, lsl #16\n"
  "pkhtb r10, r8, r6, asr #16\n"
  "sxtb16 r6, r9\n"
  "sxtb16 r8, r9, ror #8\n"
  "sxtb16 r9, r10\n"
  "sxtb16 r10, r10, ror #8\n"
  "str r6, [r4]\n"
  "str r8, [r4, #8]\n"
  "str r9, [r4, #16]\n"
  "str r10, [r4, #24]\n"
  "8:\n"
  "cmp r7, #4\n"
  "blt 9b\n"
  "11:\n"
  "ldr pc, [sp, #72]\n"
  "14:\n" /* one place, or none */
  "beq 11b\n"
  "ldr r6, [r0]\n"
  "ldr r8, [sp, #36]\n"
  "b 15b\n"
  "12:\n" /* three places */
  "mov r7, r8\n"
  "ldr r8, [r0, r2]\n"
  "ldr r9, [sp, #36]\n"
  "b 5b\n"
  ".size \\name, . - \\name\n.popsection\n"
  ".endm\n"
);
/* clang-format on */

#endif /* MCUPATCH_DEPTHWISE_WIDEN_ASM_H */
