/*
 * Runs kernel calls that are described by a blob of 32-bit words, and leaves the results in the blob: the same blob
 * runs in a shared library, in an executable under the sanitizers and on an emulated chip.
 *
 *   words:  array count; for each array its size in bytes and its data, padded to whole words;
 *           call count; for each call its operator and the operator's fields in the order of kernel_calls.c.
 * An array is named by its index, -1 is NULL. A window is array, offset in bytes, rows, cols, row stride, rows in this
 * place; array, offset and row stride of the other rows.
 * tests/support/kernel_blob.py writes blobs.
 *
 * DRIVER_MALLOC: every array and every scratch is a block of its own of the exact size, for the sanitizers.
 */
#include "kernel_reader.h"

#if defined(DRIVER_MALLOC)
#include <stdlib.h>
#endif

static void open_arrays(reader *from) {
  from->count = next_int(from);
  for (int32_t i = 0; i < from->count; ++i) {
    from->size[i] = next_int(from);
    from->home[i] = from->next;
    from->array[i] = from->next;
    from->next += (from->size[i] + 3) / 4 * 4;
#if defined(DRIVER_MALLOC)
    from->array[i] = malloc((size_t)from->size[i]);
    memcpy(from->array[i], from->home[i], (size_t)from->size[i]);
#endif
  }
}

static void close_arrays(reader *from) {
#if defined(DRIVER_MALLOC)
  for (int32_t i = 0; i < from->count; ++i) {
    memcpy(from->home[i], from->array[i], (size_t)from->size[i]);
    free(from->array[i]);
  }
#else
  (void)from;
#endif
}

enum { GUARD_BYTES = 64 };

void *take_scratch(void *spare, size_t bytes) {
#if defined(DRIVER_MALLOC)
  spare = malloc(bytes);
  memset(spare, 0xA5, bytes);
#else
  memset(spare, 0xA5, bytes + GUARD_BYTES);
#endif
  return spare;
}

void give_back(reader *from, void *scratch, size_t bytes) {
#if defined(DRIVER_MALLOC)
  (void)from;
  (void)bytes;
  free(scratch);
#else
  int32_t broken = 0;
  for (size_t i = 0; i < GUARD_BYTES; ++i) {
    broken |= ((const uint8_t *)scratch)[bytes + i] != 0xA5;
  }
  from->overruns += broken;
#endif
}

/* `spare`: at least the largest scratch and a guard, at a multiple of 4; unused with DRIVER_MALLOC. Returns the overruns. */
int32_t run_blob(uint8_t *blob, void *spare);
int32_t run_blob(uint8_t *blob, void *spare) {
  reader from;
  from.overruns = 0;
  from.next = blob;
  open_arrays(&from);
  const int32_t calls = next_int(&from);
  for (int32_t i = 0; i < calls; ++i) {
    run_call(&from, spare);
  }
  close_arrays(&from);
  return from.overruns;
}

#if defined(DRIVER_MAIN)
#include <stdio.h>

/* A file of blobs, each after its size in bytes, is run and written back. */
int main(int argc, char **argv) {
  if (argc != 2) {
    return 2;
  }
  FILE *file = fopen(argv[1], "r+b");
  uint32_t size;
  while (file != NULL && fread(&size, 4, 1, file) == 1) {
    uint8_t *blob = malloc(size);
    if (fread(blob, 1, size, file) != size) {
      return 3;
    }
    run_blob(blob, NULL);
    fseek(file, -(long)size, SEEK_CUR);
    fwrite(blob, 1, size, file);
    fseek(file, 0, SEEK_CUR); /* between a write and a read */
    free(blob);
  }
  return file == NULL ? 4 : fclose(file);
}
#endif
