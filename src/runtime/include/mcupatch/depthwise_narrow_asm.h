/*
 * The outputs of a narrow row for Armv7E-M, see mcup_narrow_row in depthwise.h: assembler macros like those of
 * depthwise_asm.h.
 *
 * Four channels of all pixels are widened first, onto the stack: pixels in fours, two words of two taps each, as
 * [4 channels][2 words]. Words come plane by plane and then from the last row, so that a row of C columns has
 * KH / 2 * C + (C + 1) / 2. The channels then run over them.
 *
 * Registers while a channel runs: r0 widened words (size 3: zero point), r1 and r3 sums of the first and second output,
 * r2 weights, r4-r10 weights of a plane, r11-r12 values, lr output. Between blocks of channels: r1 channel.
 * Stack: zero point, channels, end of the first four words, output, last channel, channel; widened words; taps.
 */
#ifndef MCUPATCH_DEPTHWISE_NARROW_ASM_H
#define MCUPATCH_DEPTHWISE_NARROW_ASM_H

/* clang-format off */
__asm__(
  /* What all narrow loops share, see the macros. */
  ".macro mcup_narrow_shared\n"
  "mcup_narrow_widen_loop\n"
  "mcup_narrow_place_loop\n"
  ".endm\n"

  /*
   * Widens groups of four pixels, r4 their addresses, r1 the channel, to r0: r3 rounds of four groups, of the first one
   * only the last `left` if it is entered at mcup_narrow_widen_`left`.
   */
  ".macro mcup_narrow_widen_loop\n"
  ".irp left, 4, 3, 2, 1\n"
  ".if \\left == 4\n mcup_begin mcup_narrow_widen_4\n .else\n mcup_narrow_entry mcup_narrow_widen_\\left\n .endif\n"
  "ldm r4!, {r5-r8}\n"
  "ldr r5, [r5, r1]\n"
  "ldr r6, [r6, r1]\n"
  "ldr r7, [r7, r1]\n"
  "ldr r8, [r8, r1]\n"
  "pkhbt r9, r5, r6, lsl #16\n"
  "pkhtb r10, r6, r5, asr #16\n"
  "pkhbt r11, r7, r8, lsl #16\n"
  "pkhtb r12, r8, r7, asr #16\n"
  "sxtb16 r5, r9\n"
  "sxtb16 r7, r9, ror #8\n"
  "sxtb16 r6, r11\n"
  "sxtb16 r8, r11, ror #8\n"
  "sxtb16 r9, r10\n"
  "sxtb16 r11, r10, ror #8\n"
  "sxtb16 r10, r12\n"
  "sxtb16 r12, r12, ror #8\n"
  "stm r0!, {r5-r12}\n"
  ".endr\n"
  "subs r3, r3, #1\n"
  "bne mcup_narrow_widen_4\n"
  "bx lr\n"
  ".size mcup_narrow_widen_4, . - mcup_narrow_widen_4\n.popsection\n"
  ".endm\n"

  /* The taps of the next row, at `run` and `step` behind each other. */
  ".macro mcup_narrow_take_row run, step\n"
  "cmp r4, r11\n"
  "bne 1f\n"
  "ldr r7, [r0, #16]\n" /* the rows go on in another place */
  "ldr r9, [r0, #24]\n"
  "ldrd r5, r10, [r7, #20]\n"
  "ldr r7, [r0, #8]\n"
  "mla r5, r9, r7, r5\n"
  "1:\n"
  "ldr \\step, [r0, #8]\n"
  "mov \\run, r5\n"
  "cmp r4, r12\n"
  "blo 1f\n"
  "mov \\run, lr\n"
  "mov \\step, #0\n"
  "1:\n"
  "add r5, r5, r10\n"
  "add r4, r4, #1\n"
  ".endm\n"

  /*
   * Lists the taps of r3 planes of two rows, r2 columns, and of the last row, as if it were (r2 + 1) / 2 columns of two, to
   * r1. r0: the row, kept; r4 row, r5 its first tap, r6-r7 taps, r8-r9 steps, r10 bytes from row to row, r11 upper rows,
   * r12 rows, lr row of zeros.
   */
  ".macro mcup_narrow_place_loop\n"
  "mcup_begin mcup_narrow_place\n"
  "push {lr}\n"
  "ldr r6, [r0, #16]\n"
  "ldr r9, [r0, #8]\n"
  "ldrd r4, r8, [r0, #20]\n"
  "ldr lr, [r0, #28]\n"
  "ldrd r5, r12, [r6]\n"
  "ldrd r10, r11, [r6, #12]\n"
  "mla r5, r8, r9, r5\n"
  "mov r7, r4\n"
  "cmp r4, r11\n"
  "blt 4f\n"
  "ldrd r5, r10, [r6, #20]\n"
  "mla r5, r8, r9, r5\n"
  "sub r7, r4, r11\n"
  "4:\n"
  "mla r5, r7, r10, r5\n"
  "2:\n" /* a plane */
  "mcup_narrow_take_row r6, r8\n"
  "subs r3, r3, #1\n"
  "blt 4f\n"
  "mcup_narrow_take_row r7, r9\n"
  "3:\n"
  "tbb [pc, r2]\n"
  "5:\n"
  ".byte 0\n"
  ".irp left, 1, 2, 3, 4, 5, 6, 7, 8, 9\n .byte (mcup_narrow_left\\left - 5b) / 2\n .endr\n"
  ".irp left, 9, 8, 7, 6, 5, 4, 3, 2, 1\n"
  "mcup_narrow_left\\left:\n"
  "strd r6, r7, [r1], #8\n"
  "add r6, r6, r8\n"
  "add r7, r7, r9\n"
  ".endr\n"
  "cmp r3, #0\n"
  "bge 2b\n"
  "pop {pc}\n"
  "4:\n" /* the last row: every other tap at r6 and r7 each */
  "add r7, r6, r8\n"
  "lsl r8, r8, #1\n"
  "mov r9, r8\n"
  "add r2, r2, #1\n"
  "lsr r2, r2, #1\n"
  "b 3b\n"
  ".size mcup_narrow_place, . - mcup_narrow_place\n.popsection\n"
  ".endm\n"

  ".macro mcup_narrow_entry name\n"
  ".global \\name\n"
  ".type \\name, %function\n"
  ".thumb_func\n"
  "\\name:\n"
  ".endm\n"

  /* The last pixel of a single output, alone: each channel in the lower half of its word. */
  ".macro mcup_narrow_widen_last\n"
  "ldr r4, [r4]\n"
  "ldr r4, [r4, r1]\n"
  "sxtb16 r5, r4\n"
  "sxtb16 r7, r4, ror #8\n"
  "asr r9, r5, #16\n"
  "asr r11, r7, #16\n"
  "stm r0, {r5-r12}\n"
  ".endm\n"

  /* to = weight number k * value + from */
  ".macro mcup_narrow_mac op, to, value, k, from\n"
  ".if (\\k) == 0\n \\op \\to, \\value, r4, \\from\n .endif\n"
  ".if (\\k) == 1\n \\op \\to, \\value, r5, \\from\n .endif\n"
  ".if (\\k) == 2\n \\op \\to, \\value, r6, \\from\n .endif\n"
  ".if (\\k) == 3\n \\op \\to, \\value, r7, \\from\n .endif\n"
  ".if (\\k) == 4\n \\op \\to, \\value, r8, \\from\n .endif\n"
  ".if (\\k) == 5\n \\op \\to, \\value, r9, \\from\n .endif\n"
  ".if (\\k) == 6\n \\op \\to, \\value, r10, \\from\n .endif\n"
  ".endm\n"

  /* Column k of an output's taps in a plane, if it is one: see mcup_pair_weight. */
  ".macro mcup_narrow_pair size, stride, to, value, k, from\n"
  ".if ((\\k) >= 0) && ((\\k) < (\\size))\n"
  ".if (\\stride) == 1 || (\\size) == 3\n"
  "mcup_narrow_mac smlad, \\to, \\value, (\\k), \\from\n"
  ".elseif ((\\k) & 1) == 0\n"
  "mcup_narrow_mac smlad, \\to, \\value, ((\\k)/2), \\from\n"
  ".else\n"
  "mcup_narrow_mac smlad, \\to, \\value, (((\\size)+1)/2+(\\k)/2), \\from\n"
  ".endif\n"
  ".endif\n"
  ".endm\n"

  /* Columns 2 m and 2 m + 1 of the last row, whose weights begin with number `w`: see mcup_word in depthwise_asm.h. */
  ".macro mcup_narrow_row size, stride, outputs, m, w, value\n"
  ".if (\\stride) == 2\n"
  ".if (\\m) < ((\\size) + 1) / 2\n mcup_narrow_mac smlad, r1, \\value, ((\\w)+(\\m)), r1\n .endif\n"
  ".if (\\outputs) == 2 && (\\m) > 0\n mcup_narrow_mac smlad, r3, \\value, ((\\w)+(\\m)-1), r3\n .endif\n"
  ".else\n"
  ".if (\\m) < (\\size) / 2\n"
  "mcup_narrow_mac smlad, r1, \\value, ((\\w)+2*(\\m)), r1\n"
  ".else\n"
  "mcup_narrow_mac smlabt, r1, \\value, ((\\w)+(\\size)-2), r1\n"
  ".endif\n"
  ".if (\\outputs) == 2 && (\\m) == 0\n mcup_narrow_mac smlatb, r3, \\value, (\\w), r3\n .endif\n"
  ".if (\\outputs) == 2 && (\\m) > 0\n mcup_narrow_mac smlad, r3, \\value, ((\\w)+2*(\\m)-1), r3\n .endif\n"
  ".endif\n"
  ".endm\n"

  /* The weights of the plane, or the last row, that word `word` begins; with those of the row its last two words. */
  ".macro mcup_narrow_weights size, stride, cols, word\n"
  ".if (\\size) == 3\n"
  ".if (\\word) == 0\n ldm r2!, {r3-r10}\n .endif\n"
  ".elseif (\\word) == (\\size) / 2 * (\\cols)\n"
  ".if (\\size) == 5 && (\\stride) == 2\n ldm r2!, {r4-r8}\n .else\n ldm r2!, {r4-r9}\n .endif\n"
  ".elseif (\\word) == 0\n"
  ".if (\\size) == 5\n ldm r2!, {r3-r8}\n .else\n ldm r2!, {r3-r10}\n .endif\n"
  ".elseif (\\word) < (\\size) / 2 * (\\cols) && (\\word) % (\\cols) == 0\n"
  ".if (\\size) == 5\n ldm r2!, {r4-r8}\n .else\n ldm r2!, {r4-r10}\n .endif\n"
  ".endif\n"
  ".endm\n"

  ".macro mcup_narrow_word size, stride, outputs, cols, word, value\n"
  "mcup_narrow_weights \\size, \\stride, (\\cols), (\\word)\n"
  ".if (\\word) == 0\n" /* from the bias, which the second output starts from as well */
  "mcup_narrow_pair \\size, \\stride, r1, \\value, 0, r3\n"
  ".elseif (\\word) < (\\size) / 2 * (\\cols)\n"
  "mcup_narrow_pair \\size, \\stride, r1, \\value, ((\\word)%(\\cols)), r1\n"
  ".if (\\outputs) == 2\n"
  "mcup_narrow_pair \\size, \\stride, r3, \\value, ((\\word)%(\\cols)-(\\stride)), r3\n"
  ".endif\n"
  ".elseif (\\size) == 3\n" /* loaded together with those of the plane */
  "mcup_narrow_row \\size, \\stride, \\outputs, ((\\word)-(\\cols)), 3, \\value\n"
  ".else\n"
  "mcup_narrow_row \\size, \\stride, \\outputs, ((\\word)-(\\size)/2*(\\cols)), 0, \\value\n"
  ".endif\n"
  ".endm\n"

  /* The sums of a channel, whose first word lies at `base` + `at`. `step`: r0 moves on to the next channel. */
  ".macro mcup_narrow_sums size, stride, outputs, cols, words, base, at, step\n"
  ".irp i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
  ".if 2 * \\i + 1 < (\\words)\n"
  ".if \\i == 0 && (\\step)\n"
  "ldrd r11, r12, [\\base], #8\n"
  ".else\n"
  "ldrd r11, r12, [\\base, #((\\at) + 32 * \\i)]\n"
  ".endif\n"
  ".elseif 2 * \\i < (\\words)\n"
  "ldr r11, [\\base, #((\\at) + 32 * \\i)]\n"
  ".endif\n"
  ".if 2 * \\i < (\\words)\n mcup_narrow_word \\size, \\stride, \\outputs, (\\cols), (2*\\i), r11\n .endif\n"
  ".if 2 * \\i + 1 < (\\words)\n mcup_narrow_word \\size, \\stride, \\outputs, (\\cols), (2*\\i+1), r12\n .endif\n"
  ".endr\n"
  ".endm\n"

  /* Sums to values: see mcup_depthwise_requantize. The list of sums is r1, or r1 and r3. */
  ".macro mcup_narrow_scale corrected, multiplier, divisor, zero_point, sums:vararg\n"
  ".if \\corrected == 2\n"
  "vmov s1, \\multiplier\n"
  ".irp sum, \\sums\n"
  "vmov s0, \\sum\n"
  "vcvt.f32.s32 s0, s0\n"
  "vmul.f32 s0, s0, s1\n"
  "vcvtr.s32.f32 s0, s0\n"
  "vmov \\sum, s0\n"
  "qadd \\sum, \\sum, \\zero_point\n"
  ".endr\n"
  ".elseif \\corrected == 3\n"
  ".irp sum, \\sums\n smmlar \\sum, \\sum, \\multiplier, \\zero_point\n .endr\n"
  ".else\n"
  ".irp sum, \\sums\n smmlar \\sum, \\sum, \\multiplier, \\sum\n .endr\n"
  ".irp sum, \\sums\n smmlsr \\sum, \\sum, \\divisor, \\zero_point\n .endr\n"
  ".endif\n"
  ".irp sum, \\sums\n ssat \\sum, #8, \\sum\n .endr\n"
  ".endm\n"

  /* `apart`: the register of how far the second output lies from the first. */
  ".macro mcup_narrow_store outputs, corrected, multiplier, divisor, zero_point, apart\n"
  ".if \\outputs == 2\n"
  "mcup_narrow_scale \\corrected, \\multiplier, \\divisor, \\zero_point, r1, r3\n"
  "strb r3, [lr, \\apart]\n"
  ".else\n"
  "mcup_narrow_scale \\corrected, \\multiplier, \\divisor, \\zero_point, r1\n"
  ".endif\n"
  "strb r1, [lr], #1\n"
  ".endm\n"

  /* Four channels, one behind the other; `apart`: a register for how far the outputs lie from each other, kept if `keep`. */
  ".macro mcup_narrow_written_out size, stride, outputs, cols, words, corrected, multiplier, divisor, apart, keep\n"
  "ldr r0, [sp]\n"
  ".if \\keep\n ldr \\apart, [sp, #4]\n .endif\n"
  ".irp channel, 0, 1, 2, 3\n"
  "mcup_narrow_sums \\size, \\stride, \\outputs, (\\cols), (\\words), sp, (24 + 8 * \\channel), 0\n"
  ".if \\keep == 0 && \\outputs == 2\n ldr \\apart, [sp, #4]\n .endif\n"
  "mcup_narrow_store \\outputs, \\corrected, \\multiplier, \\divisor, r0, \\apart\n"
  ".endr\n"
  ".endm\n"

  /* A loop over four channels. */
  ".macro mcup_narrow_looped size, stride, outputs, cols, words, corrected, multiplier, divisor\n"
  "add r0, sp, #24\n"
  "1:\n"
  "mcup_narrow_sums \\size, \\stride, \\outputs, (\\cols), (\\words), r0, -8, 1\n"
  ".if \\size == 7 && \\stride == 1\n ldrd r8, r9, [r2], #8\n .endif\n"
  "ldm sp, {r4-r6}\n"
  "mcup_narrow_store \\outputs, \\corrected, \\multiplier, \\divisor, r4, r5\n"
  "cmp r0, r6\n"
  "bne 1b\n"
  ".endm\n"

  /* Four channels: written out where a loop would take much of them, and where the calls of tight schedules are. */
  ".macro mcup_narrow_channels size, stride, outputs, cols, words, corrected\n"
  ".if \\size == 3\n"
  "mcup_narrow_written_out 3, \\stride, \\outputs, (\\cols), (\\words), \\corrected, r9, r10, r4, 0\n"
  ".elseif \\size == 5 && \\stride == 2 && \\outputs == 2\n"
  "mcup_narrow_written_out 5, 2, 2, (\\cols), (\\words), \\corrected, r7, r8, r10, 1\n"
  ".elseif \\size == 5 && \\outputs == 2\n"
  "mcup_narrow_written_out 5, 1, 2, (\\cols), (\\words), \\corrected, r8, r9, r10, 1\n"
  ".elseif \\size == 5 && \\stride == 2\n"
  "mcup_narrow_looped 5, 2, 1, (\\cols), (\\words), \\corrected, r7, r8\n"
  ".else\n"
  "mcup_narrow_looped \\size, \\stride, \\outputs, (\\cols), (\\words), \\corrected, r8, r9\n"
  ".endif\n"
  ".endm\n"

  /*
   * `cols`: of taps; `words` of them; `groups` of two words, without the last pixel of a single output; `taps`: where their
   * addresses lie. What fills up the last group is a row of zeros.
   */
  ".macro mcup_narrow_blocks name, size, stride, outputs, corrected, cols, words, groups, taps\n"
  "mcup_begin \\name\n"
  "push {r4-r11, lr}\n"
  "sub sp, sp, #((\\taps) + 8 * (\\words) + 8)\n"
  "add r1, sp, #(\\taps)\n"
  "mov r2, #(\\cols)\n"
  "mov r3, #((\\size) / 2)\n"
  "bl mcup_narrow_place\n"
  ".if \\outputs == 2 && ((\\cols) & 1)\n str lr, [r1, #-4]\n .endif\n"
  ".if \\outputs == 2 && ((\\words) & 1)\n strd lr, lr, [r1]\n .endif\n"
  "ldr r3, [r0, #32]\n"
  "cbz r3, 4f\n"
  "mov r4, r0\n"
  "add r1, sp, #(\\taps)\n"
  "mov r2, #(\\size)\n"
  "mov r3, #(\\cols)\n"
  "bl mcup_narrow_place_outside\n"
  "mov r0, r4\n"
  "4:\n"
  "ldm r0, {r2, r4, r5, r7}\n"
  "add r6, sp, #56\n"
  "sub r8, r5, #4\n"
  "stm sp, {r4-r8}\n"
  "mov r1, #0\n"
  "5:\n" /* four channels */
  "str r1, [sp, #20]\n"
  "add r4, sp, #(\\taps)\n"
  "add r0, sp, #24\n"
  "mov r3, #(((\\groups) + 3) / 4)\n"
  ".if ((\\groups) & 3) == 0\n bl mcup_narrow_widen_4\n .endif\n"
  ".if ((\\groups) & 3) == 1\n bl mcup_narrow_widen_1\n .endif\n"
  ".if ((\\groups) & 3) == 2\n bl mcup_narrow_widen_2\n .endif\n"
  ".if ((\\groups) & 3) == 3\n bl mcup_narrow_widen_3\n .endif\n"
  ".if \\outputs == 1\n mcup_narrow_widen_last\n .endif\n"
  "ldr lr, [sp, #12]\n"
  "add lr, lr, r1\n"
  "mcup_narrow_channels \\size, \\stride, \\outputs, (\\cols), (\\words), \\corrected\n"
  "ldrd r3, r1, [sp, #16]\n"
  "add r1, r1, #4\n"
  "cmp r1, r3\n"
  "ble 5b\n"
  "subs r1, r1, #4\n"
  "cmp r1, r3\n"
  "mov r1, r3\n" /* the last block repeats some channels of the one before */
  "bne 5b\n"
  "add sp, sp, #((\\taps) + 8 * (\\words) + 8)\n"
  "pop {r4-r11, pc}\n"
  ".size \\name, . - \\name\n.popsection\n"
  ".endm\n"

  ".macro mcup_narrow_of_words name, size, stride, outputs, corrected, cols, words\n"
  "mcup_narrow_blocks \\name, \\size, \\stride, \\outputs, \\corrected, (\\cols), (\\words), (((\\words)+\\outputs-1)/2), "
  "(40+16*(\\words))\n"
  ".endm\n"

  ".macro mcup_narrow_of_cols name, size, stride, outputs, corrected, cols\n"
  "mcup_narrow_of_words \\name, \\size, \\stride, \\outputs, \\corrected, (\\cols), ((\\size)/2*(\\cols)+((\\cols)+1)/2)\n"
  ".endm\n"

  /* void name(row) */
  ".macro mcup_narrow_loop name, size, stride, outputs, corrected\n"
  "mcup_narrow_of_cols \\name, \\size, \\stride, \\outputs, \\corrected, ((\\size)+((\\outputs)-1)*(\\stride))\n"
  ".endm\n"
);
/* clang-format on */

#endif /* MCUPATCH_DEPTHWISE_NARROW_ASM_H */
