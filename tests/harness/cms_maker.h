/* SPDX-License-Identifier: ISC
 * Cryptographic messages, element by element: in DER, or in BER with indefinite lengths. */
#ifndef TESTS_HARNESS_CMS_MAKER_H
#define TESTS_HARNESS_CMS_MAKER_H

#include "base/buf.h"
#include "tests/harness/unit.h"

#define OID_DATA SLICE("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01")
#define OID_SIGNED SLICE("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02")
#define OID_ENVELOPED SLICE("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03")
#define OID_DIGESTED SLICE("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x05")
#define OID_AUTHENTICATED SLICE("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x02")
#define OID_COMPRESSED SLICE("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09")
#define OID_AUTH_ENVELOPED SLICE("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17")
#define OID_STAMPED SLICE("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x1f")
#define OID_ZLIB SLICE("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x03\x08")

static inline void put_element(struct buf *to, int tag, struct slice content)
{
    buf_char(to, (char)tag);
    if (content.len < 0x80)
        buf_char(to, (char)content.len);
    else {
        buf_char(to, (char)0x83);
        buf_char(to, (char)(content.len >> 16));
        buf_char(to, (char)(content.len >> 8));
        buf_char(to, (char)content.len);
    }
    assert_true(buf_append(to, content));
}

static inline void put_endless(struct buf *to, int tag, struct slice content)
{
    buf_char(to, (char)tag);
    buf_char(to, (char)0x80);
    buf_append(to, content);
    assert_true(buf_append(to, SLICE("\0\0")));
}

/* Wraps what `b` holds. */
static inline void wrap_in(struct buf *b, int tag, bool endless, struct slice before)
{
    struct buf inner = *b;
    struct buf whole = buf_init(b->max);
    buf_append(&whole, before);
    buf_append(&whole, buf_slice(&inner));
    *b = buf_init(inner.max);
    if (endless)
        put_endless(b, tag, buf_slice(&whole));
    else
        put_element(b, tag, buf_slice(&whole));
    buf_release(&whole);
    buf_release(&inner);
}

/* The octets of an OID with their tag, in `room`. */
static inline struct slice oid_element(struct slice oid, char room[32])
{
    struct buf b = buf_over(room, 32);
    put_element(&b, 0x06, oid);
    return buf_slice(&b);
}

/* An element that holds the content, between what a type has before it and nothing behind it. With
 * no `element`, the content is left out. To be released. */
static inline struct buf make_cms(struct slice oid, struct slice before, struct slice inner_oid,
                                  const struct slice *element, bool endless)
{
    struct buf b = buf_init(1 << 20);
    char room[32];
    if (element) {
        buf_append(&b, *element);
        wrap_in(&b, 0xa0, endless, SLICE(""));
    }
    wrap_in(&b, 0x30, endless, oid_element(inner_oid, room));
    wrap_in(&b, 0x30, endless, before);
    wrap_in(&b, 0xa0, endless, SLICE(""));
    wrap_in(&b, 0x30, endless, oid_element(oid, room));
    return b;
}

/* Signed, with the content in one piece. */
static inline struct buf make_signed(struct slice content, bool endless)
{
    struct buf octets = buf_init(1 << 20);
    put_element(&octets, 0x04, content);
    struct slice element = buf_slice(&octets);
    struct buf b = make_cms(OID_SIGNED, SLICE("\x02\1\1\x31\0"), OID_DATA, &element, endless);
    buf_release(&octets);
    return b;
}

#endif
