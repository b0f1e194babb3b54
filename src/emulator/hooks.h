/*
 * What the emulator measures while it runs a firmware: called by Unicorn for each block and each write.
 * Filled and read by measure/probe.py, which mirrors the struct field by field.
 */
#ifndef MCUPATCH_EMULATOR_HOOKS_H
#define MCUPATCH_EMULATOR_HOOKS_H

#include <stdint.h>

/* Half-open range of addresses. */
typedef struct {
  uint64_t start;
  uint64_t stop;
} mcup_range;

/* Of the blocks that a span ran through a place in the code. */
typedef struct {
  uint64_t entered; /* blocks that start here */
  uint64_t left;    /* blocks that stop here */
  uint64_t jumped;  /* those of them after which control went elsewhere */
} mcup_traffic;

typedef struct {
  uint64_t instructions;
  uint64_t limit; /* the run stops after the block that exceeds it */
  uint64_t code_start;
  uint64_t code_stop;
  const uint32_t *starts; /* [i]: instructions that start below code_start + 2 * i */
  const mcup_range *writable;
  uint64_t writable_count;
  uint64_t stray_address; /* the first write outside every range */
  uint64_t stray_size;    /* 0: there was none */
  int32_t over_limit;
  int32_t (*stop)(void *engine); /* uc_emu_stop */

  /* A span is a call of one of some functions, callees included; span 0 is what runs outside of them. */
  const uint16_t *span_starts; /* [i]: the span of the function at code_start + 2 * i; 0: none starts there */
  mcup_traffic *traffic;       /* [span * places + i]; places = (code_stop - code_start) / 2 + 1 */
  uint64_t places;
  uint64_t span;
  uint64_t span_return;                                            /* the block at this address ends the span */
  uint64_t previous_stop;                                          /* of the block before; 0: none yet */
  int32_t (*read_register)(void *engine, int32_t id, void *value); /* uc_reg_read */
  int32_t link_register;
} mcup_probe;

#ifdef _WIN32
#define MCUP_EXPORT __declspec(dllexport)
#else
#define MCUP_EXPORT __attribute__((visibility("default")))
#endif

/*
 * UC_HOOK_BLOCK: counts the instructions of a translated block as it is entered, and the traffic of its span.
 * A function called inside a span belongs to it, one that starts a span of its own included.
 */
MCUP_EXPORT void mcup_count_block(void *engine, uint64_t address, uint32_t size, void *user);

/* UC_HOOK_MEM_WRITE: a write outside every writable range stops the run. */
MCUP_EXPORT void mcup_on_write(void *engine, int type, uint64_t address, int size, int64_t value, void *user);

/* The fingerprint of the kernel sources that this library was built from. */
MCUP_EXPORT const char *mcup_source_digest(void);

#endif /* MCUPATCH_EMULATOR_HOOKS_H */
