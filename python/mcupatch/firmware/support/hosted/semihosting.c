/* Arm's "Semihosting for AArch32 and AArch64" (IHI 0100), the few calls that hosted.h needs. */
#include "hosted.h"

enum { SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_WRITE = 0x05, SYS_READ = 0x06, SYS_EXIT_EXTENDED = 0x20 };
enum { APPLICATION_EXIT = 0x20026 };

static uint32_t call_host(uint32_t operation, const uint32_t *arguments) {
  register uint32_t r0 __asm__("r0") = operation;
  register const uint32_t *r1 __asm__("r1") = arguments;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

int32_t mcup_host_open(const char *name, uint32_t name_bytes, uint32_t mode) {
  const uint32_t arguments[] = {(uint32_t)(uintptr_t)name, mode, name_bytes};
  return (int32_t)call_host(SYS_OPEN, arguments);
}

/* Both calls return how many bytes are missing. */
int32_t mcup_host_read(int32_t handle, void *to, uint32_t bytes) {
  const uint32_t arguments[] = {(uint32_t)handle, (uint32_t)(uintptr_t)to, bytes};
  return bytes == 0 || call_host(SYS_READ, arguments) == 0;
}

int32_t mcup_host_write(int32_t handle, const void *from, uint32_t bytes) {
  const uint32_t arguments[] = {(uint32_t)handle, (uint32_t)(uintptr_t)from, bytes};
  return bytes == 0 || call_host(SYS_WRITE, arguments) == 0;
}

void mcup_host_close(int32_t handle) {
  const uint32_t arguments[] = {(uint32_t)handle};
  call_host(SYS_CLOSE, arguments);
}

void mcup_host_exit(uint32_t status) {
  const uint32_t arguments[] = {APPLICATION_EXIT, status};
  for (;;) {
    call_host(SYS_EXIT_EXTENDED, arguments);
  }
}
