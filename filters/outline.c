/* SPDX-License-Identifier: ISC */
#include "filters/outline.h"

#include "filters/mime/headers.h"
#include "filters/mime/words.h"
#include "filters/outline_internal.h"

/* One that is there more often is odd enough to be shown, and not to take the room of the others. */
enum { EACH_MAX = 4, READ_MAX = 4 * OUTLINE_VALUE_MAX };

static const struct slice names[] = {SLICE("From"),      SLICE("To"),      SLICE("Cc"),
                                     SLICE("Date"),      SLICE("Subject"), SLICE("Reply-To"),
                                     SLICE("Message-ID")};
enum { NAMES = sizeof names / sizeof *names };
_Static_assert(NAMES *EACH_MAX == OUTLINE_FIELDS_MAX, "there is room for all");

/* False when the arena is full. */
static bool read_field(struct arena *arena, const struct header *field, struct outline_field *out)
{
    struct malformations odd = {0};
    struct slice raw = slice_sub(field->value, 0, READ_MAX);
    struct slice text = header_unfold(arena, raw);
    if (text.ptr)
        text = words_decode(arena, text, &odd);
    out->value = outline_shortened(slice_trim(text), OUTLINE_VALUE_MAX);
    out->cut = field->value.len > READ_MAX || text.len > OUTLINE_VALUE_MAX;
    return text.ptr;
}

static bool read_fields(struct arena *arena, struct slice block, struct outline *out)
{
    struct outline_field *fields = arena_array(arena, OUTLINE_FIELDS_MAX, sizeof *fields);
    struct header field;
    bool ok = fields;
    out->fields = fields;
    for (size_t i = 0; i < NAMES; i++) {
        size_t nth = 0;
        for (; ok && nth < EACH_MAX && headers_find(block, names[i], nth, &field); nth++) {
            fields[out->field_count].name = names[i];
            ok = read_field(arena, &field, &fields[out->field_count++]);
        }
        out->fields_cut |= nth == EACH_MAX && headers_find(block, names[i], nth, &field);
    }
    return ok;
}

static bool count(void *context, struct slice piece)
{
    *(uint64_t *)context += piece.len;
    return true;
}

static uint64_t size_of(const struct mime_part *part)
{
    struct malformations odd = {0};
    uint64_t size = 0;
    if (part->kind != MIME_LEAF)
        return part->content.len;
    mime_decode_to(part, count, &size, &odd);
    return size;
}

static struct outline_part part_of(const struct mime_part *part)
{
    struct slice name = part->n_names ? part->names[0].text : SLICE("");
    return (struct outline_part){.depth = part->depth,
                                 .kind = part->kind,
                                 .encoding = part->encoding,
                                 .size = size_of(part),
                                 .type = outline_shortened(part->type, OUTLINE_WORD_MAX),
                                 .charset = outline_shortened(part->charset, OUTLINE_WORD_MAX),
                                 .name = outline_shortened(name, OUTLINE_NAME_MAX)};
}

static bool read_parts(struct arena *arena, const struct mime_message *message, struct outline *out)
{
    out->parts_cut = message->n > OUTLINE_PARTS_MAX;
    out->part_count = out->parts_cut ? OUTLINE_PARTS_MAX : message->n;
    struct outline_part *parts = arena_array(arena, out->part_count, sizeof *parts);
    for (size_t i = 0; parts && i < out->part_count; i++)
        parts[i] = part_of(&message->parts[i]);
    out->parts = parts;
    return parts;
}

const struct outline *outline_of(struct arena *arena, const struct mime_message *message)
{
    struct outline *out = arena_alloc(arena, sizeof *out);
    bool ok = out && read_fields(arena, message->parts[0].headers, out) &&
              read_parts(arena, message, out) && outline_read_text(arena, message, out);
    return ok ? out : NULL;
}
