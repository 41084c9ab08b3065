/* SPDX-License-Identifier: ISC
 * Where a boundary stands, and where a header block ends. */
#include "filters/mime/headers.h"
#include "filters/mime/mime_internal.h"

enum { FREE_COMPARES = 100000, LOOK_AHEAD = 4096 };

static enum match_kind compare(struct slice line, struct slice boundary)
{
    if (!slice_starts(line, boundary))
        return MATCH_NONE;
    struct slice rest = slice_from(line, boundary.len);
    return rest.len == 0 ? MATCH_DELIMITER : slice_eq(rest, SLICE("--")) ? MATCH_END : MATCH_JUNK;
}

/* A better match replaces a worse one: the innermost open multipart, then one that has ended, then
 * a mere beginning. */
static void consider(struct mime_parser *p, struct slice line, size_t level, struct match *best)
{
    const struct frame *f = &p->frames[level];
    for (size_t i = 0; i < f->boundaries.n; i++) {
        enum match_kind kind = compare(line, f->boundaries.text[i]);
        bool better = best->kind == MATCH_NONE ||
                      (best->kind == MATCH_JUNK && kind != MATCH_JUNK) ||
                      (kind != MATCH_JUNK && p->frames[best->level].closed && !f->closed);
        p->compares++;
        if (kind != MATCH_NONE && better) {
            struct slice rest = slice_from(line, f->boundaries.text[i].len);
            *best =
                (struct match){kind, level, kind == MATCH_JUNK && slice_starts(rest, SLICE("--"))};
        }
    }
}

/* `text` is a line without its line end. */
struct match mime_match_line(struct mime_parser *p, struct slice text)
{
    struct match best = {.kind = MATCH_NONE};
    if (!slice_starts(text, SLICE("--")))
        return best;
    text = slice_from(text, 2);
    while (text.len && ascii_blank(text.ptr[text.len - 1]))
        text.len--;
    for (size_t level = p->n_frames; level-- > 0;)
        consider(p, text, level, &best);
    if (p->compares > FREE_COMPARES + (p->text.len + p->decoded) / 64 * p->limits->compares)
        mime_cap_reached(p, MALFORMATION_TOO_MUCH_WORK);
    return best;
}

/* ---- header blocks */

static bool looks_like_field(struct slice line)
{
    size_t i = 0;
    while (i < line.len && line.ptr[i] > ' ' && line.ptr[i] < 0x7f && line.ptr[i] != ':')
        i++;
    return i > 0 && i < line.len && line.ptr[i] == ':';
}

static bool looks_like_mime_field(struct slice line)
{
    return slice_istarts(line, SLICE("content-")) && looks_like_field(line);
}

/* Not a rule of dashes, nor "-----Original Message-----". */
static bool looks_like_boundary(struct slice line)
{
    bool letters = false;
    for (size_t i = 0; i < line.len; i++) {
        letters = letters || ascii_alpha(line.ptr[i]) || ascii_digit(line.ptr[i]);
        if (ascii_blank(line.ptr[i]))
            return false;
    }
    return letters;
}

bool mime_looks_like_part(struct slice text, const struct line *dashes)
{
    struct line next;
    if (!line_at(text, dashes->next, &next))
        return false;
    return looks_like_mime_field(next.text) ||
           (looks_like_boundary(dashes->text) && looks_like_field(next.text));
}

static bool within(const struct mime_parser *p, size_t part, enum mime_kind kind)
{
    int parent = p->message->parts[part].parent;
    return parent >= 0 && p->message->parts[parent].kind == kind;
}

/* A field about the content before the empty line. Up to *looked none was found before. */
static bool mime_field_follows(struct mime_parser *p, size_t at, size_t *looked)
{
    struct slice ahead = slice_sub(p->text, 0, at + LOOK_AHEAD);
    struct line line;
    if (at < *looked)
        at = *looked;
    for (; line_at(ahead, at, &line) && line.text.len > 0; at = line.next) {
        if (looks_like_mime_field(line.text))
            return true;
        *looked = line.from; /* it may be cut */
    }
    return false;
}

/* The last of the lines of blanks that follow each other. */
static struct line last_blank(const struct mime_parser *p, struct line line)
{
    struct line next;
    while (line_at(p->text, line.next, &next) && line_is_blank(next.text))
        line = next;
    return line;
}

/* Lines of blanks in a header, the last of which is this: folds for mail servers (RFC 5322 4.2), however
 * many they are, and the end for some programs. True when the header goes on. Before what is no field
 * either it is over for all. */
static bool blank_lines_continue(struct mime_parser *p, size_t part, const struct line *blank,
                                 size_t *looked)
{
    struct line next = {.next = 0};
    bool follows = line_at(p->text, blank->next, &next);
    if (follows && next.text.len > 0 && ascii_blank(next.text.ptr[0]))
        return true;
    bool in_part = within(p, part, MIME_MULTIPART);
    if (!malformations_has(&p->message->parts[part].malformations, MALFORMATION_HEADER_BLANK_LINE))
        mime_odd(p, part,
                 in_part && mime_field_follows(p, blank->next, looked)
                     ? MALFORMATION_HEADER_BLANK_LINE
                     : MALFORMATION_HEADER_BLANK_FOLD);
    return follows && (next.text.len == 0 || looks_like_field(next.text));
}

/* A part that begins with an empty line has no header, but some skip the line. In a digest it is as
 * it should be. */
static size_t skip_leading_blank(struct mime_parser *p, size_t part, size_t at)
{
    struct line line, next;
    int parent = p->message->parts[part].parent;
    if (parent < 0 || !line_at(p->text, at, &line) || line.text.len > 0 ||
        !line_at(p->text, line.next, &next))
        return at;
    if (slice_eq(p->message->parts[parent].type, SLICE("multipart/digest")))
        return at;
    if (!looks_like_mime_field(next.text) &&
        !(within(p, part, MIME_MESSAGE) && looks_like_field(next.text)))
        return at;
    mime_odd(p, part,
             within(p, part, MIME_MESSAGE) ? MALFORMATION_MESSAGE_AFTER_BLANK
                                           : MALFORMATION_HEADER_AFTER_BLANK);
    return line.next;
}

/* A boundary stands where the header goes on for those who look for boundaries in bodies only. */
static void check_interruption(struct mime_parser *p, size_t index, const struct line *boundary)
{
    const struct mime_part *part = &p->message->parts[index];
    struct line next;
    bool header_follows = line_at(p->text, boundary->next, &next) && looks_like_field(next.text);
    bool nothing_follows = slice_trim(slice_from(p->text, boundary->next)).len == 0;
    bool matters =
        part->encoding != MIME_IDENTITY || part->n_names > 0 ||
        (slice_starts(part->type, SLICE("multipart")) && !within(p, index, MIME_MESSAGE));
    if (part->headers.len == 0)
        return;
    mime_odd(p, index,
             nothing_follows || (header_follows && !matters) ? MALFORMATION_HEADER_CUT_SHORT
                                                             : MALFORMATION_BOUNDARY_IN_HEADER);
}

/* Of the message itself the header is what all others take for it: where it ends is searched here
 * as everywhere in MIME, but where it begins, and whether there is one, headers_block tells. */
static size_t find_start(struct mime_parser *p, size_t part, size_t at, bool *none)
{
    *none = false;
    if (p->message->parts[part].parent >= 0)
        return skip_leading_blank(p, part, at);
    size_t body;
    struct slice block = headers_block(p->text, &body);
    size_t start = (size_t)(block.ptr - p->text.ptr);
    *none = block.len == 0 && body == start;
    return start;
}

size_t mime_find_header(struct mime_parser *p, size_t index, size_t at,
                        struct boundaries *boundaries)
{
    bool ended, interrupted = false;
    size_t from = find_start(p, index, at, &ended), to = from, body = ended ? from : p->text.len;
    size_t looked = 0;
    struct line line;
    for (at = from; !ended && line_at(p->text, at, &line); at = line.next) {
        to = line.from;
        body = line.next;
        interrupted = line.text.len > 0 && mime_match_line(p, line.text).kind != MATCH_NONE;
        ended = interrupted || line.text.len == 0;
        if (line_is_blank(line.text)) {
            struct line last = last_blank(p, line);
            ended = !blank_lines_continue(p, index, &last, &looked);
            line = ended ? line : last;
        }
    }
    if (!ended) {
        to = body = p->text.len;
        mime_odd(p, index, MALFORMATION_HEADER_UNTERMINATED);
    }
    if (interrupted)
        body = to;
    struct mime_part *part = &p->message->parts[index];
    part->header = (struct mime_range){from, to};
    part->headers = slice_sub(p->text, from, to);
    part->body = (struct mime_range){body, body};
    mime_read_headers(p, index, boundaries);
    if (interrupted)
        check_interruption(p, index, &line);
    return body;
}
