/* The host of an image: an emulator or a debugger that opens, reads and writes files for it, by Arm's semihosting. */
#ifndef MCUPATCH_HOSTED_H
#define MCUPATCH_HOSTED_H

#include <stdint.h>

enum { MCUP_READ_BINARY = 1, MCUP_WRITE_BINARY = 5 };

/* A handle, or -1. `name_bytes` is without the final 0. */
int32_t mcup_host_open(const char *name, uint32_t name_bytes, uint32_t mode);

/* 1 if all of `bytes` were read, or written. */
int32_t mcup_host_read(int32_t handle, void *to, uint32_t bytes);
int32_t mcup_host_write(int32_t handle, const void *from, uint32_t bytes);

void mcup_host_close(int32_t handle);

/* Ends the emulator, or tells the debugger that the program ended. Does not return. */
void mcup_host_exit(uint32_t status);

extern uint8_t mcup_stack_bottom[];

/* From now on an access below the stack is a fault. */
void mcup_guard_stack(void);

#endif
