/* SPDX-License-Identifier: ISC */
#include "filters/mime/mime.h"
#include "filters/mime/transfer.h"

#include <string.h>

enum { PIECE = 48 * 1024 };

struct output {
    bool (*sink)(void *context, struct slice piece);
    void *context;
    unsigned found;
};

static bool emit(struct output *o, const char *p, size_t n)
{
    return n == 0 || o->sink(o->context, (struct slice){p, n});
}

static bool decode_base64(struct slice in, struct output *o)
{
    char out[PIECE + 4];
    struct base64 st = {0};
    bool going = true;
    for (size_t at = 0; at < in.len && going; at += PIECE)
        going = emit(o, out, base64_decode(&st, slice_sub(in, at, at + PIECE), out));
    going = going && emit(o, out, base64_finish(&st, out));
    o->found |= st.found;
    return going;
}

/* The next piece of whole lines; of a longer line, a piece that cuts no "=XX". */
static struct slice take_lines(struct slice *rest)
{
    struct slice piece = slice_sub(*rest, 0, PIECE);
    if (piece.len < rest->len) {
        size_t lf = slice_rfind(piece, '\n');
        if (lf < piece.len)
            piece.len = lf + 1;
        else
            while (piece.len > PIECE - 3 && memchr(piece.ptr + piece.len - 2, '=', 2))
                piece.len--;
    }
    *rest = slice_from(*rest, piece.len);
    return piece;
}

static bool decode_qp(struct slice in, struct output *o)
{
    char out[PIECE + 4];
    bool going = true;
    while (in.len && going)
        going = emit(o, out, qp_decode(take_lines(&in), out, &o->found));
    return going;
}

static bool decode_uu(struct slice in, struct output *o)
{
    char out[PIECE + 4];
    bool going = true, ended = false;
    size_t written = 0;
    for (in = uu_body(in); in.len && going && !ended;) {
        size_t n = uu_decode(take_lines(&in), out, &o->found, &ended);
        written += n;
        going = emit(o, out, n);
    }
    if (written == 0)
        o->found |= UU_BROKEN;
    return going;
}

/* A text that is attached as one: broken quoted-printable in it is an accident. */
static bool is_text_file(const struct mime_part *part)
{
    static const char *const extensions[] = {".txt", ".csv", ".htm",  ".html", ".ics", ".xml",
                                             ".log", ".vcf", ".json", ".md",   ".css"};
    for (size_t i = 0; i < part->n_names; i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof extensions / sizeof *extensions; k++)
            known = known || slice_iends(part->names[i].text, slice_of(extensions[k]));
        if (!known)
            return false;
    }
    return part->text;
}

static void report(const struct mime_part *part, unsigned found, struct malformations *odd)
{
    bool file = !part->text || part->attachment;
    if ((found & QP_UPPER) && (found & QP_LOWER))
        found |= QP_BROKEN;
    if ((found & QP_BROKEN) && is_text_file(part)) {
        malformations_add(odd, MALFORMATION_TEXT_QP_BROKEN);
        found &= ~(unsigned)QP_BROKEN;
    }
    static const struct {
        unsigned bit;
        enum malformation file, text;
    } rows[] = {
        {BASE64_JUNK, MALFORMATION_BASE64_JUNK, MALFORMATION_TEXT_BASE64_BROKEN},
        {BASE64_GOES_ON, MALFORMATION_BASE64_AFTER_PADDING, MALFORMATION_TEXT_BASE64_BROKEN},
        {BASE64_RAGGED, MALFORMATION_BASE64_RAGGED, MALFORMATION_TEXT_BASE64_BROKEN},
        {BASE64_LONG_RAGGED, MALFORMATION_BASE64_LONG_RAGGED, MALFORMATION_BASE64_LONG_RAGGED},
        {BASE64_BAD_PADDING, MALFORMATION_BASE64_PADDING, MALFORMATION_BASE64_PADDING},
        {BASE64_NO_PADDING, MALFORMATION_BASE64_UNPADDED, MALFORMATION_BASE64_UNPADDED},
        {QP_BROKEN, MALFORMATION_QP_BROKEN, MALFORMATION_TEXT_QP_BROKEN},
        {UU_BROKEN, MALFORMATION_UUENCODE_BROKEN, MALFORMATION_UUENCODE_BROKEN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (found & rows[i].bit)
            malformations_add(odd, file ? rows[i].file : rows[i].text);
}

bool mime_decode_to(const struct mime_part *part, bool (*sink)(void *context, struct slice piece),
                    void *context, struct malformations *odd)
{
    struct output o = {.sink = sink, .context = context};
    bool done = part->encoding == MIME_BASE64     ? decode_base64(part->content, &o)
                : part->encoding == MIME_QP       ? decode_qp(part->content, &o)
                : part->encoding == MIME_UUENCODE ? decode_uu(part->content, &o)
                                                  : emit(&o, part->content.ptr, part->content.len);
    report(part, o.found, odd);
    return done;
}

struct store {
    char *out;
    size_t n, room;
    bool cut;
};

static bool store_piece(void *context, struct slice piece)
{
    struct store *s = context;
    if (piece.len > s->room - s->n) {
        piece.len = s->room - s->n;
        s->cut = true;
    }
    memcpy(s->out + s->n, piece.ptr, piece.len);
    s->n += piece.len;
    return !s->cut;
}

bool mime_decode(const struct mime_part *part, struct arena *arena, size_t max,
                 struct slice *content, bool *cut, struct malformations *odd)
{
    if (part->encoding == MIME_IDENTITY || part->encoding == MIME_ENCODING_UNKNOWN) {
        *content = slice_sub(part->content, 0, max);
        *cut = part->content.len > max;
        return true;
    }
    size_t bound =
        part->encoding == MIME_BASE64 ? part->content.len / 4 * 3 + 3 : part->content.len;
    struct store store = {.room = bound < max ? bound : max};
    store.out = arena_alloc(arena, store.room ? store.room : 1);
    if (!store.out)
        return false;
    mime_decode_to(part, store_piece, &store, odd);
    *content = (struct slice){store.out, store.n};
    *cut = store.cut;
    return true;
}
