/* SPDX-License-Identifier: ISC
 * The header of a part: what it is, how it is encoded, what it is called, where its parts end. */
#include "base/utf8.h"
#include "filters/mime/charset.h"
#include "filters/mime/headers.h"
#include "filters/mime/mime_internal.h"
#include "filters/mime/params.h"
#include "filters/mime/words.h"

#include <string.h>

enum { SAME_FIELDS_MAX = 8, VALUES_MAX = 12, LOOSE_MAX = 16 };

/* The MIME fields of one header block, unfolded, duplicates included. */
struct field_values {
    struct slice list[SAME_FIELDS_MAX];
    struct params params[SAME_FIELDS_MAX];
    size_t n;
};

struct mime_fields {
    struct field_values type, encoding, disposition, location;
    bool any, version;
};

struct entity_reader {
    struct mime_parser *p;
    size_t part;
    struct mime_fields fields;
    struct malformations odd;
};

static void add_odd(struct entity_reader *r, enum malformation m)
{
    malformations_add(&r->odd, m);
}

static struct mime_part *part_of(struct entity_reader *r)
{
    return &r->p->message->parts[r->part];
}

/* Lower case; what is not printable ASCII becomes '?'. */
static struct slice harmless(struct arena *arena, struct slice s)
{
    char *out = arena_cstr(arena, s);
    if (!out)
        return (struct slice){"?", 1};
    for (size_t i = 0; i < s.len; i++)
        out[i] = out[i] > ' ' && out[i] <= '~' ? ascii_lower(out[i]) : '?';
    return (struct slice){out, s.len};
}

/* ---- collecting the fields */

static struct field_values *values_of(struct mime_fields *fields, struct slice name)
{
    static const struct slice TYPE = SLICE("content-type"),
                              ENCODING = SLICE("content-transfer-encoding"),
                              DISPOSITION = SLICE("content-disposition"),
                              LOCATION = SLICE("content-location");
    return slice_ieq(name, TYPE)          ? &fields->type
           : slice_ieq(name, ENCODING)    ? &fields->encoding
           : slice_ieq(name, DISPOSITION) ? &fields->disposition
           : slice_ieq(name, LOCATION)    ? &fields->location
                                          : NULL;
}

/* A name as a careless program would read it: letters and hyphens only. */
static struct slice bare_name(struct arena *arena, struct slice name)
{
    char *out = arena_cstr(arena, slice_sub(name, 0, 100));
    size_t n = 0;
    for (size_t i = 0; out && i < name.len && i < 100; i++)
        if (ascii_alpha(name.ptr[i]) || name.ptr[i] == '-')
            out[n++] = name.ptr[i];
    return (struct slice){out, n};
}

static bool mime_in_fold(struct slice raw)
{
    struct line line;
    for (size_t at = 0; line_at(raw, at, &line); at = line.next) {
        struct slice text = slice_trim(line.text);
        if (at > 0 &&
            (slice_istarts(text, SLICE("content-")) ||
             slice_istarts(text, SLICE("mime-version"))) &&
            slice_find(text, ':') < text.len)
            return true;
    }
    return false;
}

static void odd_field(struct entity_reader *r, const struct header *field)
{
    if (!field->has_colon) {
        bool in_part = part_of(r)->parent >= 0 &&
                       r->p->message->parts[part_of(r)->parent].kind == MIME_MULTIPART;
        bool broken_mime = slice_icontains(slice_sub(field->raw, 0, 26), SLICE("content-")) ||
                           slice_icontains(slice_sub(field->raw, 0, 26), SLICE("boundary"));
        add_odd(r, in_part || broken_mime ? MALFORMATION_HEADER_JUNK_IN_PART
                                          : MALFORMATION_HEADER_WITHOUT_COLON);
    } else {
        struct slice bare = bare_name(r->p->arena, field->name);
        bool mime = slice_istarts(bare, SLICE("content-")) ||
                    slice_ieq(bare, SLICE("mime-version")) ||
                    (field->name.len == 0 && part_of(r)->parent >= 0);
        add_odd(r, mime ? MALFORMATION_MIME_HEADER_BAD_NAME : MALFORMATION_HEADER_BAD_NAME);
    }
    if (mime_in_fold(field->raw))
        add_odd(r, MALFORMATION_HEADER_HIDDEN_IN_FOLD);
}

static void check_folds(struct entity_reader *r, struct slice raw)
{
    struct line line;
    for (size_t at = 0; line_at(raw, at, &line); at = line.next)
        if (line_is_blank(line.text) && at > 0)
            add_odd(r, MALFORMATION_HEADER_BLANK_FOLD);
}

static void take_field(struct entity_reader *r, struct header *field)
{
    struct arena *arena = r->p->arena;
    if (!field->has_colon || field->odd_name)
        odd_field(r, field);
    if (!field->has_colon)
        return;
    struct slice name = field->odd_name ? bare_name(arena, field->name) : field->name;
    r->fields.version = r->fields.version || slice_ieq(name, SLICE("mime-version"));
    part_of(r)->has_content_id = part_of(r)->has_content_id || slice_ieq(name, SLICE("content-id"));
    struct field_values *values = values_of(&r->fields, name);
    if (!values)
        return;
    check_folds(r, field->raw);
    r->fields.any = true;
    if (field->raw.len > r->p->limits->header) {
        add_odd(r, MALFORMATION_HEADER_TOO_LARGE);
        field->value = slice_sub(field->value, 0, r->p->limits->header);
    }
    struct slice value = header_unfold(arena, field->value);
    if (values->n == SAME_FIELDS_MAX || !value.ptr) {
        add_odd(r, MALFORMATION_TOO_MANY_PARAMETERS);
        return;
    }
    values->list[values->n++] = value;
}

static void check_octets(struct entity_reader *r, struct slice block)
{
    size_t plain = 0;
    for (size_t cr = slice_find(block, '\r'); cr < block.len;
         cr += 1 + slice_find(slice_from(block, cr + 1), '\r'))
        if (cr + 1 == block.len || block.ptr[cr + 1] != '\n')
            add_odd(r, MALFORMATION_BARE_CR_IN_HEADER);
    if (slice_find(block, '\0') < block.len)
        add_odd(r, MALFORMATION_NUL_IN_HEADER);
    while (plain < block.len && (unsigned char)block.ptr[plain] < 0x80)
        plain++;
    if (plain < block.len)
        add_odd(r, utf8_valid(block) ? MALFORMATION_EIGHT_BIT_HEADER
                                     : MALFORMATION_EIGHT_BIT_HEADER_UNKNOWN);
}

static void parse_params(struct entity_reader *r, struct field_values *values)
{
    for (size_t i = 0; i < values->n; i++) {
        if (!params_parse(r->p->arena, values->list[i], r->p->limits->params, &values->params[i]))
            mime_cap_reached(r->p, MALFORMATION_TOO_MUCH_WORK);
        if (values->params[i].odd)
            add_odd(r, MALFORMATION_PARAMETER_SYNTAX);
        if (values->params[i].too_many)
            add_odd(r, MALFORMATION_TOO_MANY_PARAMETERS);
    }
}

/* The message begins with text where its first field should be. */
static void check_missing_header(struct entity_reader *r)
{
    struct slice text = slice_from(r->p->text, part_of(r)->header.to);
    struct header field;
    if (part_of(r)->headers.len == 0 && headers_next(&text, &field) && slice_trim(field.raw).len)
        odd_field(r, &field);
}

static void collect(struct entity_reader *r)
{
    struct slice block = part_of(r)->headers;
    struct header field;
    if (block.len > r->p->limits->header_block) {
        add_odd(r, MALFORMATION_HEADER_TOO_LARGE);
        block = slice_sub(block, 0, r->p->limits->header_block);
    }
    check_octets(r, block);
    if (part_of(r)->parent < 0)
        check_missing_header(r);
    while (headers_next(&block, &field))
        take_field(r, &field);
    if (part_of(r)->parent < 0 && r->fields.any && !r->fields.version)
        add_odd(r, MALFORMATION_NO_MIME_VERSION);
    parse_params(r, &r->fields.type);
    parse_params(r, &r->fields.disposition);
}

/* ---- the type */

static bool is_token(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] <= ' ' || s.ptr[i] >= 0x7f || strchr("()<>@,;:\\\"/[]?=", s.ptr[i]))
            return false;
    return s.len > 0;
}

static struct slice clean_type(struct entity_reader *r, struct slice main)
{
    struct slice head, tail;
    if (slice_cut(main, '/', &head, &tail) && is_token(head) && is_token(tail))
        return harmless(r->p->arena, main);
    add_odd(r, MALFORMATION_TYPE_MALFORMED);
    struct slice text = words_decode(r->p->arena, main, &r->odd);
    char *out = text.ptr ? arena_cstr(r->p->arena, text) : NULL;
    size_t n = 0;
    for (size_t i = 0; out && i < text.len; i++)
        if (text.ptr[i] > ' ' && text.ptr[i] < 0x7f && !strchr("\\\"()", text.ptr[i]))
            out[n++] = ascii_lower(text.ptr[i]);
    struct slice clean = {out, n};
    if (slice_starts(clean, SLICE("multipart")) || slice_starts(clean, SLICE("message")))
        add_odd(r, MALFORMATION_CONTAINER_TYPE_MALFORMED);
    return clean;
}

static unsigned revealing(struct slice type)
{
    return slice_starts(type, SLICE("multipart"))  ? 2
           : slice_starts(type, SLICE("message/")) ? 1
                                                   : 0;
}

static void read_type(struct entity_reader *r)
{
    struct mime_part *part = part_of(r);
    struct field_values *v = &r->fields.type;
    struct slice best = {"", 0};
    for (size_t i = 0; i < v->n; i++) {
        struct slice type = clean_type(r, v->params[i].main);
        if (i > 0 && !slice_eq(type, best) && (revealing(type) || revealing(best)))
            add_odd(r, MALFORMATION_CONFLICTING_CONTENT_TYPE);
        else if (i > 0)
            add_odd(r, MALFORMATION_DUPLICATE_CONTENT_TYPE);
        if (best.len == 0 || revealing(type) > revealing(best))
            best = type;
    }
    if (best.len)
        part->type = best;
    struct slice charset;
    if (v->n && params_values(r->p->arena, &v->params[0], SLICE("charset"), &charset, 1))
        part->charset = harmless(r->p->arena, slice_trim(slice_sub(charset, 0, 64)));
    if (part->charset.len && charset_kind(part->charset) == CHARSET_UTF7)
        add_odd(r, MALFORMATION_CHARSET_UTF7);
    else if (part->charset.len && charset_kind(part->charset) == CHARSET_UNKNOWN)
        add_odd(r, MALFORMATION_CHARSET_UNKNOWN);
    if (slice_eq(part->type, SLICE("message/partial")))
        add_odd(r, MALFORMATION_PARTIAL);
    if (slice_eq(part->type, SLICE("message/external-body")))
        add_odd(r, MALFORMATION_EXTERNAL_BODY);
}

/* ---- the encoding */

static void read_encoding(struct entity_reader *r)
{
    /* which of two encodings shows more */
    static const int weight[] = {[MIME_IDENTITY] = 0,
                                 [MIME_ENCODING_UNKNOWN] = 1,
                                 [MIME_QP] = 2,
                                 [MIME_UUENCODE] = 3,
                                 [MIME_BASE64] = 4};
    struct field_values *v = &r->fields.encoding;
    enum mime_encoding best = MIME_IDENTITY;
    for (size_t i = 0; i < v->n; i++) {
        enum mime_encoding e = mime_encoding_of(r->p->arena, v->list[i], &r->odd);
        part_of(r)->eight_bit |=
            slice_icontains(v->list[i], SLICE("8")) || slice_icontains(v->list[i], SLICE("binary"));
        if (i > 0)
            add_odd(r, e == best ? MALFORMATION_DUPLICATE_ENCODING
                                 : MALFORMATION_CONFLICTING_ENCODING);
        if (i == 0 || weight[e] > weight[best])
            best = e;
    }
    if (best == MIME_UUENCODE)
        add_odd(r, MALFORMATION_ENCODING_UUENCODE);
    part_of(r)->encoding = best;
}

/* ---- names */

/* Continuations may be spread over duplicated fields: the parameters of all of them as one. */
static struct params merged(struct arena *arena, const struct field_values *v)
{
    struct params all = {.n = 0};
    size_t n = 0;
    for (size_t i = 0; i < v->n; i++)
        n += v->params[i].n;
    all.items = arena_array(arena, n ? n : 1, sizeof *all.items);
    for (size_t i = 0; all.items && i < v->n; i++)
        for (size_t k = 0; k < v->params[i].n; k++)
            all.items[all.n++] = v->params[i].items[k];
    return all;
}

/* Pieces of name*N that do not run from 0 on: what is missing may stand elsewhere. */
static bool has_gaps(const struct params *params, struct slice name)
{
    uint64_t seen = 0;
    for (size_t i = 0; i < params->n; i++)
        if (slice_eq(params->items[i].name, name) && params->items[i].section >= 0 &&
            params->items[i].section < 64)
            seen |= UINT64_C(1) << params->items[i].section;
    return (seen & (seen + 1)) != 0;
}

static void add_names(struct entity_reader *r, struct names *names, const struct field_values *v,
                      const char *param, enum mime_name_source source)
{
    struct slice values[VALUES_MAX];
    struct params all = merged(r->p->arena, v);
    size_t n = params_values(r->p->arena, &all, slice_of(param), values, VALUES_MAX);
    if (has_gaps(&all, slice_of(param)))
        add_odd(r, MALFORMATION_NAME_CONTINUATION);
    for (size_t i = 0; i < n; i++)
        names_add(names, values[i], source);
}

static void add_loose_names(struct names *names, const struct field_values *v)
{
    struct slice values[LOOSE_MAX];
    for (size_t i = 0; i < v->n; i++) {
        if (!v->params[i].odd)
            continue;
        size_t n = params_loose(v->list[i], SLICE("name"), values, LOOSE_MAX);
        for (size_t k = 0; k < n; k++)
            names_add(names, values[k], MIME_NAME_VARIANT);
    }
}

static void read_names(struct entity_reader *r)
{
    struct mime_part *part = part_of(r);
    struct names names = {.arena = r->p->arena, .max = r->p->limits->names, .odd = &r->odd};
    struct mime_fields *f = &r->fields;
    if (f->type.n + f->disposition.n + f->location.n == 0)
        return;
    names.list = arena_array(r->p->arena, names.max, sizeof *names.list);
    if (!names.list)
        return;
    add_names(r, &names, &f->disposition, "filename", MIME_NAME_FILENAME);
    add_names(r, &names, &f->type, "name", MIME_NAME_TYPE);
    add_names(r, &names, &f->disposition, "name", MIME_NAME_FILENAME);
    add_names(r, &names, &f->type, "filename", MIME_NAME_TYPE);
    if (names_conflict(&names))
        add_odd(r, MALFORMATION_NAME_CONFLICT);
    for (size_t i = 0; i < f->location.n; i++)
        names_add(&names, f->location.list[i], MIME_NAME_LOCATION);
    add_loose_names(&names, &f->type);
    add_loose_names(&names, &f->disposition);
    part->names = names.list;
    part->n_names = names.n;
}

static void read_disposition(struct entity_reader *r)
{
    struct field_values *v = &r->fields.disposition;
    struct mime_part *part = part_of(r);
    if (v->n && v->params[0].main.len)
        part->disposition = harmless(r->p->arena, v->params[0].main);
    for (size_t i = 1; i < v->n; i++)
        add_odd(r, slice_eq(v->list[i], v->list[0]) ? MALFORMATION_DUPLICATE_DISPOSITION
                                                    : MALFORMATION_CONFLICTING_DISPOSITION);
}

/* ---- boundaries */

static void add_boundary(struct entity_reader *r, struct boundaries *b, struct slice value)
{
    while (value.len && ascii_blank(value.ptr[value.len - 1]))
        value.len--;
    if (value.len == 0) {
        add_odd(r, MALFORMATION_BOUNDARY_EMPTY);
        return;
    }
    size_t before = b->n;
    b->n = slice_add_distinct(b->text, b->n, BOUNDARIES_MAX, value);
    if (before > 0 && b->n > before)
        add_odd(r, MALFORMATION_BOUNDARY_CONFLICT);
}

static void read_boundaries(struct entity_reader *r, struct boundaries *b)
{
    struct slice values[LOOSE_MAX];
    struct field_values *v = &r->fields.type;
    for (size_t i = 0; i < v->n; i++) {
        size_t spelt = 0;
        for (size_t k = 0; k < v->params[i].n; k++) {
            const struct param *param = &v->params[i].items[k];
            if (!slice_eq(param->name, SLICE("boundary")))
                continue;
            spelt++;
            if (param->extended || param->section >= 0)
                add_odd(r, MALFORMATION_BOUNDARY_ENCODED);
            if (param->odd)
                add_odd(r, MALFORMATION_BOUNDARY_SYNTAX);
        }
        size_t n = params_values(r->p->arena, &v->params[i], SLICE("boundary"), values, LOOSE_MAX);
        for (size_t k = 0; k < n; k++)
            add_boundary(r, b, values[k]);
        n = params_loose(v->list[i], SLICE("boundary"), values, LOOSE_MAX);
        if (n > spelt)
            add_odd(r, MALFORMATION_BOUNDARY_SYNTAX);
        for (size_t k = 0; k < n && n != spelt; k++)
            add_boundary(r, b, values[k]);
    }
}

/* Doubt about the encoding of what is shown as text hides no file. */
static void soften_for_text(struct entity_reader *r)
{
    static const enum malformation doubts[] = {MALFORMATION_ENCODING_SYNTAX,
                                               MALFORMATION_ENCODING_UNKNOWN,
                                               MALFORMATION_CONFLICTING_ENCODING};
    const struct mime_part *part = part_of(r);
    if (slice_starts(part->type, SLICE("multipart/")) &&
        malformations_has(&r->odd, MALFORMATION_ENCODING_UNKNOWN)) {
        malformations_remove(&r->odd, MALFORMATION_ENCODING_UNKNOWN);
        add_odd(r, MALFORMATION_ENCODING_ODD);
    }
    if (!part->text || part->attachment)
        return;
    for (size_t i = 0; i < sizeof doubts / sizeof *doubts; i++)
        if (malformations_has(&r->odd, doubts[i])) {
            malformations_remove(&r->odd, doubts[i]);
            add_odd(r, MALFORMATION_TEXT_ENCODING_UNCLEAR);
        }
}

static bool is_smime(struct slice type)
{
    return slice_eq(type, SLICE("application/pkcs7-mime")) ||
           slice_eq(type, SLICE("application/x-pkcs7-mime"));
}

void mime_read_headers(struct mime_parser *p, size_t index, struct boundaries *boundaries)
{
    struct entity_reader r = {.p = p, .part = index};
    struct mime_part *part = part_of(&r);
    collect(&r);
    read_type(&r);
    read_encoding(&r);
    read_disposition(&r);
    read_names(&r);
    read_boundaries(&r, boundaries);
    part->sealed = part->sealed || is_smime(part->type);
    part->text = slice_starts(part->type, SLICE("text/"));
    part->attachment =
        slice_eq(part->disposition, SLICE("attachment")) || part->n_names > 0 || !part->text;
    soften_for_text(&r);
    malformations_merge(&part->malformations, &r.odd);
}
