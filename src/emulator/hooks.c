#include "hooks.h"

static void change_span(mcup_probe *probe, void *engine, uint64_t address, uint64_t place) {
  if (probe->span != 0) {
    if (address == probe->span_return) {
      probe->span = 0;
    }
  } else if (probe->span_starts[place] != 0) {
    uint32_t link = 0;
    probe->read_register(engine, probe->link_register, &link);
    probe->span = probe->span_starts[place];
    probe->span_return = link & ~(uint32_t)1; /* without the Thumb bit; a kernel called last returns there too */
  }
}

static void count_traffic(mcup_probe *probe, void *engine, uint64_t address, uint64_t stop) {
  uint64_t place = (address - probe->code_start) / 2;
  mcup_traffic *traffic = probe->traffic + probe->span * probe->places;
  if (probe->previous_stop != 0 && probe->previous_stop != address) {
    traffic[(probe->previous_stop - probe->code_start) / 2].jumped++;
  }
  probe->previous_stop = stop;
  change_span(probe, engine, address, place);
  traffic = probe->traffic + probe->span * probe->places;
  traffic[place].entered++;
  traffic[(stop - probe->code_start) / 2].left++;
}

void mcup_count_block(void *engine, uint64_t address, uint32_t size, void *user) {
  mcup_probe *probe = user;
  uint64_t stop = address + size;
  if (address < probe->code_start || stop > probe->code_stop) {
    return; /* Unicorn's own block at the stop address has no size of ours */
  }
  probe->instructions +=
      probe->starts[(stop - probe->code_start) / 2] - probe->starts[(address - probe->code_start) / 2];
  count_traffic(probe, engine, address, stop);
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
