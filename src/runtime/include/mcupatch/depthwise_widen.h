/* The portable twin of the widening loops of depthwise_widen_asm.h. */
#ifndef MCUPATCH_DEPTHWISE_WIDEN_H
#define MCUPATCH_DEPTHWISE_WIDEN_H

#include "mcupatch/depthwise.h"

/*
 * Four channels to place t of four; or padding. What only the portable loops read stays int8, at the start of its group:
 * [4 places][4 channels] bytes of a group's 32.
 */
MCUP_ALWAYS_INLINE void mcup_widen_place(const int8_t *bytes, int32_t place, int16_t *out) {
#if MCUP_DEPTHWISE_ASM
  out[place] = bytes[0];
  out[4 + place] = bytes[1];
  out[8 + place] = bytes[2];
  out[12 + place] = bytes[3];
#else
  MCUP_MEMCPY(out + (ptrdiff_t)2 * place, bytes, 4);
#endif
}

/* The first group of 16 values, of which the places [first, last) of four are read. */
MCUP_ALWAYS_INLINE void mcup_widen_group(const mcup_pair_job *job, const int8_t *zero, int32_t channel, int32_t first,
                                         int32_t last, int16_t *out) {
  const int8_t *a = job->a + channel;
  const int8_t *b = job->b + channel;
  mcup_widen_place(first <= 0 && last > 0 ? a : zero, 0, out);
  mcup_widen_place(first <= 1 && last > 1 ? b : zero, 1, out);
  mcup_widen_place(first <= 2 && last > 2 ? a + job->a_step : zero, 2, out);
  mcup_widen_place(last > 3 ? b + job->b_step : zero, 3, out);
}

static inline void mcup_widen_short(const mcup_pair_job *job, const int8_t *zero, int32_t channel, int32_t trail) {
  mcup_widen_group(job, zero, channel, job->extent.lead, trail, job->out);
}

/* All jobs up to a last one, for the four channels from `channel` on. */
MCUP_ALWAYS_INLINE const mcup_pair_job *mcup_widen_portable(const mcup_row_work *work, const mcup_pair_job *job,
                                                            int32_t channel, int32_t planes) {
  const int8_t *zero = (const int8_t *)&work->zero;
  for (;; ++job) {
    const int8_t *a = job->a + channel, *b = job->b + channel; /* read once: stores might change the job */
    const ptrdiff_t a_step = job->a_step, b_step = job->b_step;
    const int32_t groups = job->extent.groups, lead = job->extent.lead;
    const int32_t trail = (int32_t)((uint32_t)job->extent.trail % MCUP_LAST_JOB);
    int16_t *out = job->out;
    if (groups == 0 && lead < MCUP_PLACES) { /* padding before and behind what there is */
      mcup_widen_short(job, zero, channel, trail);
    } else {
      int32_t group = 0;
      if (groups > 0 && lead > 0) {
        mcup_widen_group(job, zero, channel, lead, 4, out);
        ++group;
        out += 16 * planes;
        a += 2 * a_step;
        b += 2 * b_step;
      }
      MCUP_NO_UNROLL
      for (; group < groups; ++group, out += 16 * planes) {
        mcup_widen_place(a, 0, out);
        mcup_widen_place(b, 1, out);
        mcup_widen_place(a + a_step, 2, out);
        mcup_widen_place(b + b_step, 3, out);
        a += 2 * a_step;
        b += 2 * b_step;
      }
      if (trail > 0) { /* what lies behind is left as it is */
        mcup_widen_place(a, 0, out);
        mcup_widen_place(trail > 1 ? b : zero, 1, out);
        if (trail > 2) {
          mcup_widen_place(a + a_step, 2, out);
          mcup_widen_place(zero, 3, out);
        }
      }
    }
    if (job->extent.trail >= MCUP_LAST_JOB) {
      return job + 1;
    }
  }
}

#endif /* MCUPATCH_DEPTHWISE_WIDEN_H */
