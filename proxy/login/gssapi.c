/* SPDX-License-Identifier: ISC */
#include "proxy/login/gssapi.h"

enum {
    NO_LAYER = 1,
    /* RFC 4121 4.2.6.2 */
    FLAGS_AT = 2,
    SEALED = 2,
    ROTATED_AT = 6,
    HEADER = 16,
    /* RFC 1964 1.2.2, RFC 4757 7.3: behind the mechanism's name */
    OLD_SIGN_AT = 2,
    OLD_SEAL_AT = 4,
    OLD_SUM_AT = 16,
    OLD_SUM = 8,
    OLD_SUM_OF_DES3 = 20,
    OLD_CONFOUNDER = 8,
};

static unsigned octet(struct slice text, size_t at)
{
    return at < text.len ? (unsigned char)text.ptr[at] : 0;
}

/* What is not sealed stands behind the header, but may have been rotated. */
static unsigned layer(struct slice token)
{
    size_t len = token.len > HEADER ? token.len - HEADER : 1;
    size_t by = octet(token, ROTATED_AT) << 8 | octet(token, ROTATED_AT + 1);
    return octet(token, FLAGS_AT) & SEALED ? 0 : octet(token, HEADER + by % len);
}

/* Before AES. */
static unsigned old_layer(struct slice token)
{
    bool sealed = !slice_starts(slice_from(token, OLD_SEAL_AT), SLICE("\xff\xff"));
    size_t sum = octet(token, OLD_SIGN_AT) == 4 ? OLD_SUM_OF_DES3 : OLD_SUM;
    return sealed ? 0 : octet(token, OLD_SUM_AT + sum + OLD_CONFOUNDER);
}

/* What is in a token that names its mechanism, Kerberos (RFC 2743 3.1); else nothing. */
static struct slice unframed(struct slice message)
{
    size_t more = octet(message, 1) & 0x80 ? octet(message, 1) & 0x7f : 0;
    struct slice name = SLICE("\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02");
    struct slice rest = slice_from(message, 2 + more);
    bool framed = octet(message, 0) == 0x60 && slice_starts(rest, name);
    return framed ? slice_from(rest, name.len) : SLICE("");
}

bool gssapi_wants_layer(struct slice message)
{
    struct slice wrap = SLICE("\x05\x04"), old_wrap = SLICE("\x02\x01"), old = unframed(message);
    if (slice_starts(message, wrap))
        return layer(message) != NO_LAYER;
    return slice_starts(old, old_wrap) && old_layer(old) != NO_LAYER;
}
