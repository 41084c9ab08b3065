/* SPDX-License-Identifier: ISC */
#include "filters/dns/dns_wire.h"

#include <stdio.h>
#include <string.h>

enum {
    HEADER_SIZE = 12,
    QUESTION_TAIL = 4, /* type and class */
    CLASS_IN = 1,
    NAME_OCTETS_MAX = 255,
    NAME_TEXT_MAX = 4 * NAME_OCTETS_MAX,
    POINTERS_MAX = 128,
    POINTER = 0xc0,
    FLAG_RESPONSE = 0x80,
    FLAG_TRUNCATED = 0x02,
    RCODE_MASK = 0x0f,
    RCODE_NO_NAME = 3,
};

struct wire_reader {
    struct slice packet;
    size_t at;
};

struct name {
    size_t len;
    char text[NAME_TEXT_MAX];
};

struct wire_record {
    struct name owner;
    unsigned type, class;
    size_t data, end; /* of its data, in the packet */
};

/* The answer section is walked twice: to count, then, with room made, to keep. */
struct answer_walk {
    struct slice packet;
    enum dns_type type;
    struct arena *arena;
    struct dns_record *records; /* NULL while counting */
    size_t count, text;
    struct name current; /* what CNAMEs have led to */
};

static unsigned octet(struct slice s, size_t at)
{
    return (unsigned char)s.ptr[at];
}

static bool has(const struct wire_reader *in, size_t count)
{
    return in->packet.len - in->at >= count;
}

static bool read_u16(struct wire_reader *in, unsigned *out)
{
    if (!has(in, 2))
        return false;
    *out = octet(in->packet, in->at) << 8 | octet(in->packet, in->at + 1);
    in->at += 2;
    return true;
}

static bool skip(struct wire_reader *in, size_t count)
{
    if (!has(in, count))
        return false;
    in->at += count;
    return true;
}

/* ---- names ---- */

static void add_octet(struct name *name, char c)
{
    if (c > ' ' && c <= '~' && c != '.' && c != '\\')
        name->text[name->len++] = ascii_lower(c);
    else
        name->len += (size_t)snprintf(name->text + name->len, 5, "\\%03u", (unsigned char)c);
}

static void add_label(struct name *name, struct slice label)
{
    if (name->len > 0)
        name->text[name->len++] = '.';
    for (size_t i = 0; i < label.len; i++)
        add_octet(name, label.ptr[i]);
}

/* Where a pointer leads; each must lead before the labels that it ends, so that there is an end. */
static bool follow(struct wire_reader *in, size_t *start, unsigned *pointers)
{
    unsigned target;
    if (!read_u16(in, &target))
        return false;
    target &= ~(unsigned)(POINTER << 8);
    if (target >= *start || ++*pointers > POINTERS_MAX)
        return false;
    *start = in->at = target;
    return true;
}

/* RFC 1035 4.1.4 */
static bool read_name(struct wire_reader *in, struct name *name)
{
    struct wire_reader r = *in;
    size_t start = r.at, octets = 1;
    unsigned pointers = 0;
    name->len = 0;
    while (has(&r, 1)) {
        size_t length = octet(r.packet, r.at);
        if ((length & POINTER) == POINTER) {
            if (pointers == 0)
                in->at = r.at + 2;
            if (!follow(&r, &start, &pointers))
                return false;
            continue;
        }
        octets += length + 1;
        r.at++;
        if (length & POINTER || (length > 0 && octets > NAME_OCTETS_MAX) || !has(&r, length))
            return false;
        if (length == 0) {
            if (pointers == 0)
                in->at = r.at;
            return true;
        }
        add_label(name, slice_sub(r.packet, r.at, r.at + length));
        r.at += length;
    }
    return false;
}

static bool same_name(const struct name *a, const struct name *b)
{
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* ---- the data of records ---- */

static bool keep_text(struct answer_walk *w, struct slice text, struct slice *out)
{
    w->text += text.len;
    if (w->records)
        *out = arena_copy(w->arena, text);
    return w->text <= DNS_WIRE_TEXT_MAX && (!w->records || out->ptr);
}

static bool read_address(const struct answer_walk *w, const struct wire_record *record,
                         struct dns_record *out)
{
    size_t length = w->type == DNS_A ? 4 : 16;
    if (record->end - record->data != length)
        return false;
    out->ip.family = w->type == DNS_A ? 4 : 6;
    memcpy(out->ip.bytes, w->packet.ptr + record->data, length);
    return true;
}

static bool read_target(struct answer_walk *w, const struct wire_record *record,
                        struct dns_record *out)
{
    struct wire_reader in = {w->packet, record->data};
    struct name name;
    unsigned preference;
    if (w->type == DNS_MX) {
        if (!read_u16(&in, &preference))
            return false;
        out->preference = (uint16_t)preference;
    }
    return read_name(&in, &name) && in.at == record->end &&
           keep_text(w, (struct slice){name.text, name.len}, &out->text);
}

/* Its strings (RFC 1035 3.3.14), joined. */
static bool read_strings(struct answer_walk *w, const struct wire_record *record,
                         struct dns_record *out)
{
    size_t octets = record->end - record->data, used = 0, at = record->data;
    char *text = w->records ? arena_alloc(w->arena, octets + 1) : NULL;
    if (octets == 0 || (w->records && !text))
        return false;
    while (at < record->end) {
        size_t length = octet(w->packet, at++);
        if (length > record->end - at)
            return false;
        if (text)
            memcpy(text + used, w->packet.ptr + at, length);
        used += length;
        at += length;
    }
    out->text = (struct slice){text, used};
    w->text += used;
    return w->text <= DNS_WIRE_TEXT_MAX;
}

static bool read_data(struct answer_walk *w, const struct wire_record *record,
                      struct dns_record *out)
{
    switch (w->type) {
    case DNS_A:
    case DNS_AAAA:
        return read_address(w, record, out);
    case DNS_TXT:
        return read_strings(w, record, out);
    default:
        return read_target(w, record, out);
    }
}

/* ---- the answer section ---- */

static bool read_record(struct wire_reader *in, struct wire_record *record)
{
    unsigned length;
    if (!read_name(in, &record->owner) || !read_u16(in, &record->type) ||
        !read_u16(in, &record->class) || !skip(in, 4) || !read_u16(in, &length))
        return false;
    record->data = in->at;
    record->end = in->at + length;
    return skip(in, length);
}

static bool take_record(struct answer_walk *w, const struct wire_record *record)
{
    struct dns_record out = {.preference = 0};
    if (record->class != CLASS_IN || !same_name(&record->owner, &w->current))
        return true;
    if (record->type == (unsigned)w->type) {
        if (w->count == DNS_WIRE_RECORDS_MAX || !read_data(w, record, &out))
            return false;
        if (w->records)
            w->records[w->count] = out;
        w->count++;
    } else if (record->type == DNS_CNAME) {
        struct wire_reader in = {w->packet, record->data};
        return read_name(&in, &w->current) && in.at == record->end;
    }
    return true;
}

static bool walk_answers(struct answer_walk *w)
{
    struct wire_reader in = {w->packet, HEADER_SIZE};
    struct wire_record record;
    unsigned answers = octet(w->packet, 6) << 8 | octet(w->packet, 7);
    w->count = w->text = 0;
    if (!read_name(&in, &w->current) || !skip(&in, QUESTION_TAIL))
        return false;
    for (unsigned i = 0; i < answers; i++)
        if (!read_record(&in, &record) || !take_record(w, &record))
            return false;
    return true;
}

static bool is_whole_response(struct slice packet)
{
    return packet.len >= HEADER_SIZE && octet(packet, 2) & FLAG_RESPONSE &&
           !(octet(packet, 2) & FLAG_TRUNCATED) && octet(packet, 4) == 0 && octet(packet, 5) == 1;
}

void dns_wire_read(struct slice packet, enum dns_type type, struct arena *arena,
                   struct dns_answer *answer)
{
    struct answer_walk w = {.packet = packet, .type = type, .arena = arena};
    *answer = (struct dns_answer){.status = DNS_FAILED};
    if (!is_whole_response(packet) || !walk_answers(&w))
        return;
    unsigned rcode = octet(packet, 3) & RCODE_MASK;
    if (rcode == RCODE_NO_NAME)
        answer->status = DNS_NO_NAME;
    if (rcode == 0 && w.count == 0)
        answer->status = DNS_NO_DATA;
    if (rcode != 0 || w.count == 0)
        return;
    w.records = arena_array(arena, w.count, sizeof *w.records);
    if (w.records && walk_answers(&w))
        *answer = (struct dns_answer){.status = DNS_FOUND, .records = w.records, .count = w.count};
}

/* ---- questions ---- */

static bool is_plain(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '-' || c == '_';
}

static size_t write_label(struct slice label, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < label.len; i++)
        if (is_plain(label.ptr[i]))
            out[n++] = ascii_lower(label.ptr[i]);
        else
            n += (size_t)snprintf(out + n, 5, "\\%03u", (unsigned char)label.ptr[i]);
    return n;
}

bool dns_question(struct slice name, char out[static DNS_QUESTION_SIZE])
{
    struct slice label;
    size_t n = 0;
    if (!dns_name_can_exist(name))
        return false;
    for (bool more = true; more;) {
        more = slice_cut(name, '.', &label, &name);
        n += write_label(label, out + n);
        if (more)
            out[n++] = '.';
    }
    out[n] = '\0';
    return true;
}
