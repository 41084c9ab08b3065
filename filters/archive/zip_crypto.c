/* SPDX-License-Identifier: ISC */
#include "filters/archive/zip_crypto.h"

enum { HALF_OCTET = 16 };

/* Of each half octet. */
static uint32_t crc_step(uint32_t crc, unsigned char octet)
{
    static const uint32_t table[HALF_OCTET] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
                                               0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                                               0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                               0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    crc ^= octet;
    crc = crc >> 4 ^ table[crc & 15];
    return crc >> 4 ^ table[crc & 15];
}

uint32_t zip_crc32(struct slice octets)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < octets.len; i++)
        crc = crc_step(crc, (unsigned char)octets.ptr[i]);
    return ~crc;
}

static void mix(struct zip_crypto *c, unsigned char plain)
{
    c->keys[0] = crc_step(c->keys[0], plain);
    c->keys[1] = (c->keys[1] + (c->keys[0] & 0xff)) * 134775813U + 1;
    c->keys[2] = crc_step(c->keys[2], (unsigned char)(c->keys[1] >> 24));
}

struct zip_crypto zip_crypto_of(struct slice password)
{
    struct zip_crypto c = {{0x12345678, 0x23456789, 0x34567890}};
    for (size_t i = 0; i < password.len; i++)
        mix(&c, (unsigned char)password.ptr[i]);
    return c;
}

unsigned char zip_crypto_next(struct zip_crypto *c, unsigned char octet)
{
    uint32_t mixed = (c->keys[2] & 0xffff) | 2;
    unsigned char plain = octet ^ (unsigned char)(mixed * (mixed ^ 1) >> 8);
    mix(c, plain);
    return plain;
}
