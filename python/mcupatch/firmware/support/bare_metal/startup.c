/* From reset to the network: vector table, FPU, .data and .bss. The symbols come from the linker script. */
#include <stdint.h>
#include <string.h>

extern uint8_t mcup_stack_top[], mcup_data_start[], mcup_data_stop[], mcup_data_image[], mcup_bss_start[],
    mcup_bss_stop[];

int32_t mcup_main(void); /* one inference, unless the firmware brings its own */
void Reset_Handler(void);

/* Where an exception ends, and where an emulator knows that a call is over. */
void mcup_stop(void);
void mcup_stop(void) {
  for (;;) {
    __asm volatile("" ::: "memory");
  }
}

/* A firmware may bring a handler of its own. */
void mcup_fault(void) __attribute__((weak, alias("mcup_stop")));

void Reset_Handler(void) {
  *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20; /* SCB->CPACR: full access to the FPU */
  __asm volatile("dsb\n\tisb" ::: "memory");
  memcpy(mcup_data_start, mcup_data_image, (uintptr_t)mcup_data_stop - (uintptr_t)mcup_data_start);
  memset(mcup_bss_start, 0, (uintptr_t)mcup_bss_stop - (uintptr_t)mcup_bss_start);
  mcup_main();
  mcup_stop();
}

typedef union {
  void *address;
  void (*handler)(void);
} vector;

__attribute__((section(".vectors"), used)) static const vector vectors[16] = {
    {.address = mcup_stack_top}, {.handler = Reset_Handler}, {.handler = mcup_fault}, {.handler = mcup_fault},
    {.handler = mcup_fault},     {.handler = mcup_fault},    {.handler = mcup_fault}, {.handler = mcup_fault},
    {.handler = mcup_fault},     {.handler = mcup_fault},    {.handler = mcup_fault}, {.handler = mcup_fault},
    {.handler = mcup_fault},     {.handler = mcup_fault},    {.handler = mcup_fault}, {.handler = mcup_fault},
};
