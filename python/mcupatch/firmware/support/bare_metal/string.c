/* Compiled with -fno-builtin: otherwise a compiler turns these loops into calls of themselves. */
#include <string.h>

#include <stdint.h>

/* A word at any address: the cores here load and store unaligned words in one instruction. */
typedef struct __attribute__((packed, may_alias)) {
  uint32_t value;
} word;

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  uint8_t *target = to;
  const uint8_t *source = from;
  for (; count >= 16; count -= 16, target += 16, source += 16) {
    for (int i = 0; i < 4; i++) {
      ((word *)target)[i] = ((const word *)source)[i];
    }
  }
  for (; count >= 4; count -= 4, target += 4, source += 4) {
    *(word *)target = *(const word *)source;
  }
  while (count-- > 0) {
    *target++ = *source++;
  }
  return to;
}

void *memmove(void *to, const void *from, size_t count) {
  uint8_t *target = to;
  const uint8_t *source = from;
  if (target <= source || target >= source + count) {
    /* Upwards, and each word is read before it is written: right for any distance. */
    for (; count >= 4; count -= 4, target += 4, source += 4) {
      *(word *)target = *(const word *)source;
    }
    while (count-- > 0) {
      *target++ = *source++;
    }
    return to;
  }
  while (count-- > 0) {
    target[count] = source[count];
  }
  return to;
}

void *memset(void *to, int value, size_t count) {
  uint8_t *target = to;
  word filled = {(uint32_t)(uint8_t)value * 0x01010101u};
  for (; count >= 16; count -= 16, target += 16) {
    for (int i = 0; i < 4; i++) {
      ((word *)target)[i] = filled;
    }
  }
  for (; count >= 4; count -= 4, target += 4) {
    *(word *)target = filled;
  }
  while (count-- > 0) {
    *target++ = (uint8_t)value;
  }
  return to;
}

int memcmp(const void *a, const void *b, size_t count) {
  const uint8_t *left = a;
  const uint8_t *right = b;
  for (; count > 0; count--, left++, right++) {
    if (*left != *right) {
      return *left < *right ? -1 : 1;
    }
  }
  return 0;
}

/* The names that the Arm run-time ABI gives them, which clang calls; alignment is a promise that nothing here needs. */
void __aeabi_memcpy(void *to, const void *from, size_t count);
void __aeabi_memcpy4(void *to, const void *from, size_t count);
void __aeabi_memcpy8(void *to, const void *from, size_t count);
void __aeabi_memmove(void *to, const void *from, size_t count);
void __aeabi_memmove4(void *to, const void *from, size_t count);
void __aeabi_memmove8(void *to, const void *from, size_t count);
void __aeabi_memset(void *to, size_t count, int value);
void __aeabi_memset4(void *to, size_t count, int value);
void __aeabi_memset8(void *to, size_t count, int value);
void __aeabi_memclr(void *to, size_t count);
void __aeabi_memclr4(void *to, size_t count);
void __aeabi_memclr8(void *to, size_t count);

void __aeabi_memcpy(void *to, const void *from, size_t count) {
  memcpy(to, from, count);
}
void __aeabi_memcpy4(void *to, const void *from, size_t count) {
  memcpy(to, from, count);
}
void __aeabi_memcpy8(void *to, const void *from, size_t count) {
  memcpy(to, from, count);
}
void __aeabi_memmove(void *to, const void *from, size_t count) {
  memmove(to, from, count);
}
void __aeabi_memmove4(void *to, const void *from, size_t count) {
  memmove(to, from, count);
}
void __aeabi_memmove8(void *to, const void *from, size_t count) {
  memmove(to, from, count);
}
void __aeabi_memset(void *to, size_t count, int value) {
  memset(to, value, count);
}
void __aeabi_memset4(void *to, size_t count, int value) {
  memset(to, value, count);
}
void __aeabi_memset8(void *to, size_t count, int value) {
  memset(to, value, count);
}
void __aeabi_memclr(void *to, size_t count) {
  memset(to, 0, count);
}
void __aeabi_memclr4(void *to, size_t count) {
  memset(to, 0, count);
}
void __aeabi_memclr8(void *to, size_t count) {
  memset(to, 0, count);
}
