/* SPDX-License-Identifier: ISC
 * No line of the message begins where none began before, for it could be taken for a boundary, or,
 * decoded, for a file in a text: what stands behind a place in mid line goes on in the last line of
 * what is written. Nor does one that began there before go on in it. (Letters of base64 can be
 * neither.) Behind a part's content comes its boundary or nothing, whoever says that it ends there. */
#include "filters/banner/banner_internal.h"
#include "filters/mime/charset.h"
#include "filters/mime/charset_encode.h"
#include "filters/mime/transfer.h"

#include <string.h>

enum { GROUP = 4, LINE_LETTERS = 76 };

struct writing {
    struct arena *arena;
    struct slice before, rest; /* of the message, from the place on */
    const struct banner_place *place;
    const struct banner_texts *texts;
    bool begins_line;
    unsigned charset;
    struct banner_change *out;
};

/* Octets above 127 only where there are some. */
static unsigned charset_for(const struct banner_place *place, bool eight_bit)
{
    bool seven = place->encoding == MIME_IDENTITY && !(eight_bit && place->high);
    return seven && charset_form((int)place->charset) != CHARSET_JAPAN
               ? (unsigned)charset_number(SLICE("us-ascii"))
               : place->charset;
}

/* Its text, not yet encoded. False: it cannot be said in that charset. */
static bool say(const struct writing *w, struct buf *out)
{
    if (!w->place->html)
        return banner_plain(out, w->charset, w->texts);
    banner_html(out, w->texts);
    return !out->failed;
}

static bool keep(struct writing *w, struct buf *out)
{
    w->out->literal = arena_copy(w->arena, buf_slice(out));
    return !out->failed;
}

/* `mark` of what was written stand there already. */
static void compare(struct writing *w, struct slice mark)
{
    w->out->there = w->texts->spot == BANNER_BOTTOM ? banner_stands_before(w->before, mark)
                                                    : mark.len > 0 && slice_starts(w->rest, mark);
}

/* What ends in mid line goes on there: no line end behind it. */
static struct slice without_line_end(const struct writing *w, struct slice text)
{
    bool ends = text.len >= 2 && text.ptr[text.len - 1] == '\n';
    return !w->begins_line && ends ? slice_sub(text, 0, text.len - 2) : text;
}

static bool write_identity(struct writing *w, struct buf *text, struct buf *out)
{
    buf_cstr(out, w->begins_line ? "" : "\r\n");
    buf_append(out, without_line_end(w, buf_slice(text)));
    compare(w, buf_slice(out));
    buf_cstr(out, w->begins_line && w->place->html ? "\r\n" : "");
    return keep(w, out);
}

/* A soft break keeps lines short: behind it what follows goes on in the same line of the text. */
static const char *end_qp(const struct writing *w)
{
    if (w->rest.len == 0 && w->place->html)
        return w->begins_line ? "\r\n" : "";
    char next = w->rest.len > 0 ? w->rest.ptr[0] : '\n';
    bool stays = next == '\r' || next == '\n' || (next == '-' && !w->begins_line);
    return !w->place->html || stays ? "" : w->place->begins_line ? "\r\n" : "=\r\n";
}

static bool write_qp(struct writing *w, struct buf *text, struct buf *out)
{
    bool plain = !w->place->html;
    buf_cstr(out, w->begins_line ? "" : plain ? "\r\n" : "=\r\n");
    banner_qp(out, without_line_end(w, buf_slice(text)),
              charset_form((int)w->charset) == CHARSET_UTF8);
    compare(w, buf_slice(out));
    buf_cstr(out, end_qp(w));
    return keep(w, out);
}

/* ---- base64 ---- */

/* The group of letters in which the place is. False: there is none. */
static bool take_group(const struct writing *w, char octets[static GROUP])
{
    struct base64 state = {0};
    struct slice group = slice_sub(w->rest, 0, GROUP);
    for (size_t i = 0; i < group.len; i++)
        if (!base64_letter(group.ptr[i]))
            return false;
    return group.len == GROUP && base64_decode(&state, group, octets) == 3;
}

/* The last one, which is padded. */
static bool take_last_group(const struct writing *w, char octets[static GROUP + 1])
{
    struct base64 state = {0};
    struct slice group = slice_sub(w->rest, 0, GROUP);
    size_t n = 0, letters = 0;
    while (letters < group.len && base64_letter(group.ptr[letters]))
        letters++;
    if (group.len < GROUP || letters != w->place->kept + 1 ||
        slice_search(group, SLICE("=")) != letters || group.ptr[GROUP - 1] != '=')
        return false;
    n = base64_decode(&state, group, octets);
    return n + base64_finish(&state, octets + n) == w->place->kept;
}

/* To whole groups, with so many octets to come: an empty line more is two octets, a blank behind
 * HTML one. */
static void fill_up(const struct writing *w, struct buf *octets, size_t to_come)
{
    const char *line_end = w->place->html && w->place->begins_line ? "\r\n" : "";
    to_come += strlen(line_end);
    while ((buf_len(octets) + to_come) % 3 != 0)
        buf_cstr(octets, w->place->html ? " " : "\r\n");
    buf_cstr(octets, line_end);
}

/* So much of it is the same wherever it stands. */
static size_t lasting(size_t octets)
{
    size_t letters = octets / 3 * GROUP;
    return letters + (letters ? (letters - 1) / LINE_LETTERS * 2 : 0);
}

static bool write_base64(struct writing *w, struct buf *text, struct buf *out)
{
    char group[GROUP];
    size_t kept = w->place->kept;
    struct buf octets = buf_init(BANNER_OCTETS_MAX);
    if (kept && !take_group(w, group))
        return false;
    buf_append(&octets, (struct slice){group, kept});
    buf_append(&octets, buf_slice(text));
    size_t same = lasting(buf_len(&octets));
    fill_up(w, &octets, kept ? 3 - kept : 0);
    if (kept) { /* what is left of the group comes last */
        buf_append(&octets, (struct slice){group + kept, 3 - kept});
        w->out->to += GROUP;
    }
    buf_cstr(out, w->begins_line ? "" : "\r\n");
    size_t before = buf_len(out);
    banner_base64(out, buf_slice(&octets));
    compare(w, slice_sub(buf_slice(out), before, before + same));
    bool kept_all = keep(w, out) && !octets.failed;
    buf_release(&octets);
    return kept_all;
}

/* Behind all of it. The last group of letters has padding where octets are kept. */
static bool write_base64_last(struct writing *w, struct buf *text, struct buf *out)
{
    char group[GROUP + 1];
    size_t kept = w->place->kept;
    struct buf octets = buf_init(BANNER_OCTETS_MAX);
    if (kept && !take_last_group(w, group))
        return false;
    buf_append(&octets, (struct slice){group, kept});
    buf_cstr(&octets, w->place->begins_line || w->place->html ? "" : "\r\n");
    buf_append(&octets, buf_slice(text));
    w->out->to += kept ? GROUP : 0;
    buf_cstr(out, w->begins_line ? "" : "\r\n");
    banner_base64(out, buf_slice(&octets));
    bool kept_all = keep(w, out) && !octets.failed;
    if (kept_all && (kept || !w->begins_line)) /* what ended the line is there yet */
        w->out->literal.len -= 2;
    buf_release(&octets);
    return kept_all;
}

/* ---- the whole ---- */

static enum banner_state write_text(struct writing *w, struct buf *text, struct buf *out)
{
    if (!say(w, text))
        return text->failed ? BANNER_TOO_MANY : BANNER_CHARSET;
    bool base64 = w->place->encoding == MIME_BASE64;
    bool written = base64 && w->place->last        ? write_base64_last(w, text, out)
                   : base64                        ? write_base64(w, text, out)
                   : w->place->encoding == MIME_QP ? write_qp(w, text, out)
                                                   : write_identity(w, text, out);
    return written ? BANNER_PLACED : out->failed ? BANNER_TOO_MANY : BANNER_IN_DOUBT;
}

/* The part ends there: behind it comes a boundary, or nothing. */
static bool is_last(const struct writing *w)
{
    bool begins_line = w->begins_line && w->place->kept == 0;
    struct slice rest = slice_from(w->rest, w->place->kept ? GROUP : 0);
    if (w->place->encoding == MIME_BASE64) {
        while (rest.len > 0 && strchr("\r\n\t ", rest.ptr[0])) {
            begins_line = rest.ptr[0] == '\n';
            rest = slice_from(rest, 1);
        }
    }
    return rest.len == 0 || slice_starts(rest, SLICE("\r\n--")) ||
           (begins_line && slice_starts(rest, SLICE("--")));
}

/* Whether such a text can stand at such a place. */
static bool takes(const struct writing *w)
{
    const struct banner_place *place = w->place;
    if (place->last)
        return w->texts->spot == BANNER_BOTTOM && is_last(w);
    return (w->texts->spot == BANNER_TOP || place->html) &&
           (w->begins_line || place->html || place->encoding == MIME_BASE64);
}

enum banner_state banner_write(struct arena *arena, struct slice message, bool eight_bit,
                               const struct banner_place *place, const struct banner_texts *texts,
                               struct banner_change *out)
{
    if (place->at == 0 || place->at > message.len)
        return BANNER_IN_DOUBT;
    *out = (struct banner_change){.from = place->at, .to = place->at};
    struct writing w = {.arena = arena,
                        .before = slice_sub(message, 0, place->at),
                        .rest = slice_from(message, place->at),
                        .place = place,
                        .texts = texts,
                        .begins_line = message.ptr[place->at - 1] == '\n',
                        .charset = charset_for(place, eight_bit),
                        .out = out};
    if (!takes(&w))
        return BANNER_IN_DOUBT;
    struct buf text = buf_init(BANNER_OCTETS_MAX), literal = buf_init(BANNER_OCTETS_MAX);
    enum banner_state state = write_text(&w, &text, &literal);
    buf_release(&text);
    buf_release(&literal);
    return state;
}
