/* SPDX-License-Identifier: ISC
 * An own walker, not OpenSSL's: that makes an object of each element before anybody sees the
 * content. 24 MiB of the smallest algorithm identifiers took it a second and nine times their size
 * in memory; of what is cut at its end, which other readers open, it gives nothing; and Debian's has
 * no zlib. */
#include "filters/containers/cms.h"

#include "filters/containers/ber.h"
#include "filters/containers/cms_text.h"

#define PKCS7(n) SLICE("\x2a\x86\x48\x86\xf7\x0d\x01\x07" n)
#define SMIME_CONTENT(n) SLICE("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01" n)

enum layout { NOTHING, OCTETS, ENCAPSULATED };

struct type {
    struct slice oid;
    enum cms_kind kind;
    enum layout layout;
    /* The tags of what stands before the content; behind a '?' those that may be missing. */
    struct slice before;
};

static const struct type types[] = {
    {PKCS7("\x01"), CMS_CONTENT, OCTETS, {"", 0}},
    {PKCS7("\x02"), CMS_CONTENT, ENCAPSULATED, SLICE("\x02\x31")},
    {PKCS7("\x03"), CMS_ENCRYPTED, NOTHING, {"", 0}},
    {PKCS7("\x04"), CMS_ENCRYPTED, NOTHING, {"", 0}},
    {PKCS7("\x05"), CMS_CONTENT, ENCAPSULATED, SLICE("\x02\x30")},
    {PKCS7("\x06"), CMS_ENCRYPTED, NOTHING, {"", 0}},
    /* RFC 5652 9.1, RFC 3274 1.1, RFC 5083 2.1, RFC 5544 2 */
    {SMIME_CONTENT("\x02"), CMS_CONTENT, ENCAPSULATED, SLICE("\x02?\xa0\x31\x30?\xa1")},
    {SMIME_CONTENT("\x09"), CMS_COMPRESSED, ENCAPSULATED, SLICE("\x02")},
    {SMIME_CONTENT("\x17"), CMS_ENCRYPTED, NOTHING, {"", 0}},
    {SMIME_CONTENT("\x1f"), CMS_CONTENT, OCTETS, SLICE("\x02?\x16?\x30")},
};

static const struct type *type_of(struct slice oid)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (slice_eq(types[i].oid, oid))
            return &types[i];
    return NULL;
}

static bool take_oid(struct ber *in, struct slice *oid)
{
    struct ber inside = {.rest = in->rest};
    if (!ber_enter(&inside, BER_OID) || inside.cut)
        return false;
    *oid = inside.rest;
    return ber_pass(in, BER_OID);
}

/* Into a ContentInfo, up to its content. */
static bool begin(struct slice data, struct ber *in, struct slice *oid)
{
    *in = (struct ber){.rest = data};
    return ber_enter(in, BER_SEQUENCE) && take_oid(in, oid) &&
           (slice_starts(*oid, PKCS7("")) || slice_starts(*oid, SMIME_CONTENT("")));
}

static struct slice octets_of(struct slice data, char *head)
{
    return data.len && data.ptr[0] == BER_SEQUENCE ? data : cms_text_head(data, head);
}

bool cms_is(struct slice data)
{
    char head[CMS_TEXT_HEAD];
    struct slice oid;
    struct ber in;
    return begin(octets_of(data, head), &in, &oid);
}

bool cms_is_encrypted(struct slice data)
{
    char head[CMS_TEXT_HEAD];
    struct slice oid;
    struct ber in;
    if (!begin(octets_of(data, head), &in, &oid))
        return false;
    const struct type *type = type_of(oid);
    return type && type->kind == CMS_ENCRYPTED;
}

static bool pass_all(struct ber *in, struct slice tags)
{
    for (size_t i = 0; i < tags.len; i++) {
        bool optional = tags.ptr[i] == '?';
        i += optional;
        if (!ber_pass(in, (unsigned char)tags.ptr[i]) && !optional)
            return false;
    }
    return true;
}

/* The content is octets, or before CMS (PKCS #7, 7) anything: then it is that as it stands. */
static void read_content(struct arena *arena, struct ber *in, struct cms *out)
{
    struct slice from = in->rest;
    unsigned tag = ber_peek(in);
    if (tag == 0)
        out->kind = CMS_BARE;
    else if (tag == BER_OCTETS || tag == BER_OCTETS_IN_PIECES)
        out->broken = !ber_octets(arena, in, &out->content);
    else {
        out->broken = !ber_pass(in, tag);
        out->content = slice_sub(from, 0, from.len - in->rest.len);
    }
    out->place = slice_sub(from, 0, from.len - in->rest.len);
}

/* EncapsulatedContentInfo (RFC 5652 5.2). */
static void read_encapsulated(struct arena *arena, struct ber *in, struct cms *out)
{
    struct slice oid;
    if (!ber_enter(in, BER_SEQUENCE) || !take_oid(in, &oid)) {
        out->broken = true;
        return;
    }
    const struct type *type = type_of(oid);
    if (type && type->layout != OCTETS)
        out->wraps = oid;
    if (ber_enter(in, BER_EXPLICIT_0))
        read_content(arena, in, out);
    else {
        out->kind = CMS_BARE;
        out->broken = ber_peek(in) != 0;
    }
}

/* The only algorithm is zlib; others may come. */
static bool enter_compressed(struct ber *in, struct cms *out)
{
    struct slice oid;
    struct ber algorithm = *in;
    if (!ber_enter(&algorithm, BER_SEQUENCE) || !take_oid(&algorithm, &oid) ||
        !ber_pass(in, BER_SEQUENCE))
        return false;
    if (!slice_eq(oid, SLICE("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x03\x08")))
        out->kind = CMS_OTHER;
    return true;
}

static void read_typed(struct arena *arena, struct ber *in, const struct type *type,
                       struct cms *out)
{
    bool plain = type->layout == OCTETS && type->before.len == 0;
    if (!ber_enter(in, BER_EXPLICIT_0)) {
        out->kind = CMS_BARE;
        out->broken = ber_peek(in) != 0;
        return;
    }
    if (!plain && (!ber_enter(in, BER_SEQUENCE) || !pass_all(in, type->before) ||
                   (type->kind == CMS_COMPRESSED && !enter_compressed(in, out)))) {
        out->broken = true;
        return;
    }
    if (type->layout == OCTETS)
        read_content(arena, in, out);
    else
        read_encapsulated(arena, in, out);
}

bool cms_open(struct arena *arena, struct slice data, struct cms *out)
{
    struct slice oid;
    struct ber in;
    bool text = data.len == 0 || data.ptr[0] != BER_SEQUENCE;
    *out = (struct cms){.kind = CMS_OTHER};
    if (text)
        data = cms_text_decode(arena, data);
    if (!data.ptr)
        return false;
    const struct type *type = begin(data, &in, &oid) ? type_of(oid) : NULL;
    if (type)
        out->kind = type->kind;
    if (type && type->layout != NOTHING)
        read_typed(arena, &in, type, out);
    out->broken = out->broken || in.cut;
    if (text)
        out->place = (struct slice){0};
    return !arena_failed(arena);
}

struct slice cms_wrap(struct arena *arena, struct slice wraps, struct slice content)
{
    struct slice tag = arena_printf(arena, "\x06%c", (int)wraps.len);
    return ARENA_JOIN(arena, SLICE("\x30\x80"), tag, wraps, SLICE("\xa0\x80"), content,
                      SLICE("\0\0\0\0"));
}
