/* Compiled with -fno-builtin: otherwise a compiler turns these loops into calls of themselves. */
#include <string.h>

#include <stdint.h>

/* A word at any address: the cores here load and store unaligned words in one instruction. */
typedef struct __attribute__((packed, may_alias)) {
  uint32_t value;
} word;

/* Loops that run a few times; clang would unroll them by a run-time count. */
#if defined(__clang__)
#define NO_UNROLL _Pragma("clang loop unroll(disable)")
#else
#define NO_UNROLL
#endif

/* Upwards, and what is stored was loaded before: right for any distance between the two if target <= source. */
static inline void copy_upwards(uint8_t *target, const uint8_t *source, size_t count) {
  if ((((uintptr_t)target | (uintptr_t)source) & 3u) == 0) {
    NO_UNROLL
    for (; count >= 16; count -= 16) { /* in C, compilers do not pair the words, or call memmove for a struct of them */
      __asm__ volatile("ldmia %1!, {r3, r4, r5, r6}\n\tstmia %0!, {r3, r4, r5, r6}"
                       : "+r"(target), "+r"(source)
                       :
                       : "r3", "r4", "r5", "r6", "memory");
    }
  }
  NO_UNROLL
  for (; count >= 16; count -= 16, target += 16, source += 16) {
    for (int i = 0; i < 4; i++) {
      ((word *)target)[i] = ((const word *)source)[i];
    }
  }
  NO_UNROLL
  for (; count >= 4; count -= 4, target += 4, source += 4) {
    *(word *)target = *(const word *)source;
  }
  NO_UNROLL
  for (; count > 0; count--) {
    *target++ = *source++;
  }
}

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  copy_upwards(to, from, count);
  return to;
}

void *memmove(void *to, const void *from, size_t count) {
  uint8_t *target = to;
  const uint8_t *source = from;
  if (target <= source || target >= source + count) {
    copy_upwards(target, source, count);
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
