/* SPDX-License-Identifier: ISC
 * SipHash (Aumasson and Bernstein): a keyed hash, so that nobody outside can choose what collides. */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include "base/slice.h"

/* SipHash-2-4 of any bytes. */
uint64_t siphash(const uint64_t key[static 2], struct slice bytes);

/* In pieces, for who hashes many short words: begin, mix each word, end. With `n` of 1 and 3 it is
 * SipHash-1-3. */
struct siphash {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t siphash_rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void siphash_rounds(struct siphash *s, int n)
{
    while (n-- > 0) {
        s->v0 += s->v1;
        s->v2 += s->v3;
        s->v1 = siphash_rotate(s->v1, 13) ^ s->v0;
        s->v3 = siphash_rotate(s->v3, 16) ^ s->v2;
        s->v0 = siphash_rotate(s->v0, 32) + s->v3;
        s->v2 += s->v1;
        s->v3 = siphash_rotate(s->v3, 21) ^ s->v0;
        s->v1 = siphash_rotate(s->v1, 17) ^ s->v2;
        s->v2 = siphash_rotate(s->v2, 32);
    }
}

static inline struct siphash siphash_begin(const uint64_t key[static 2])
{
    return (struct siphash){
        key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
        key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
}

static inline void siphash_mix(struct siphash *s, uint64_t word, int n)
{
    s->v3 ^= word;
    siphash_rounds(s, n);
    s->v0 ^= word;
}

static inline uint64_t siphash_end(struct siphash s, int n)
{
    s.v2 ^= 0xff;
    siphash_rounds(&s, n);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* At most 8 octets as a number, the first the lowest. */
static inline uint64_t siphash_word(const char *bytes, size_t n)
{
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++)
        word |= (uint64_t)(unsigned char)bytes[i] << 8 * i;
    return word;
}

#endif
