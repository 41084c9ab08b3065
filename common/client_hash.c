/* SPDX-License-Identifier: ISC */
#include "common/client_hash.h"

#include <string.h>

struct siphash {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void rounds(struct siphash *s, int n)
{
    while (n-- > 0) {
        s->v0 += s->v1;
        s->v2 += s->v3;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 = rotate(s->v0, 32) + s->v3;
        s->v2 += s->v1;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v2 = rotate(s->v2, 32);
    }
}

static void mix(struct siphash *s, uint64_t word)
{
    s->v3 ^= word;
    rounds(s, 2);
    s->v0 ^= word;
}

static uint64_t little_endian(const char *bytes, size_t n)
{
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++)
        word |= (uint64_t)(unsigned char)bytes[i] << 8 * i;
    return word;
}

uint64_t siphash(const uint64_t key[static 2], struct slice bytes)
{
    struct siphash s = {
        key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
        key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
    size_t at = 0;
    for (; bytes.len - at >= 8; at += 8)
        mix(&s, little_endian(bytes.ptr + at, 8));
    mix(&s, little_endian(bytes.ptr + at, bytes.len - at) | (uint64_t)bytes.len << 56);
    s.v2 ^= 0xff;
    rounds(&s, 4);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t client_hash(const uint64_t key[static 2], const struct ip *ip, uint16_t port)
{
    char bytes[1 + sizeof ip->bytes + sizeof port] = {(char)ip->family};
    memcpy(bytes + 1, ip->bytes, ip->family == 6 ? 16 : 4);
    memcpy(bytes + 1 + sizeof ip->bytes, &port, sizeof port);
    return siphash(key, (struct slice){bytes, sizeof bytes});
}
