/* SPDX-License-Identifier: ISC */
#include "filters/attached_message.h"

#include "filters/files/mail_file.h"
#include "filters/mime/extension.h"

enum { LOOK_AT = 64 * 1024 /* octets that tell what a file is */ };

static bool is_message_type(const struct mime_part *part)
{
    return slice_eq(part->type, SLICE("message/rfc822")) ||
           slice_eq(part->type, SLICE("message/global"));
}

static bool is_named_so(struct arena *arena, const struct mime_part *part)
{
    for (size_t i = 0; i < part->n_names; i++)
        if (slice_eq(extension_of(arena, part->names[i].text), SLICE("eml")))
            return true;
    return false;
}

/* *is: a file that is a message. False: the arena is full. */
static bool look_at_file(struct arena *arena, const struct mime_part *part, bool *is)
{
    struct malformations odd = {{0}};
    struct slice beginning = {NULL, 0};
    bool cut;
    *is = false;
    if (part->kind != MIME_LEAF || !(is_message_type(part) || is_named_so(arena, part)))
        return true;
    if (!mime_decode(part, arena, LOOK_AT, &beginning, &cut, &odd))
        return false;
    *is = mail_begins_entity(beginning);
    return true;
}

static bool take(struct arena *arena, const struct mime_part *part, struct slice *octets)
{
    struct malformations odd = {{0}};
    bool cut;
    return mime_decode(part, arena, SIZE_MAX, octets, &cut, &odd);
}

bool attached_message(struct arena *arena, const struct mime_message *message, size_t nth,
                      struct attached_message *out)
{
    bool *within = arena_array(arena, message->n, sizeof *within);
    *out = (struct attached_message){0};
    for (size_t i = 0; within && i < message->n; i++) {
        const struct mime_part *part = &message->parts[i];
        bool is = part->kind == MIME_MESSAGE && is_message_type(part);
        within[i] = part->parent >= 0 &&
                    (within[part->parent] || message->parts[part->parent].kind == MIME_MESSAGE);
        if (within[i] || (!is && !look_at_file(arena, part, &is)))
            continue;
        if (is && ++out->count == nth && !take(arena, part, &out->octets))
            return false;
    }
    return within && !arena_failed(arena);
}
