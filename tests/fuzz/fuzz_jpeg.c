/*
 * Decodes mutated JPEG files under the sanitizers: fuzz_jpeg RUNS SEED FILE...
 *
 * Each run takes a file, mutates it, and decodes it with what is held chosen at random. File, held bytes and row lie in
 * blocks of exactly their size, so that a byte too far is seen. A status that the header does not know, or a row that
 * changes with what is held, ends the program. The states of a generator of its own make every run repeatable.
 */
#include "mcupatch/rows/jpeg_rows.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FILES = 256, MOST_COLUMNS = 512, MOST_ROWS = 512, STATUSES = MCUP_JPEG_ORDER + 1 };

typedef struct {
  uint8_t *data;
  size_t bytes;
} file;

static uint64_t state;

static uint32_t draw(uint32_t below) { /* xorshift64* */
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (uint32_t)((state * 0x2545F4914F6CDD1Du) >> 33) % below;
}

static void *take(size_t bytes) {
  void *block = malloc(bytes > 0 ? bytes : 1);
  if (block == NULL) {
    exit(4);
  }
  return block;
}

static file read_file(const char *path) {
  FILE *in = fopen(path, "rb");
  if (in == NULL || fseek(in, 0, SEEK_END) != 0) {
    exit(4);
  }
  file found = {NULL, (size_t)ftell(in)};
  rewind(in);
  found.data = take(found.bytes);
  if (fread(found.data, 1, found.bytes, in) != found.bytes) {
    exit(4);
  }
  fclose(in);
  return found;
}

/* Where something is changed: half of the time in the header, where most of what can go wrong is said. */
static size_t draw_place(size_t bytes) {
  return draw((uint32_t)(draw(2) == 0 && bytes > 700 ? 700 : bytes));
}

static void change_once(uint8_t *data, size_t *bytes, const file *other) {
  static const uint8_t telling[] = {0x00, 0x01, 0x7F, 0x80, 0xFF, 0xC0, 0xC2, 0xC4,
                                    0xC9, 0xD0, 0xD7, 0xD9, 0xDA, 0xDB, 0xDD};
  const size_t at = draw_place(*bytes), left = *bytes - at;
  switch (draw(8)) {
    case 0:
      data[at] ^= (uint8_t)(1u << draw(8));
      break;
    case 1:
      data[at] = (uint8_t)draw(256);
      break;
    case 2:
      data[at] = telling[draw(sizeof telling)];
      break;
    case 3: /* cut off */
      *bytes = at > 0 ? at : 1;
      break;
    case 4: { /* take out */
      const size_t gone = 1 + draw(left < 64 ? (uint32_t)left : 64);
      if (gone < *bytes) {
        memmove(data + at, data + at + gone, left - gone);
        *bytes -= gone;
      }
      break;
    }
    case 5: { /* say twice */
      const size_t again = 1 + draw(left < 64 ? (uint32_t)left : 64);
      memmove(data + at + again, data + at, left);
      *bytes += again;
      break;
    }
    case 6: { /* from another file */
      const size_t from = draw_place(other->bytes), most = other->bytes - from < left ? other->bytes - from : left;
      memcpy(data + at, other->data + from, 1 + draw((uint32_t)most));
      break;
    }
    default: /* swap two bytes */
      if (left > 1) {
        const uint8_t first = data[at];
        data[at] = data[at + 1];
        data[at + 1] = first;
      }
      break;
  }
}

static file mutate(const file *files, uint32_t count) {
  enum { MOST_CHANGES = 6, GROWTH = 64 };
  const file *from = &files[draw(count)];
  uint8_t *data = take(from->bytes + MOST_CHANGES * GROWTH);
  size_t bytes = from->bytes;
  memcpy(data, from->data, bytes);
  for (uint32_t changes = 1 + draw(MOST_CHANGES); changes > 0; --changes) {
    change_once(data, &bytes, &files[draw(count)]);
  }
  file made = {take(bytes), bytes};
  memcpy(made.data, data, bytes);
  free(data);
  return made;
}

/* Decodes all rows and adds them up; returns the status of the first that fails. */
static int32_t decode(const file *input, const mcup_row_shape *shape, size_t held_bytes, uint32_t *sum) {
  mcup_jpeg_rows *jpeg = take(sizeof *jpeg);
  const size_t row_bytes = (size_t)shape->columns * (size_t)shape->channels;
  uint8_t *held = take(held_bytes), *row = take(row_bytes);
  int32_t status = mcup_jpeg_open(jpeg, input->data, input->bytes, shape, held, held_bytes);
  *sum = 0;
  for (int32_t y = 0; y < shape->rows; ++y) {
    const int32_t found = mcup_jpeg_read_uint8(jpeg, y, row);
    if (status != MCUP_JPEG_OK && found != status) {
      exit(5); /* an error does not stay */
    }
    status = found;
    for (size_t i = 0; i < row_bytes && status == MCUP_JPEG_OK; ++i) {
      *sum = *sum * 31u + row[i];
    }
  }
  free(row);
  free(held);
  free(jpeg);
  return status;
}

/* How it ended, for the statistics. */
static int32_t try_file(const file *input) {
  mcup_row_shape shape = {0, 0, draw(2) == 0 ? 1 : 3, draw(2) == 0 ? 0 : 128};
  int32_t status = mcup_jpeg_size(input->data, input->bytes, &shape.rows, &shape.columns);
  if (status != MCUP_JPEG_OK || shape.columns > MOST_COLUMNS || shape.rows > MOST_ROWS) {
    shape.rows = 24;
    shape.columns = 40;
  }
  uint32_t once = 0, again = 0;
  const size_t least = MCUP_JPEG_LEAST_BYTES(shape.columns), most = 2 * MCUP_JPEG_HELD_BYTES(shape.columns);
  status = decode(input, &shape, most, &once);
  const int32_t repeated = decode(input, &shape, least + draw((uint32_t)(most - least)), &again);
  if (status == MCUP_JPEG_OK && (repeated != status || once != again)) {
    exit(6); /* what is held changes the pixels */
  }
  return status;
}

int main(int argc, char **argv) {
  if (argc < 4 || argc - 3 > MOST_FILES) {
    fprintf(stderr, "usage: fuzz_jpeg RUNS SEED FILE...\n");
    return 2;
  }
  const long runs = atol(argv[1]);
  state = 0x9E3779B97F4A7C15u ^ strtoull(argv[2], NULL, 10);
  const uint32_t count = (uint32_t)argc - 3;
  file files[MOST_FILES];
  for (uint32_t i = 0; i < count; ++i) {
    files[i] = read_file(argv[3 + i]);
    if (try_file(&files[i]) != MCUP_JPEG_OK) {
      fprintf(stderr, "%s is no good file to begin with\n", argv[3 + i]);
      return 3;
    }
  }
  long ended[STATUSES] = {0};
  for (long run = 0; run < runs; ++run) {
    const file input = mutate(files, count);
    const int32_t status = try_file(&input);
    if (status < 0 || status >= STATUSES) {
      return 7;
    }
    ++ended[status];
    free(input.data);
  }
  for (uint32_t i = 0; i < count; ++i) {
    free(files[i].data);
  }
  for (int32_t status = 0; status < STATUSES; ++status) {
    printf("%ld ", ended[status]);
  }
  printf("\n");
  return 0;
}
