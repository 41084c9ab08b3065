/* SPDX-License-Identifier: ISC
 * Sections of OneNote, made by hand: files, what they are called, and what says so. */
#ifndef TESTS_HARNESS_ONENOTE_MAKER_H
#define TESTS_HARNESS_ONENOTE_MAKER_H

#include "tests/harness/makers.h"

#include <stdio.h>

#define ONE_SECTION SLICE("\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3")
#define ONE_STORE SLICE("\x3f\xdd\x9a\x10\x1b\x91\xf5\x49\xa5\xd0\x17\x91\xed\xc8\xae\xd8")
#define ONE_FILE SLICE("\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac")
#define ONE_FOOTER SLICE("\x22\xa7\xfb\x71\x79\x0f\x0b\x4a\xbb\x13\x89\x92\x56\x42\x6b\x24")
#define ONE_FRAGMENT SLICE("\xc4\xf4\xf7\xf5\xb1\x7a\x56\xa4")

enum { ONE_FORM_AT = 48, ONE_LENGTH_AT = 196, ONE_HEADER = 1024 };

static inline void one_patch(struct buf *b, size_t at, uint64_t value, unsigned octets)
{
    for (unsigned i = 0; i < octets; i++)
        b->data[b->head + at + i] = (char)(value >> (8 * i));
}

static inline struct buf one_begin(void)
{
    struct buf b = buf_init(1 << 22);
    buf_append(&b, ONE_SECTION);
    put_zeros(&b, ONE_FORM_AT - ONE_SECTION.len);
    buf_append(&b, ONE_STORE);
    put_zeros(&b, ONE_HEADER - ONE_FORM_AT - ONE_STORE.len);
    return b;
}

/* Where it lies. */
static inline size_t one_file(struct buf *b, struct slice content)
{
    put_zeros(b, (8 - buf_len(b) % 8) % 8);
    size_t at = buf_len(b);
    buf_append(b, ONE_FILE);
    put(b, content.len, 8);
    put_zeros(b, 12);
    buf_append(b, content);
    put_zeros(b, (8 - (buf_len(b) + ONE_FOOTER.len - at) % 8) % 8);
    buf_append(b, ONE_FOOTER);
    return at;
}

static inline void one_wide(struct buf *b, const char *text)
{
    for (; *text; text++)
        put(b, (unsigned char)*text, 2);
}

/* The properties of an attached file, behind one with others within: where they lie, and *len. */
static inline size_t one_properties(struct buf *b, const char *name, uint32_t container,
                                    size_t *len)
{
    size_t at = buf_len(b);
    put(b, 0x80000001, 4);
    put(b, container, 4);
    put(b, 4, 2);
    put(b, 0x14001c01, 4);
    put(b, 0x40003489, 4);
    put(b, 0x20001d9b, 4);
    put(b, 0x1c001d9c, 4);
    put(b, 7, 4);
    put(b, 2, 4); /* two sets, of one property each */
    put(b, 0x44000001, 4);
    for (unsigned i = 0; i < 2; i++) {
        put(b, 1, 2);
        put(b, 0x0c000002, 4);
        put(b, 9, 1);
    }
    put(b, 2 * strlen(name), 4);
    one_wide(b, name);
    *len = buf_len(b) - at;
    return at;
}

static inline void one_nodes(struct buf *b, uint32_t list)
{
    buf_append(b, ONE_FRAGMENT);
    put(b, list, 4);
    put(b, 0, 4);
}

/* The head of a node with `more` octets behind it; a reference has eight octets and four. */
static inline void one_node(struct buf *b, unsigned id, bool refers, size_t more)
{
    put(b, id | (4 + more) << 10 | (refers ? 1U << 27 : 0), 4);
}

static inline void one_guid(struct buf *b, unsigned number)
{
    buf_append(b, SLICE("\x33\x22\x11\0\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee"));
    put(b, number, 1);
}

static inline void one_node_of_file(struct buf *b, unsigned guid, size_t at)
{
    one_node(b, 0x94, true, 12 + 16);
    put(b, at, 8);
    put(b, 0, 4);
    one_guid(b, guid);
}

static inline void one_node_of_declaration(struct buf *b, uint32_t object, unsigned guid,
                                           const char *extension)
{
    char text[64];
    int len = snprintf(text, sizeof text, "<ifndf>{00112233-4455-6677-8899-AABBCCDDEE%02X}", guid);
    one_node(b, 0x72, false, 9 + 4 + 2 * (size_t)len + 4 + 2 * strlen(extension));
    put(b, object, 4);
    put(b, 0x80039, 4);
    put(b, 1, 1);
    put(b, (size_t)len, 4);
    one_wide(b, text);
    put(b, strlen(extension), 4);
    one_wide(b, extension);
}

static inline void one_node_of_object(struct buf *b, size_t at, size_t len)
{
    one_node(b, 0xa4, true, 12 + 10);
    put(b, at, 8);
    put(b, len, 4);
    put(b, 0x101, 4);
    put(b, 0x60035, 4);
    put(b, 0, 2);
}

/* Nodes end: with a footer, and at the length that the header tells. */
static inline void one_end(struct buf *b)
{
    put(b, 0xff | 4 << 10, 4);
    put_zeros(b, 12);
    buf_append(b, SLICE("\x4b\xba\x33\x82\xc3\x15\xc2\x8b"));
    one_patch(b, ONE_LENGTH_AT, buf_len(b), 8);
}

/* A section with one attached file. */
static inline struct buf one_with(const char *name, const char *extension, struct slice content)
{
    struct buf b = one_begin();
    size_t len, at = one_file(&b, content);
    size_t properties = one_properties(&b, name, 0x201, &len);
    one_nodes(&b, 0x10);
    one_node_of_file(&b, 1, at);
    one_end(&b);
    one_nodes(&b, 0x11);
    one_node_of_declaration(&b, 0x201, 1, extension);
    one_node_of_object(&b, properties, len);
    one_end(&b);
    return b;
}

#endif
