/* Which kernel sources this library was built from; python/mcupatch/source_digest.py makes the value. */
#include "hooks.h"

const char *mcup_source_digest(void) {
  return MCUP_SOURCE_DIGEST;
}
