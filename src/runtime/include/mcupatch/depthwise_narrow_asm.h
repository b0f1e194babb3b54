/*
 * All channels of one output for Armv7E-M, see mcup_narrow_output in depthwise.h: an assembler macro like those of
 * depthwise_asm.h.
 *
 * Registers: r0 pixels, r1 channel, r2 weights, r3 channels up to the last block, r4-r7 sums of four channels,
 * r8-r11 and lr values, r12 the output.
 */
#ifndef MCUPATCH_DEPTHWISE_NARROW_ASM_H
#define MCUPATCH_DEPTHWISE_NARROW_ASM_H

/* clang-format off */
__asm__(
  /* Adds the pixels at r8 and r9 with the words of weights at r2 + `at`; `apart`: bytes of a channel's weights. */
  ".macro mcup_narrow_pair at, apart\n"
  "ldr r8, [r8, r1]\n"
  "ldr r9, [r9, r1]\n"
  "ldr lr, [r2, #((\\at) + (\\apart))]\n"
  "pkhbt r10, r8, r9, lsl #16\n"
  "pkhtb r11, r9, r8, asr #16\n"
  "sxtb16 r8, r10\n"
  "sxtb16 r9, r10, ror #8\n"
  "ldr r10, [r2, #((\\at) + 2 * (\\apart))]\n"
  "smlad r5, r9, lr, r5\n"
  "sxtb16 r9, r11\n"
  "ldr lr, [r2, #((\\at) + 3 * (\\apart))]\n"
  "sxtb16 r11, r11, ror #8\n"
  "smlad r6, r9, r10, r6\n"
  "ldr r10, [r2, #(\\at)]\n"
  "smlad r7, r11, lr, r7\n"
  "smlad r4, r8, r10, r4\n"
  ".endm\n"

  /* Pairs up to one whose second pixel is NULL, which are left in r8 and r9. */
  ".macro mcup_narrow_pairs step, apart\n"
  "ldrd r8, r9, [r0], #8\n"
  "1:\n"
  "mcup_narrow_pair 0, \\apart\n"
  "ldrd r8, r9, [r0], #8\n"
  "add r2, r2, #(\\step)\n"
  "cmp r9, #0\n"
  "bne 1b\n"
  ".endm\n"

  /* The last tap, whose pixel is at r8, with the lower or upper halves of the words at r2 + `at`. */
  ".macro mcup_narrow_last half, at, apart\n"
  "ldr r8, [r8, r1]\n"
  "ldr r10, [r2, #(\\at)]\n"
  "ldr r11, [r2, #((\\at) + (\\apart))]\n"
  "sxtb16 r9, r8, ror #8\n"
  "sxtb16 r8, r8\n"
  "ldr lr, [r2, #((\\at) + 2 * (\\apart))]\n"
  "smlab\\half r4, r8, r10, r4\n"
  "ldr r10, [r2, #((\\at) + 3 * (\\apart))]\n"
  "smlab\\half r5, r9, r11, r5\n"
  "smlat\\half r6, r8, lr, r6\n"
  "smlat\\half r7, r9, r10, r7\n"
  ".endm\n"

  /* A sum to a byte: see mcup_depthwise_requantize. */
  ".macro mcup_narrow_store corrected, sum, i, at\n"
  ".if \\corrected == 2\n"
  "ldr r8, [r2, #(\\at)]\n"
  "vmov s0, \\sum\n"
  "vmov s1, r8\n"
  "vcvt.f32.s32 s0, s0\n"
  "vmul.f32 s0, s0, s1\n"
  "vcvtr.s32.f32 s0, s0\n"
  "vmov \\sum, s0\n"
  "qadd \\sum, \\sum, lr\n"
  ".elseif \\corrected == 3\n"
  "ldr r8, [r2, #(\\at)]\n"
  "smmlar \\sum, \\sum, r8, lr\n"
  ".else\n"
  "ldrd r8, r9, [r2, #(\\at)]\n"
  "smmlar \\sum, \\sum, r8, \\sum\n"
  "smmlsr \\sum, \\sum, r9, lr\n"
  ".endif\n"
  "ssat \\sum, #8, \\sum\n"
  "strb \\sum, [r0, #\\i]\n"
  ".endm\n"

  /* void name(output) */
  ".macro mcup_narrow_loop name, size, stride, words, corrected\n"
  "mcup_begin \\name\n"
  "push {r4-r12, lr}\n"
  "mov r12, r0\n"
  "ldr r2, [r12]\n"
  "ldr r3, [r12, #12]\n"
  "mov r1, #0\n"
  "5:\n" /* four channels */
  "ldr r4, [r2]\n"
  "ldr r5, [r2, #(4 * (\\words))]\n"
  "ldr r6, [r2, #(8 * (\\words))]\n"
  "ldr r7, [r2, #(12 * (\\words))]\n"
  "add r0, r12, #16\n"
  ".if \\size == 3\n"
  ".irp i, 0, 1, 2\n"
  "ldrd r8, r9, [r0, #(8 * \\i)]\n"
  "mcup_narrow_pair (4 + 4 * \\i), (4 * (\\words))\n"
  ".endr\n"
  "ldrd r8, r9, [r0, #32]\n"
  "mcup_narrow_pair 16, (4 * (\\words))\n"
  "ldr r8, [r0, #40]\n"
  "add r2, r2, #(4 * (\\words) - 8)\n"
  ".else\n"
  "add r2, r2, #4\n"
  "mcup_narrow_pairs 4, (4 * (\\words))\n"
  "mcup_narrow_pairs (12 - 4 * (\\stride)), (4 * (\\words))\n" /* every word, or every other one */
  ".if \\stride == 2\n add r2, r2, #4\n .endif\n"
  ".endif\n"
  ".if \\stride == 2\n"
  "mcup_narrow_last b, -4, (4 * (\\words))\n"
  ".else\n"
  "mcup_narrow_last t, -4, (4 * (\\words))\n"
  ".endif\n"
  "ldrd r0, lr, [r12, #4]\n"
  "add r0, r0, r1\n"
  "mcup_narrow_store \\corrected, r4, 0, 0\n"
  "mcup_narrow_store \\corrected, r5, 1, (4 * (\\words))\n"
  "mcup_narrow_store \\corrected, r6, 2, (8 * (\\words))\n"
  "mcup_narrow_store \\corrected, r7, 3, (12 * (\\words))\n"
  "add r2, r2, #(12 * (\\words) + 8)\n"
  "subs r3, r3, #4\n"
  "add r1, r1, #4\n"
  "bge 5b\n"
  "adds r8, r3, #4\n"
  "beq 6f\n"
  "add r1, r1, r3\n" /* the last block repeats some channels of the one before */
  "mov r3, #0\n"
  "b 5b\n"
  "6:\n"
  "pop {r4-r12, pc}\n"
  ".size \\name, . - \\name\n.popsection\n"
  ".endm\n"
);
/* clang-format on */

#endif /* MCUPATCH_DEPTHWISE_NARROW_ASM_H */
