/* SPDX-License-Identifier: ISC
 * Archives that stand behind something else: a self-extracting program, a picture. Unpackers show the
 * first that they can read, which need not be the first that is read here. */
#include "filters/archive/archive_walk.h"
#include "filters/archive/signs.h"
#include "filters/cpu_budget.h"
#include "filters/mime/bytes.h"

enum { TRIES_MAX = 16, FAILURES_MAX = 1000, OCTETS = 256, TRY_OCTETS = 64 };

struct search {
    struct archive_walk *walk;
    struct slice content;
    uint32_t wanted;          /* signs that are still sought, a bit each ... */
    size_t from[SIGNS_COUNT]; /* ... from there on: before, they are of one that was read */
    unsigned tries, failures; /* that were, and were not, of one */
    bool found;
};

_Static_assert(SIGNS_COUNT <= 32, "a bit for each sign");

static bool list(struct archive_walk *walk, enum unpack_format format, struct slice inner)
{
    size_t before = walk->members;
    walk->stopped = false;
    walk->position = 0;
    if (unpack_is_stream(format))
        archive_stream_list(walk, format, inner);
    else if (format == UNPACK_NONE)
        archive_report_add(walk->report, "unsupported");
    else if (!archive_any_list(walk, format, inner) && !walk->report->why)
        archive_report_add(walk->report, "corrupt");
    return walk->members > before;
}

static bool may_try(struct search *s)
{
    if (s->tries < TRIES_MAX && s->failures < FAILURES_MAX)
        return true;
    archive_report_add(s->walk->report, "limit: archives");
    s->wanted = 0;
    return false;
}

/* What only looks like the kind leaves no trace, nor does what a document's layout has scattered. */
static void try_sign(struct search *s, unsigned number, size_t at)
{
    const struct sign *sign = &signs[number];
    struct archive_walk *walk = s->walk;
    struct archive_report before = *walk->report;
    bool listed = list(walk, sign->format, slice_from(s->content, at));
    bool opens = sign->format != UNPACK_NONE, stream = unpack_is_stream(sign->format);
    bool traceless = !listed && opens && (!sign->sure || walk->lenient) && !walk->report->limit &&
                     !walk->report->encrypted;
    if (traceless)
        *walk->report = before;
    s->tries += !traceless;
    s->failures += traceless;
    /* Of a stream unpackers look at its first octets alone, so the first is what they show. */
    if (!opens || (listed && stream))
        s->wanted &= ~(1U << number);
    s->from[number] = at + (listed ? walk->position : 0) + 1;
    s->found = s->found || !traceless;
}

/* Those whose signature is at `at`. */
static void look_at(struct search *s, size_t at, uint32_t may)
{
    for (unsigned i = 0; i < SIGNS_COUNT; i++) {
        const struct sign *sign = &signs[i];
        if (!(may & s->wanted & 1U << i) || !bytes_are(s->content, at, sign->signature) ||
            at < sign->at || at - sign->at < s->from[i])
            continue;
        size_t start = at - sign->at;
        bool image = sign->format == UNPACK_ISO && start == 0; /* see list_images */
        if (!image && !cpu_budget_spent(TRY_OCTETS) && sign->fits(slice_from(s->content, start)) &&
            may_try(s))
            try_sign(s, i, start);
    }
}

static void search(struct search *s)
{
    uint32_t first[OCTETS] = {0}, second[OCTETS] = {0};
    const struct slice content = s->content;
    for (unsigned i = 0; i < SIGNS_COUNT; i++) {
        first[(uint8_t)signs[i].signature.ptr[0]] |= 1U << i;
        second[(uint8_t)signs[i].signature.ptr[1]] |= 1U << i;
    }
    uint32_t begun = 0; /* by the octet before */
    for (size_t at = 0; at < content.len; at++) {
        uint8_t octet = (uint8_t)content.ptr[at];
        uint32_t may = begun & second[octet];
        begun = first[octet];
        if (may & s->wanted)
            look_at(s, at - 1, may);
    }
}

static bool is_document(struct slice type, struct slice content)
{
    return slice_starts(content, SLICE("\xd0\xcf\x11\xe0")) || slice_starts(content, SLICE("PK")) ||
           slice_eq(type, SLICE("application/zip"));
}

bool archive_hidden_list(struct archive_walk *walk, struct slice type, struct slice content)
{
    struct search s = {.walk = walk, .content = content};
    bool document = is_document(type, content);
    walk->lenient =
        slice_starts(content, SLICE("\xd0\xcf\x11\xe0")) || slice_starts(content, SLICE("%PDF-"));
    s.found = archive_zip_list(walk, content);
    for (unsigned i = 0; i < SIGNS_COUNT; i++)
        if (!document || signs[i].everywhere)
            s.wanted |= 1U << i;
    search(&s);
    return s.found;
}
