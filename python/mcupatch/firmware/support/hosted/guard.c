/* QEMU's MPS2 boards have harmless devices below their RAM: a stack that runs over would go on there for minutes. */
#include "hosted.h"

#include <stdint.h>

#if __ARM_ARCH >= 8
void mcup_guard_stack(void) {
  __asm__ volatile("msr msplim, %0" : : "r"(mcup_stack_bottom));
}
#else
#define MPU ((volatile uint32_t *)0xE000ED94u) /* CTRL, RNR, RBAR, RASR */
enum { ENABLE = 1u, DEFAULT_MAP = 1u << 2, NO_EXECUTE = 1u << 28, SIZE_256_MIB = 27u << 1 };

/* Nothing may be accessed in the 256 MiB below 0x20000000, all else as without the unit. */
void mcup_guard_stack(void) {
  MPU[1] = 0;
  MPU[2] = 0x10000000u;
  MPU[3] = NO_EXECUTE | SIZE_256_MIB | ENABLE;
  MPU[0] = DEFAULT_MAP | ENABLE;
  __asm__ volatile("dsb\n\tisb" ::: "memory");
}
#endif
