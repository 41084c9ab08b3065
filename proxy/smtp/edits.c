/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/edits.h"

#include "filters/mime/headers.h"
#include "filters/sender/auth_results.h"
#include "proxy/smtp/encode.h"

#include <stdlib.h>
#include <string.h>

enum { CHANGES_MAX = 4096, DOTS_AS_PIECES_MAX = 256 };

struct work {
    struct arena *arena;
    const struct edit_input *in;
    struct edit_change *changes;
    size_t change_count, change_room;
    struct slice front; /* trace and added fields */
    size_t header;      /* where the message's own begin */
    struct edited *out;
    size_t piece_room;
    bool failed;
};

static bool make_room(struct work *w)
{
    w->out->too_many = w->change_count == CHANGES_MAX;
    struct edit_change *changes =
        w->out->too_many
            ? NULL
            : arena_grow(w->arena, w->changes, w->change_count, &w->change_room, sizeof *changes);
    if (changes)
        w->changes = changes;
    return changes != NULL;
}

static void change(struct work *w, size_t from, size_t to, struct slice literal)
{
    if (!make_room(w)) {
        w->failed = true;
        return;
    }
    w->changes[w->change_count] = (struct edit_change){from, to, w->change_count, literal};
    w->change_count++;
}

static void add_front(struct work *w, struct slice name, struct slice value)
{
    struct slice words = encode_words(w->arena, value);
    w->front = arena_printf(w->arena, "%.*s%.*s: %.*s\r\n", SLICE_ARGS(w->front), SLICE_ARGS(name),
                            SLICE_ARGS(words));
    if (!w->front.ptr)
        w->failed = true;
}

static size_t offset_in(const struct work *w, struct slice inside)
{
    return (size_t)(inside.ptr - w->in->message.ptr);
}

static void remove_fields(struct work *w, struct slice name)
{
    struct slice block = headers_block(w->in->message, NULL);
    struct header field;
    while (headers_next(&block, &field))
        if (slice_ieq(field.name, name))
            change(w, offset_in(w, field.raw), offset_in(w, field.raw) + field.raw.len, SLICE(""));
}

static void remove_forged(struct work *w)
{
    struct slice block = headers_block(w->in->message, NULL);
    struct header field;
    while (headers_next(&block, &field))
        if (auth_results_is_ours(w->arena, &field, w->in->authserv_id))
            change(w, offset_in(w, field.raw), offset_in(w, field.raw) + field.raw.len, SLICE(""));
}

static void prefix_subject(struct work *w, struct slice prefix)
{
    struct header field;
    if (!headers_find(headers_block(w->in->message, NULL), SLICE("Subject"), 0, &field)) {
        add_front(w, SLICE("Subject"), prefix);
        return;
    }
    size_t at = offset_in(w, field.value);
    if (field.value.len && field.value.ptr[0] == ' ')
        at++;
    if (!encode_is_ascii(prefix)) /* an encoded word is set off by a blank, which is shown */
        prefix =
            arena_printf(w->arena, "%.*s ", SLICE_ARGS(encode_words(w->arena, slice_trim(prefix))));
    if (!prefix.ptr)
        w->failed = true;
    change(w, at, at, prefix);
}

/* The whole message is the part: its own fields stay, but for those that say what its body was. */
static void strip_whole(struct work *w, const struct part_range *part, struct slice notice)
{
    static const char *const fields[] = {"Content-Type", "Content-Transfer-Encoding",
                                         "Content-Disposition", "MIME-Version"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        remove_fields(w, slice_of(fields[i]));
    add_front(w, SLICE("MIME-Version"), SLICE("1.0"));
    struct slice fields_of = encode_part_fields(w->arena, notice),
                 body = encode_part_body(w->arena, notice);
    w->front = arena_printf(w->arena, "%.*s%.*s", SLICE_ARGS(w->front), SLICE_ARGS(fields_of));
    struct slice head = slice_sub(w->in->message, 0, part->body);
    bool open = head.len && !slice_eq(head, SLICE("\r\n")) &&
                !slice_eq(slice_from(head, head.len < 4 ? 0 : head.len - 4), SLICE("\r\n\r\n"));
    struct slice text = arena_printf(w->arena, "%s%.*s", open ? "\r\n" : "", SLICE_ARGS(body));
    if (!text.ptr || !w->front.ptr || !body.ptr)
        w->failed = true;
    change(w, part->body, part->end, text);
}

static void strip(struct work *w, const struct edit *edit)
{
    const struct part_range *part =
        part_to_replace(w->in->parts, w->in->part_count, edit->part, w->in->message.len);
    if (!part) {
        w->failed = true;
        return;
    }
    for (size_t i = 0; i < w->change_count; i++)
        if (w->changes[i].to == part->end && w->changes[i].to > w->changes[i].from)
            return; /* stripped already, for another of its names */
    if (part->header == w->header) {
        strip_whole(w, part, edit->value);
        return;
    }
    struct slice fields = encode_part_fields(w->arena, edit->value);
    struct slice body = encode_part_body(w->arena, edit->value);
    struct slice text = arena_printf(w->arena, "%.*sContent-Disposition: inline\r\n\r\n%.*s",
                                     SLICE_ARGS(fields), SLICE_ARGS(body));
    if (!text.ptr || !body.ptr)
        w->failed = true;
    change(w, part->header, part->end, text);
}

static void collect(struct work *w)
{
    if (w->in->authserv_id.len)
        remove_forged(w);
    for (size_t i = 0; i < w->in->edit_count; i++) {
        const struct edit *edit = &w->in->edits[i];
        switch (edit->kind) {
        case ACTION_HEADER_ADD:
            add_front(w, edit->name, edit->value);
            break;
        case ACTION_HEADER_REMOVE:
            remove_fields(w, edit->name);
            break;
        case ACTION_SUBJECT_PREFIX:
            prefix_subject(w, edit->value);
            break;
        case ACTION_STRIP:
            strip(w, edit);
            break;
        default:
            break;
        }
    }
    for (size_t i = 0; i < w->in->banner_count; i++)
        change(w, w->in->banners[i].from, w->in->banners[i].to, w->in->banners[i].literal);
}

/* Our fields come before theirs, and before nothing else: what a mail box put in front is left out,
 * and when the message begins with no field, an empty line sets all of it off. Else its first line
 * could go on with what we say. */
static void set_front_off(struct work *w)
{
    size_t body;
    struct slice message = w->in->message, block = headers_block(message, &body);
    if (w->front.len == 0)
        return;
    if (w->header > 0)
        change(w, 0, w->header, SLICE(""));
    if (block.len == 0 && body == w->header)
        w->front = arena_printf(w->arena, "%.*s\r\n", SLICE_ARGS(w->front));
    if (!w->front.ptr)
        w->failed = true;
}

static int by_place(const void *a, const void *b)
{
    const struct edit_change *x = a, *y = b;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static void put_piece(struct work *w, struct slice bytes)
{
    if (bytes.len == 0)
        return;
    if (w->out->count == w->piece_room) {
        w->failed = true;
        return;
    }
    w->out->pieces[w->out->count++] = (struct iovec){(void *)(uintptr_t)bytes.ptr, bytes.len};
}

/* The message with its changes, not yet stuffed. */
static void assemble(struct work *w)
{
    struct slice message = w->in->message;
    size_t at = 0;
    put_piece(w, w->front);
    for (size_t i = 0; i < w->change_count; i++) {
        const struct edit_change *c = &w->changes[i];
        if (c->from < at)
            continue;
        put_piece(w, slice_sub(message, at, c->from));
        put_piece(w, c->literal);
        at = c->to;
    }
    put_piece(w, slice_from(message, at));
    for (size_t i = 0; i < w->out->count; i++)
        w->out->size += w->out->pieces[i].iov_len;
}

struct dot_walk {
    const struct iovec *pieces;
    size_t count, piece, at;
    bool line_start;
};

/* The next place where a line begins with a dot: piece and offset. */
static bool next_dot(struct dot_walk *walk)
{
    for (; walk->piece < walk->count; walk->piece++, walk->at = 0) {
        struct slice bytes = {walk->pieces[walk->piece].iov_base,
                              walk->pieces[walk->piece].iov_len};
        while (walk->at < bytes.len) {
            if (walk->line_start && bytes.ptr[walk->at] == '.') {
                walk->line_start = false;
                return true;
            }
            struct slice rest = slice_from(bytes, walk->at);
            size_t lf = slice_find(rest, '\n');
            walk->line_start = lf < rest.len;
            walk->at += lf < rest.len ? lf + 1 : lf;
        }
    }
    return false;
}

/* How many there are; past `most` it is not counted on. */
static size_t count_dots(const struct edited *out, size_t most)
{
    struct dot_walk walk = {.pieces = out->pieces, .count = out->count, .line_start = true};
    size_t n = 0;
    while (n <= most && next_dot(&walk))
        n++;
    return n;
}

static void stuff_as_pieces(struct work *w, const struct iovec *plain, size_t count)
{
    struct dot_walk walk = {.pieces = plain, .count = count, .line_start = true};
    size_t piece = 0, from = 0;
    while (next_dot(&walk)) {
        for (; piece < walk.piece; piece++, from = 0)
            put_piece(
                w, slice_from((struct slice){plain[piece].iov_base, plain[piece].iov_len}, from));
        put_piece(w, slice_sub((struct slice){plain[piece].iov_base, plain[piece].iov_len}, from,
                               walk.at));
        put_piece(w, SLICE("."));
        from = walk.at;
    }
    for (; piece < count; piece++, from = 0)
        put_piece(w, slice_from((struct slice){plain[piece].iov_base, plain[piece].iov_len}, from));
}

/* So many dots that pieces would cost more than the bytes. Lines may be as short as a dot: octet by
 * octet, and nothing depends on where they end. */
static void stuff_as_copy(struct work *w)
{
    struct edited *out = w->out;
    char *to = out->stuffed = malloc(out->size + out->size / 2 + 1); /* a dot more in ".\n" */
    if (!to) {
        w->failed = true;
        return;
    }
    size_t n = 0;
    bool line_start = true;
    for (size_t piece = 0; piece < out->count; piece++) {
        struct slice from = {out->pieces[piece].iov_base, out->pieces[piece].iov_len};
        for (size_t i = 0; i < from.len; i++) {
            to[n] = '.';
            n += line_start & (from.ptr[i] == '.');
            to[n++] = from.ptr[i];
            line_start = from.ptr[i] == '\n';
        }
    }
    out->count = 0;
    put_piece(w, (struct slice){to, n});
}

static void stuff(struct work *w)
{
    size_t dots = count_dots(w->out, DOTS_AS_PIECES_MAX);
    if (dots == 0)
        return;
    if (dots > DOTS_AS_PIECES_MAX) {
        stuff_as_copy(w);
        return;
    }
    const struct iovec *plain = w->out->pieces;
    size_t count = w->out->count;
    w->piece_room = count + 2 * dots + 2;
    w->out->pieces = arena_array(w->arena, w->piece_room, sizeof *w->out->pieces);
    w->out->count = 0;
    if (!w->out->pieces)
        w->failed = true;
    else
        stuff_as_pieces(w, plain, count);
}

bool edits_assemble(struct arena *arena, const struct edit_input *input, struct edited *out)
{
    struct work w = {.arena = arena, .in = input, .out = out, .front = input->trace};
    *out = (struct edited){.dots = input->dots};
    w.header = offset_in(&w, headers_block(input->message, NULL));
    collect(&w);
    set_front_off(&w);
    if (w.change_count > 1)
        qsort(w.changes, w.change_count, sizeof *w.changes, by_place);
    w.piece_room = 2 * w.change_count + 4;
    out->pieces = arena_array(arena, w.piece_room, sizeof *out->pieces);
    if (!out->pieces)
        return false;
    assemble(&w);
    return !w.failed;
}

bool edits_list(struct arena *arena, const struct edit_input *input, struct edit_list *out)
{
    struct edited whole = {.count = 0};
    struct work w = {.arena = arena, .in = input, .out = &whole, .front = input->trace};
    collect(&w);
    if (w.change_count > 1)
        qsort(w.changes, w.change_count, sizeof *w.changes, by_place);
    *out = (struct edit_list){w.front, w.changes, w.change_count, whole.too_many};
    return !w.failed;
}

bool edits_close(struct arena *arena, struct slice front, struct edited *out)
{
    const struct iovec *plain = out->pieces;
    size_t count = out->count;
    struct work w = {.arena = arena, .out = out, .piece_room = count + 2};
    out->pieces = arena_array(arena, w.piece_room, sizeof *out->pieces);
    out->count = 0;
    if (!out->pieces)
        return false;
    put_piece(&w, front);
    for (size_t i = 0; i < count; i++)
        out->pieces[out->count++] = plain[i];
    out->size += front.len;
    if (out->dots)
        stuff(&w);
    if (!w.failed)
        put_piece(&w, SLICE(".\r\n"));
    if (w.failed)
        edited_free(out);
    return !w.failed;
}

bool edits_apply(struct arena *arena, const struct edit_input *input, struct edited *out)
{
    return edits_assemble(arena, input, out) && edits_close(arena, SLICE(""), out);
}

void edited_free(struct edited *edited)
{
    free(edited->stuffed);
    edited->stuffed = NULL;
}
