/* Where an exception ends: it tells the host what happened, in the file "fault" (measure/hosted_runs.py). */
#include "hosted.h"

#include <stdint.h>

void mcup_fault(void);
void mcup_report_fault(uint32_t pc);

/* The frame of the exception lies on the stack, unless that is what overflowed: then the pc is reported as 0. */
__attribute__((naked)) void mcup_fault(void) {
  __asm__ volatile(
      "mrs r0, msp\n\t"
      "ldr r1, =mcup_stack_bottom\n\t"
      "cmp r0, r1\n\t"
      "blo 1f\n\t"
      "ldr r1, =mcup_stack_top - 32\n\t"
      "cmp r0, r1\n\t"
      "bhi 1f\n\t"
      "ldr r0, [r0, #24]\n\t"
      "b 2f\n\t"
      "1: movs r0, #0\n\t"
      "2: ldr r1, =mcup_stack_top\n\t" /* the stack of what failed is not needed any more */
      "mov sp, r1\n\t"
      "b mcup_report_fault\n\t"
      ".ltorg\n\t");
}

__attribute__((used)) void mcup_report_fault(uint32_t pc) {
  const uint32_t report[] = {
      pc,
      *(volatile uint32_t *)0xE000ED28u, /* SCB->CFSR: which fault */
      *(volatile uint32_t *)0xE000ED38u, /* SCB->BFAR: the address, if CFSR says that it is valid */
      *(volatile uint32_t *)0xE000ED34u, /* SCB->MMFAR */
  };
  const int32_t file = mcup_host_open("fault", 5, MCUP_WRITE_BINARY);
  mcup_host_write(file, report, sizeof report);
  mcup_host_close(file);
  mcup_host_exit(3);
}
