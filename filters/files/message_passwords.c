/* SPDX-License-Identifier: ISC */
#include "filters/files/message_passwords.h"

#include "filters/html/html_words.h"
#include "filters/mime/charset.h"
#include "filters/mime/headers.h"
#include "filters/mime/words.h"

enum {
    TEXT_MAX = 64 * 1024, /* octets of each text that are read */
    TEXTS_MAX = 8,
    CONVERTED_MAX = 3 * TEXT_MAX + 1024,
    SUBJECT_MAX = 4096,
    SCRATCH = TEXT_MAX + 64 * 1024,
};

static void read_subject(struct arena *arena, const struct mime_message *message,
                         struct passwords *out)
{
    struct malformations odd = {0};
    struct header field;
    if (!headers_find(message->parts[0].headers, SLICE("Subject"), 0, &field))
        return;
    struct slice text = header_unfold(arena, slice_sub(field.value, 0, SUBJECT_MAX));
    if (text.ptr)
        text = words_decode(arena, text, &odd);
    if (text.ptr)
        passwords_read(out, text);
}

/* In `arena`; empty when that is full. */
static struct slice to_text(struct arena *arena, const struct mime_part *part, struct slice content)
{
    struct buf converted = buf_init(CONVERTED_MAX), shown = buf_init(CONVERTED_MAX);
    bool html = slice_eq(part->type, SLICE("text/html"));
    charset_append(&converted, part->charset, content);
    charset_unpicture(&converted);
    if (html)
        html_words(&shown, buf_slice(&converted));
    struct slice text = arena_copy(arena, buf_slice(html ? &shown : &converted));
    buf_release(&converted);
    buf_release(&shown);
    return text;
}

static void read_part(struct arena *arena, const struct mime_part *part, struct passwords *out)
{
    struct malformations odd = {0};
    struct arena *scratch = arena_new(SCRATCH);
    struct slice content;
    bool cut;
    if (scratch && mime_decode(part, scratch, TEXT_MAX, &content, &cut, &odd))
        passwords_read(out, to_text(arena, part, content));
    arena_free(&scratch);
}

static void read_texts(struct arena *arena, const struct mime_message *message,
                       struct passwords *out)
{
    size_t texts = 0;
    for (size_t i = 0; i < message->n && texts < TEXTS_MAX; i++) {
        const struct mime_part *part = &message->parts[i];
        bool text =
            slice_eq(part->type, SLICE("text/plain")) || slice_eq(part->type, SLICE("text/html"));
        if (part->kind != MIME_LEAF || !text)
            continue;
        read_part(arena, part, out);
        texts++;
    }
}

static void keep(struct arena *arena, struct slice *words, size_t *count)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        struct slice copy = arena_copy(arena, words[i]);
        if (copy.ptr)
            words[kept++] = copy;
    }
    *count = kept;
}

struct passwords *message_passwords(struct arena *arena, const struct mime_message *message)
{
    struct passwords *out = arena_alloc(arena, sizeof *out);
    struct arena *texts = arena_new(TEXTS_MAX * CONVERTED_MAX + SCRATCH);
    if (out)
        *out = passwords_none();
    if (out && texts) {
        read_subject(texts, message, out);
        read_texts(texts, message, out);
        keep(arena, out->likely, &out->n_likely);
        keep(arena, out->others, &out->n_others);
    }
    arena_free(&texts);
    return out;
}
