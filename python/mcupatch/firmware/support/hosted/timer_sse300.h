/* Time on the MPS3 board with an SSE-300: its system counter, 64 bits at 32 MHz (Arm 101773, system counter). */
#ifndef MCUPATCH_TIMER_H
#define MCUPATCH_TIMER_H

#include <stdint.h>

#define MCUP_COUNTER ((volatile uint32_t *)0x58100000u) /* CNTControl: CR, SR, CV low, CV high */

static inline void mcup_timer_start(void) {
  MCUP_COUNTER[0] = 0;
  MCUP_COUNTER[2] = 0;
  MCUP_COUNTER[3] = 0;
  MCUP_COUNTER[0] = 1;
}

/* Since mcup_timer_start. */
static inline uint64_t mcup_timer_read(void) {
  uint32_t high;
  uint32_t low;
  do {
    high = MCUP_COUNTER[3];
    low = MCUP_COUNTER[2];
  } while (MCUP_COUNTER[3] != high);
  return (uint64_t)high << 32 | low;
}

#endif
