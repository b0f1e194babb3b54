#include "hooks.h"

void mcup_on_block(void *engine, uint64_t address, uint32_t size, void *user) {
  mcup_probe *probe = user;
  uint64_t stop = address + size;
  if (address < probe->code_start || stop > probe->code_stop) {
    return; /* Unicorn's own block at the stop address has no size of ours */
  }
  probe->instructions +=
      probe->starts[(stop - probe->code_start) / 2] - probe->starts[(address - probe->code_start) / 2];
  if (probe->instructions > probe->limit) {
    probe->over_limit = 1;
    probe->stop(engine);
  }
}

void mcup_on_write(void *engine, int type, uint64_t address, int size, int64_t value, void *user) {
  mcup_probe *probe = user;
  uint64_t stop = address + (uint64_t)size;
  (void)type;
  (void)value;
  for (uint64_t i = 0; i < probe->writable_count; i++) {
    if (address >= probe->writable[i].start && stop <= probe->writable[i].stop) {
      return;
    }
  }
  if (probe->stray_size == 0) {
    probe->stray_address = address;
    probe->stray_size = (uint64_t)size;
    probe->stop(engine);
  }
}
