/* Time on the MPS2 boards: 25 MHz, down-counters of the Cortex-M System Design Kit (Arm DDI 0479). */
#ifndef MCUPATCH_TIMER_H
#define MCUPATCH_TIMER_H

#include <stdint.h>

#define MCUP_FINE ((volatile uint32_t *)0x40000000u)   /* CMSDK timer 0: CTRL, VALUE, RELOAD */
#define MCUP_COARSE ((volatile uint32_t *)0x40002000u) /* dual timer 1: LOAD, VALUE, CONTROL */

static inline void mcup_timer_start(void) {
  MCUP_FINE[2] = 0xFFFFFFFFu;
  MCUP_FINE[1] = 0xFFFFFFFFu;
  MCUP_COARSE[0] = 0xFFFFFFFFu;
  MCUP_COARSE[2] = 1u << 7 | 2u << 2 | 1u << 1; /* enabled, one in 256, 32 bits, free-running */
  MCUP_FINE[0] = 1;
}

/* Since mcup_timer_start. The fine counter wraps after three minutes; the coarse one says how often it did. */
static inline uint64_t mcup_timer_read(void) {
  const uint32_t fine = 0xFFFFFFFFu - MCUP_FINE[1];
  const uint64_t coarse = (uint64_t)(0xFFFFFFFFu - MCUP_COARSE[1]) << 8;
  const uint64_t wraps = (coarse - fine + 0x80000000u) >> 32;
  return (wraps << 32) + fine;
}

#endif
