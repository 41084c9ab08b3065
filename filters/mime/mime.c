/* SPDX-License-Identifier: ISC
 * One pass over the lines that begin with "--", with a stack of the multiparts that are open.
 * Nothing recurses: encoded messages are decoded and parsed one after the other, from a queue. */
#include "filters/mime/mime.h"

#include "base/buf.h"
#include "filters/mime/headers.h"
#include "filters/mime/mime_internal.h"

const struct mime_limits mime_limits_default = {
    .parts = 2000,
    .depth = 32,
    .header_block = (size_t)1024 * 1024,
    .header = (size_t)64 * 1024,
    .params = 200,
    .names = 32,
    .decoded = (size_t)64 * 1024 * 1024,
    .compares = 32,
};

enum { PREAMBLE_MAX = 300 };

void mime_odd(struct mime_parser *p, size_t part, enum malformation m)
{
    malformations_add(&p->message->parts[part].malformations, m);
}

void mime_cap_reached(struct mime_parser *p, enum malformation m)
{
    malformations_add(&p->message->malformations, m);
    p->exhausted = true;
}

static bool make_room(struct mime_parser *p)
{
    struct mime_message *m = p->message;
    struct mime_part *parts = arena_grow(p->arena, m->parts, m->n, &p->room, sizeof *parts);
    if (parts)
        m->parts = parts;
    return parts != NULL;
}

static bool is_sealing(const struct mime_part *part)
{
    return part->sealed || slice_eq(part->type, SLICE("multipart/signed")) ||
           slice_eq(part->type, SLICE("multipart/encrypted"));
}

struct mime_part *mime_add_part(struct mime_parser *p, int parent)
{
    struct mime_message *m = p->message;
    if (m->n >= p->limits->parts || !make_room(p)) {
        mime_cap_reached(p, m->n >= p->limits->parts ? MALFORMATION_TOO_MANY_PARTS
                                                     : MALFORMATION_TOO_MUCH_WORK);
        return NULL;
    }
    struct mime_part *part = &m->parts[m->n];
    *part = (struct mime_part){
        .index = m->n++, .parent = parent, .type = SLICE("text/plain"), .in_message = p->raw_layer};
    if (parent >= 0) {
        part->depth = m->parts[parent].depth + 1;
        part->sealed = is_sealing(&m->parts[parent]);
        if (slice_eq(m->parts[parent].type, SLICE("multipart/digest")))
            part->type = SLICE("message/rfc822");
    }
    return part;
}

/* ---- boundaries */

static void relate(struct mime_parser *p, size_t part, struct slice a, struct slice b)
{
    struct slice longer = a.len > b.len ? a : b, shorter = a.len > b.len ? b : a;
    if (!slice_starts(longer, shorter))
        return;
    struct slice rest = slice_from(longer, shorter.len);
    mime_odd(p, part,
             rest.len == 0 || slice_eq(rest, SLICE("--")) ? MALFORMATION_BOUNDARY_REUSED
                                                          : MALFORMATION_BOUNDARY_PREFIX);
}

static void check_reuse(struct mime_parser *p, size_t part, const struct boundaries *b)
{
    for (size_t level = 0; level < p->n_frames; level++)
        for (size_t i = 0; i < p->frames[level].boundaries.n; i++)
            for (size_t k = 0; k < b->n; k++)
                relate(p, part, p->frames[level].boundaries.text[i], b->text[k]);
}

/* ---- parts begin */

static bool is_message_type(struct slice type)
{
    static const char *const types[] = {"message/rfc822", "message/global", "message/news",
                                        "message/partial", "message/external-body"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (slice_eq(type, slice_of(types[i])))
            return true;
    return false;
}

bool mime_is_fragment(const struct mime_part *part)
{
    return slice_eq(part->type, SLICE("message/partial")) ||
           slice_eq(part->type, SLICE("message/external-body"));
}

static bool too_deep(struct mime_parser *p, size_t part)
{
    if (p->message->parts[part].depth < p->limits->depth)
        return false;
    mime_odd(p, part, MALFORMATION_TOO_DEEP);
    return true;
}

static void push(struct mime_parser *p, struct frame frame)
{
    check_reuse(p, frame.part, &frame.boundaries);
    p->frames[p->n_frames++] = frame;
    p->leaf = -1;
}

static bool is_encoded(const struct mime_part *part)
{
    return part->encoding == MIME_BASE64 || part->encoding == MIME_QP ||
           part->encoding == MIME_UUENCODE;
}

/* A part begins at `at`; messages within it are entered at once.
 * Returns where the body of the innermost begins. */
static size_t open_part(struct mime_parser *p, int parent, size_t at)
{
    for (;;) {
        struct boundaries boundaries = {.n = 0};
        if (!mime_add_part(p, parent))
            return p->text.len;
        size_t index = p->message->n - 1;
        at = mime_find_header(p, index, at, &boundaries);
        struct mime_part *part = &p->message->parts[index];
        bool multipart = slice_starts(part->type, SLICE("multipart"));
        p->leaf = (int)index;
        if (multipart || is_message_type(part->type))
            part->kind = multipart ? MIME_MULTIPART : MIME_MESSAGE;
        if (part->kind == MIME_LEAF && boundaries.n == 0)
            return at;
        if (too_deep(p, index)) {
            part->kind = MIME_LEAF;
            return at;
        }
        if (part->kind != MIME_MESSAGE) {
            push(p, (struct frame){.part = index, .declared = multipart, .boundaries = boundaries});
            return at;
        }
        if (is_encoded(part))
            return at;
        push(p, (struct frame){.part = index, .message = true});
        parent = (int)index;
    }
}

/* ---- parts end */

static void wait_for_decoding(struct mime_parser *p, size_t part)
{
    if (p->n_waiting < LAYERS_MAX)
        p->waiting[p->n_waiting++] = part;
    else
        mime_cap_reached(p, MALFORMATION_TOO_MUCH_WORK);
}

static void set_end(struct mime_parser *p, size_t index, size_t end)
{
    struct mime_part *part = &p->message->parts[index];
    part->body.to = end > part->body.from ? end : part->body.from;
    part->content = slice_sub(p->text, part->body.from, part->body.to);
}

static void finish_leaf(struct mime_parser *p, size_t index, size_t end)
{
    set_end(p, index, end);
    struct mime_part *part = &p->message->parts[index];
    if (part->kind != MIME_LEAF)
        wait_for_decoding(p, index);
    else
        mime_scan_text(p, index);
}

/* A multipart in which no boundary was found is content like any other. */
static void finish_unopened(struct mime_parser *p, const struct frame *f, size_t end)
{
    set_end(p, f->part, end);
    struct mime_part *part = &p->message->parts[f->part];
    bool empty = slice_trim(part->content).len == 0;
    if (f->decoded) {
        part->kind = MIME_LEAF;
        return;
    }
    if (f->declared && is_encoded(part) && f->boundaries.n && !empty) {
        wait_for_decoding(p, f->part);
        return;
    }
    if (f->declared)
        mime_odd(p, f->part,
                 empty                  ? MALFORMATION_EMPTY_MULTIPART
                 : f->boundaries.n == 0 ? MALFORMATION_BOUNDARY_MISSING
                                        : MALFORMATION_NO_PARTS);
    else
        mime_odd(p, f->part, MALFORMATION_BOUNDARY_ON_LEAF);
    part->kind = MIME_LEAF;
    mime_scan_text(p, f->part);
}

static bool append_piece(void *context, struct slice piece)
{
    return buf_append(context, piece);
}

/* Where the first part of a multipart begins, counted from its body. */
static size_t preamble_length(const struct mime_parser *p, size_t index)
{
    const struct mime_part *part = &p->message->parts[index];
    for (size_t i = index + 1; i < p->message->n; i++)
        if (p->message->parts[i].parent == (int)index)
            return p->message->parts[i].header.from - part->body.from;
    return 0;
}

static size_t count_boundaries(struct slice text, const struct boundaries *b)
{
    size_t n = 0;
    struct line line;
    for (size_t at = 0; line_at(text, at, &line); at = line.next)
        for (size_t i = 0; i < b->n; i++)
            n += slice_starts(line.text, SLICE("--")) &&
                 slice_starts(slice_from(line.text, 2), b->text[i]);
    return n;
}

/* A multipart that is written plainly but labelled as encoded:
 * whether those who decode it see other parts. */
static bool label_matters(struct mime_parser *p, const struct frame *f)
{
    const struct mime_part *part = &p->message->parts[f->part];
    struct malformations ignored = {{0}};
    if (part->encoding != MIME_QP)
        return preamble_length(p, f->part) > PREAMBLE_MAX;
    struct buf text = buf_init(p->limits->decoded - p->decoded);
    mime_decode_to(part, append_piece, &text, &ignored);
    p->decoded += buf_len(&text);
    bool matters = text.failed || count_boundaries(buf_slice(&text), &f->boundaries) !=
                                      count_boundaries(part->content, &f->boundaries);
    buf_release(&text);
    return matters;
}

static void finish_frame(struct mime_parser *p, const struct frame *f, size_t end)
{
    if (!f->message && !f->opened) {
        finish_unopened(p, f, end);
        return;
    }
    set_end(p, f->part, end);
    struct mime_part *part = &p->message->parts[f->part];
    if (f->message)
        return;
    if (!f->closed)
        mime_odd(p, f->part, MALFORMATION_END_MISSING);
    if (!f->declared)
        mime_odd(p, f->part, MALFORMATION_PARTS_IN_LEAF);
    if (is_encoded(part) && !f->decoded)
        mime_odd(p, f->part,
                 label_matters(p, f) ? MALFORMATION_ENCODED_MULTIPART
                                     : MALFORMATION_LABELLED_MULTIPART);
    part->kind = MIME_MULTIPART;
}

/* Ends the leaf and every frame above `keep`. */
static void close_above(struct mime_parser *p, size_t keep, size_t end)
{
    if (p->leaf >= 0)
        finish_leaf(p, (size_t)p->leaf, end);
    p->leaf = -1;
    while (p->n_frames > keep) {
        struct frame f = p->frames[--p->n_frames];
        finish_frame(p, &f, end);
    }
}

/* ---- the lines that begin with "--" */

static bool next_dashes(struct mime_parser *p, size_t at, struct line *line)
{
    struct slice rest = slice_from(p->text, at);
    if (p->n_frames == 0)
        return false;
    if (!slice_starts(rest, SLICE("--"))) {
        size_t hit = slice_search(rest, SLICE("\n--"));
        if (hit == rest.len)
            return false;
        at += hit + 1;
    }
    return line_at(p->text, at, line);
}

/* Without the line end before a boundary, which belongs to it. */
static size_t end_before(struct slice text, size_t at)
{
    if (at > 0 && text.ptr[at - 1] == '\n')
        at--;
    if (at > 0 && text.ptr[at - 1] == '\r')
        at--;
    return at;
}

/* An unknown boundary where none of a part's content is: before the first and after
 * the last one. */
static size_t unknown_dashes(struct mime_parser *p, const struct line *line)
{
    struct frame *f = &p->frames[p->n_frames - 1];
    bool outside = p->leaf < 0 && !f->message && (f->closed || !f->opened) && f->declared;
    if (!outside || !mime_looks_like_part(p->text, line))
        return line->next;
    mime_odd(p, f->part,
             f->boundaries.n ? MALFORMATION_PARTS_IN_PREAMBLE : MALFORMATION_BOUNDARY_GUESSED);
    if (f->boundaries.n == BOUNDARIES_MAX)
        return line->next;
    f->boundaries.text[f->boundaries.n++] = slice_trim(slice_from(line->text, 2));
    f->opened = true;
    return open_part(p, (int)f->part, line->next);
}

static size_t dashes(struct mime_parser *p, const struct line *line)
{
    struct match match = mime_match_line(p, line->text);
    if (match.kind == MATCH_NONE)
        return unknown_dashes(p, line);
    close_above(p, match.level + 1, end_before(p->text, line->from));
    struct frame *f = &p->frames[match.level];
    bool last = match.kind == MATCH_JUNK && slice_trim(slice_from(p->text, line->next)).len == 0;
    if (match.kind == MATCH_JUNK)
        mime_odd(p, f->part, last ? MALFORMATION_END_LINE_JUNK : MALFORMATION_BOUNDARY_LINE_JUNK);
    if (match.kind == MATCH_END || match.end || last) {
        f->opened = f->closed = true;
        return line->next;
    }
    if (f->closed)
        mime_odd(p, f->part, MALFORMATION_PARTS_AFTER_END);
    f->opened = true;
    return open_part(p, (int)f->part, line->next);
}

static void parse_lines(struct mime_parser *p, size_t at)
{
    struct line line;
    while (!p->exhausted && next_dashes(p, at, &line))
        at = dashes(p, &line);
    close_above(p, 0, p->text.len);
}

/* ---- layers */

static struct slice decode_container(struct mime_parser *p, const struct mime_part *part)
{
    struct buf out = buf_init(p->limits->decoded - p->decoded);
    struct malformations odd = {{0}};
    mime_decode_to(part, append_piece, &out, &odd);
    p->decoded += buf_len(&out);
    malformations_merge(&p->message->parts[part->index].malformations, &odd);
    if (out.failed)
        mime_cap_reached(p, MALFORMATION_TOO_MUCH_WORK);
    struct slice copy = arena_copy(p->arena, buf_slice(&out));
    buf_release(&out);
    return copy;
}

static void parse_decoded_message(struct mime_parser *p, size_t index)
{
    mime_odd(p, index, MALFORMATION_ENCODED_MESSAGE);
    push(p, (struct frame){.part = index, .message = true});
    parse_lines(p, open_part(p, (int)index, 0));
}

static void parse_decoded_multipart(struct mime_parser *p, size_t index)
{
    struct boundaries again = {.n = 0};
    mime_odd(p, index, MALFORMATION_ENCODED_MULTIPART);
    struct mime_part *part = &p->message->parts[index];
    struct mime_part header = *part;
    mime_read_headers(p, index, &again);
    p->message->parts[index] = header;
    mime_odd(p, index, MALFORMATION_ENCODED_MULTIPART);
    push(p, (struct frame){.part = index, .declared = true, .decoded = true, .boundaries = again});
    parse_lines(p, 0);
}

static void parse_waiting(struct mime_parser *p)
{
    for (size_t i = 0; i < p->n_waiting && !p->exhausted; i++) {
        size_t index = p->waiting[i];
        struct mime_part saved = p->message->parts[index];
        struct slice text = decode_container(p, &saved);
        if (!text.ptr)
            continue;
        p->text = text;
        p->raw_layer = false;
        if (saved.kind == MIME_MESSAGE)
            parse_decoded_message(p, index);
        else
            parse_decoded_multipart(p, index);
        /* the container keeps its own octets, not those of what it holds */
        p->message->parts[index].body = saved.body;
        p->message->parts[index].content = saved.content;
    }
}

/* ---- the whole */

static void check_line(struct mime_message *m, struct slice line, bool multipart)
{
    for (size_t cr = slice_find(line, '\r'); cr < line.len;
         cr += 1 + slice_find(slice_from(line, cr + 1), '\r')) {
        malformations_add(&m->malformations, MALFORMATION_BARE_CR);
        if (multipart && slice_starts(slice_from(line, cr + 1), SLICE("--")))
            malformations_add(&m->malformations, MALFORMATION_BARE_CR_BOUNDARY);
    }
}

static void check_octets(struct mime_message *m)
{
    struct line line;
    bool multipart = false;
    for (size_t i = 0; i < m->n; i++)
        multipart = multipart || m->parts[i].kind == MIME_MULTIPART;
    for (size_t at = 0; line_at(m->raw, at, &line); at = line.next) {
        size_t length = line.next - line.from;
        if (length > 1000)
            malformations_add(&m->malformations, MALFORMATION_LONG_LINE);
        if (length == line.text.len + 1 && m->raw.ptr[line.next - 1] == '\n')
            malformations_add(&m->malformations, MALFORMATION_BARE_LF);
        check_line(m, line.text, multipart);
    }
    if (slice_find(m->raw, '\0') < m->raw.len)
        malformations_add(&m->malformations, MALFORMATION_NUL);
}

bool mime_parse(struct arena *arena, struct slice raw, const struct mime_limits *limits,
                struct mime_message *out)
{
    *out = (struct mime_message){.raw = raw};
    struct mime_parser p = {.arena = arena,
                            .limits = limits,
                            .message = out,
                            .leaf = -1,
                            .text = raw,
                            .raw_layer = true};
    p.frames = arena_array(arena, limits->depth + 2, sizeof *p.frames);
    if (!p.frames || !make_room(&p))
        return false;
    parse_lines(&p, open_part(&p, -1, 0));
    parse_waiting(&p);
    check_octets(out);
    if (arena_failed(arena))
        malformations_add(&out->malformations, MALFORMATION_TOO_MUCH_WORK);
    for (size_t i = 0; i < out->n; i++) {
        struct mime_part *part = &out->parts[i];
        part->attachment = part->attachment && part->kind != MIME_MULTIPART;
        malformations_merge(&out->malformations, &part->malformations);
    }
    return out->n > 0;
}
