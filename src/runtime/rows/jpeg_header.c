/* The header of a JPEG file: markers, each with its segment, up to the scan. */
#include "mcupatch/rows/jpeg_parts.h"

#include <string.h>

enum {
  SOF0 = 0xC0,
  SOF1 = 0xC1,
  DHT = 0xC4,
  JPG = 0xC8,
  DAC = 0xCC,
  SOF15 = 0xCF,
  RST0 = 0xD0,
  SOI = 0xD8,
  EOI = 0xD9,
  SOS = 0xDA,
  DQT = 0xDB,
  DRI = 0xDD,
  APP0 = 0xE0,
  APP14 = 0xEE,
  TEM = 0x01
};

/* What the colours are said to be, from several segments. */
typedef struct {
  uint8_t is_jfif;
  uint8_t is_adobe;
  uint8_t transform; /* of Adobe: 0 is none */
} colour_hints;

/* The bytes [at, end) of the present segment. */
typedef struct {
  uint32_t at, end;
} segment;

static uint32_t left_of(const segment *s) {
  return s->end - s->at;
}

static uint32_t word_at(const mcup_jpeg_rows *jpeg, uint32_t at) {
  return (uint32_t)jpeg->data[at] << 8 | jpeg->data[at + 1];
}

/* The status for a frame of this kind, of those that are not decoded. */
static int32_t refuse_frame(uint32_t marker) {
  return marker >= JPG + 1 ? MCUP_JPEG_ARITHMETIC : MCUP_JPEG_PROGRESSIVE;
}

static int32_t read_frame(mcup_jpeg_rows *jpeg, segment s) {
  if (left_of(&s) < 6 || jpeg->component_count != 0) {
    return MCUP_JPEG_DAMAGED;
  }
  const uint8_t *frame = jpeg->data + s.at;
  if (frame[0] != 8) {
    return MCUP_JPEG_PRECISION;
  }
  jpeg->rows = (uint16_t)word_at(jpeg, s.at + 1);
  jpeg->columns = (uint16_t)word_at(jpeg, s.at + 3);
  const uint8_t count = frame[5];
  if (jpeg->rows == 0 || jpeg->columns == 0) { /* rows of 0: a marker after the scan says how many */
    return MCUP_JPEG_SIZE;
  }
  if (count != 1 && count != 3) {
    return MCUP_JPEG_COMPONENTS;
  }
  if (left_of(&s) != 6u + 3u * count) {
    return MCUP_JPEG_DAMAGED;
  }
  for (int32_t i = 0; i < count; ++i) {
    const uint8_t *from = frame + 6 + 3 * i;
    mcup_jpeg_component *to = &jpeg->components[i];
    /* The only component of a scan has groups of one block, whatever the file says. */
    to->id = from[0];
    to->across = count == 1 ? 1 : from[1] >> 4;
    to->down = count == 1 ? 1 : from[1] & 15;
    to->quant = from[2];
    if (to->across == 0 || to->down == 0 || to->quant > 3) {
      return MCUP_JPEG_DAMAGED;
    }
    if (to->across > 2 || to->down > 2) {
      return MCUP_JPEG_SAMPLING;
    }
    jpeg->across = to->across > jpeg->across ? to->across : jpeg->across;
    jpeg->down = to->down > jpeg->down ? to->down : jpeg->down;
  }
  jpeg->component_count = count;
  return MCUP_JPEG_OK;
}

static int32_t read_codes(mcup_jpeg_rows *jpeg, segment s) {
  while (left_of(&s) > 0) {
    if (left_of(&s) < 17) {
      return MCUP_JPEG_DAMAGED;
    }
    const uint32_t kind = jpeg->data[s.at] >> 4, number = jpeg->data[s.at] & 15u;
    if (kind > 1 || number > 3) {
      return MCUP_JPEG_DAMAGED;
    }
    if (number > 1) {
      return MCUP_JPEG_TABLES;
    }
    uint32_t symbols = 0;
    for (uint32_t i = 0; i < 16; ++i) {
      symbols += jpeg->data[s.at + 1 + i];
    }
    if (left_of(&s) < 17 + symbols || !mcup_jpeg_build_code(jpeg, s.at + 1, &jpeg->codes[kind][number])) {
      return MCUP_JPEG_DAMAGED;
    }
    s.at += 17 + symbols;
  }
  return MCUP_JPEG_OK;
}

static int32_t read_quants(mcup_jpeg_rows *jpeg, segment s) {
  while (left_of(&s) > 0) {
    const uint32_t wide = jpeg->data[s.at] >> 4, number = jpeg->data[s.at] & 15u;
    const uint32_t bytes = 64u << wide;
    if (wide > 1 || number > 3 || left_of(&s) < 1 + bytes) {
      return MCUP_JPEG_DAMAGED;
    }
    jpeg->quant[number] = s.at + 1;
    jpeg->wide_quant[number] = (uint8_t)wide;
    s.at += 1 + bytes;
  }
  return MCUP_JPEG_OK;
}

static int is_rgb(const mcup_jpeg_rows *jpeg, const colour_hints *hints) {
  if (jpeg->component_count != 3 || hints->is_jfif) {
    return 0;
  }
  const mcup_jpeg_component *c = jpeg->components;
  return hints->is_adobe ? hints->transform == 0 : c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B';
}

static int32_t read_scan(mcup_jpeg_rows *jpeg, segment s) {
  const uint32_t count = jpeg->component_count;
  if (count == 0 || left_of(&s) < 1) {
    return MCUP_JPEG_DAMAGED;
  }
  const uint8_t *scan = jpeg->data + s.at;
  if (scan[0] != count) {
    return scan[0] == 0 || scan[0] > count ? MCUP_JPEG_DAMAGED : MCUP_JPEG_SCANS;
  }
  if (left_of(&s) != 4 + 2 * count || scan[1 + 2 * count] != 0 || scan[2 + 2 * count] != 63) {
    return MCUP_JPEG_DAMAGED;
  }
  for (uint32_t i = 0; i < count; ++i) {
    mcup_jpeg_component *component = &jpeg->components[i];
    component->dc = scan[2 + 2 * i] >> 4;
    component->ac = scan[2 + 2 * i] & 15;
    if (scan[1 + 2 * i] != component->id || component->dc > 3 || component->ac > 3) {
      return MCUP_JPEG_DAMAGED;
    }
    if (component->dc > 1 || component->ac > 1) {
      return MCUP_JPEG_TABLES;
    }
    if (jpeg->codes[0][component->dc].symbols == 0 || jpeg->codes[1][component->ac].symbols == 0 ||
        jpeg->quant[component->quant] == 0) {
      return MCUP_JPEG_DAMAGED;
    }
  }
  jpeg->place = (mcup_jpeg_place){.at = s.end, .until_restart = jpeg->restart_interval};
  return MCUP_JPEG_OK;
}

static void read_colour_hints(const mcup_jpeg_rows *jpeg, uint32_t marker, segment s, colour_hints *hints) {
  const uint8_t *start = jpeg->data + s.at;
  if (marker == APP0 && left_of(&s) >= 5 && memcmp(start, "JFIF", 5) == 0) {
    hints->is_jfif = 1;
  }
  if (marker == APP14 && left_of(&s) >= 12 && memcmp(start, "Adobe", 5) == 0) {
    hints->is_adobe = 1;
    hints->transform = start[11];
  }
}

static int32_t read_segment(mcup_jpeg_rows *jpeg, uint32_t marker, segment s, colour_hints *hints) {
  if (marker == SOF0 || marker == SOF1) {
    return read_frame(jpeg, s);
  }
  if (marker == DHT) {
    return read_codes(jpeg, s);
  }
  if (marker == DAC) {
    return MCUP_JPEG_ARITHMETIC;
  }
  if (marker > SOF1 && marker <= SOF15) {
    return refuse_frame(marker);
  }
  if (marker == DQT) {
    return read_quants(jpeg, s);
  }
  if (marker == DRI) {
    if (left_of(&s) != 2) {
      return MCUP_JPEG_DAMAGED;
    }
    jpeg->restart_interval = (uint16_t)word_at(jpeg, s.at);
  }
  read_colour_hints(jpeg, marker, s, hints);
  return MCUP_JPEG_OK;
}

int32_t mcup_jpeg_read_header(mcup_jpeg_rows *jpeg) {
  const uint8_t *data = jpeg->data;
  const uint32_t bytes = jpeg->bytes;
  if (bytes < 3 || data[0] != 0xFF || data[1] != SOI || data[2] != 0xFF) {
    return MCUP_JPEG_NO_JPEG;
  }
  colour_hints hints = {0, 0, 0};
  uint32_t at = 2;
  for (;;) {
    if (at < bytes && data[at] != 0xFF) {
      return MCUP_JPEG_DAMAGED;
    }
    while (at < bytes && data[at] == 0xFF) { /* FF may be repeated before a marker */
      ++at;
    }
    if (bytes - at < 3) {
      return MCUP_JPEG_TRUNCATED;
    }
    const uint32_t marker = data[at], length = word_at(jpeg, at + 1);
    if (marker <= TEM || (marker >= RST0 && marker <= EOI) || length < 2) {
      return MCUP_JPEG_DAMAGED;
    }
    if (length > bytes - at - 1) {
      return MCUP_JPEG_TRUNCATED;
    }
    const segment s = {at + 3, at + 1 + length};
    const int32_t status = marker == SOS ? read_scan(jpeg, s) : read_segment(jpeg, marker, s, &hints);
    if (status != MCUP_JPEG_OK) {
      return status;
    }
    if (marker == SOS) {
      jpeg->is_rgb = (uint8_t)is_rgb(jpeg, &hints);
      return MCUP_JPEG_OK;
    }
    at = s.end;
  }
}
