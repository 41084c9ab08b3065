/* SPDX-License-Identifier: ISC */
#include "console/learn/predictions.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>

static bool unpack(struct slice octets, struct predictions *out)
{
    struct unpack in = {.left = octets};
    out->each = calloc(octets.len / LEARN_PREDICTION + 1, sizeof *out->each);
    while (out->each && learn_prediction_next(&in, &out->each[out->count]))
        out->count++;
    return out->each && !in.bad;
}

/* OpenSSL counts the zeros that "=" stands for. */
static size_t padding(struct slice base64)
{
    size_t count = 0;
    while (count < 2 && count < base64.len && base64.ptr[base64.len - 1 - count] == '=')
        count++;
    return count;
}

bool predictions_read(struct slice base64, struct predictions *out)
{
    *out = (struct predictions){.count = 0};
    if (base64.len > INT_MAX || base64.len % 4 != 0)
        return false;
    unsigned char *octets = malloc(base64.len / 4 * 3 + 1);
    int got =
        octets ? EVP_DecodeBlock(octets, (const unsigned char *)base64.ptr, (int)base64.len) : -1;
    size_t pad = padding(base64);
    bool ok = got >= 0 && (size_t)got >= pad &&
              unpack((struct slice){(const char *)octets, (size_t)got - pad}, out);
    free(octets);
    return ok;
}

void predictions_free(struct predictions *predictions)
{
    free(predictions->each);
    *predictions = (struct predictions){.count = 0};
}

double prediction_said(const struct learn_prediction *prediction)
{
    return (double)prediction->probability / UINT16_MAX;
}
