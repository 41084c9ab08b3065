/* SPDX-License-Identifier: ISC
 *   SEQUENCE { SEQUENCE { rsaEncryption, NULL },
 *              BIT STRING { SEQUENCE { INTEGER modulus, INTEGER exponent } } } */
#include "filters/sender/rsa_key.h"

enum {
    SEQUENCE = 0x30,
    BIT_STRING = 0x03,
    INTEGER = 0x02,
    LENGTH_OCTETS_MAX = 2,
};

static unsigned octet_at(struct slice s, size_t i)
{
    return (unsigned char)s.ptr[i];
}

/* A length in as few octets as it needs, at most 65535. */
static bool take_length(struct slice *in, size_t *length)
{
    if (in->len == 0)
        return false;
    unsigned first = octet_at(*in, 0), count = first & 0x7f;
    *in = slice_from(*in, 1);
    *length = first;
    if (first < 0x80)
        return true;
    if (count == 0 || count > LENGTH_OCTETS_MAX || in->len < count)
        return false;
    *length = count == 1 ? octet_at(*in, 0) : octet_at(*in, 0) << 8 | octet_at(*in, 1);
    *in = slice_from(*in, count);
    return *length >= (count == 1 ? 0x80u : 0x100u);
}

static bool take(struct slice *in, unsigned tag, struct slice *content)
{
    size_t length;
    if (in->len == 0 || octet_at(*in, 0) != tag)
        return false;
    *in = slice_from(*in, 1);
    if (!take_length(in, &length) || length > in->len)
        return false;
    *content = slice_sub(*in, 0, length);
    *in = slice_from(*in, length);
    return true;
}

/* Positive, without zeros before it but the one that its sign needs. */
static bool take_number(struct slice *in, struct slice *number)
{
    if (!take(in, INTEGER, number) || number->len == 0 || octet_at(*number, 0) >= 0x80)
        return false;
    if (octet_at(*number, 0) != 0)
        return true;
    *number = slice_from(*number, 1);
    return number->len > 0 && octet_at(*number, 0) >= 0x80;
}

/* SEQUENCE { INTEGER modulus, INTEGER exponent } */
static bool read_numbers(struct slice der, struct rsa_key *key)
{
    struct slice numbers;
    return take(&der, SEQUENCE, &numbers) && der.len == 0 && take_number(&numbers, &key->modulus) &&
           take_number(&numbers, &key->exponent) && numbers.len == 0;
}

static bool is_rsa(struct slice algorithm)
{
    static const struct slice rsa_encryption = {"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05",
                                                12};
    return algorithm.len == rsa_encryption.len + 1 && slice_starts(algorithm, rsa_encryption) &&
           octet_at(algorithm, rsa_encryption.len) == 0;
}

bool rsa_key_read(struct slice der, struct rsa_key *key)
{
    struct slice rest = der, info, algorithm, bits;
    if (read_numbers(der, key))
        return true;
    return take(&rest, SEQUENCE, &info) && rest.len == 0 && take(&info, SEQUENCE, &algorithm) &&
           is_rsa(algorithm) && take(&info, BIT_STRING, &bits) && info.len == 0 && bits.len &&
           octet_at(bits, 0) == 0 && read_numbers(slice_from(bits, 1), key);
}

unsigned rsa_key_bits(const struct rsa_key *key)
{
    unsigned bits = (unsigned)(key->modulus.len - 1) * 8;
    for (unsigned first = octet_at(key->modulus, 0); first; first >>= 1)
        bits++;
    return bits;
}
