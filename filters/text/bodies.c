/* SPDX-License-Identifier: ISC */
#include "filters/text/bodies.h"

static bool is_one_of(struct slice type, const struct slice *types, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_eq(type, types[i]))
            return true;
    return false;
}

#define IS_ONE_OF(type, types) is_one_of(type, types, sizeof(types) / sizeof *(types))

static bool is_html(struct slice type)
{
    static const struct slice types[] = {SLICE("text/html"), SLICE("application/xhtml+xml"),
                                         SLICE("text/x-amp-html"), SLICE("text/enriched"),
                                         SLICE("text/richtext")};
    return IS_ONE_OF(type, types);
}

/* Of other texts programs show the source (RFC 2046 4.1.4); these are for programs alone. */
static bool is_for_programs(struct slice type)
{
    static const struct slice types[] = {
        SLICE("text/calendar"),       SLICE("text/x-vcalendar"), SLICE("text/vcard"),
        SLICE("text/x-vcard"),        SLICE("text/directory"),   SLICE("text/css"),
        SLICE("text/rfc822-headers"), SLICE("text/javascript"),  SLICE("text/csv"),
        SLICE("text/x-moz-deleted"),  SLICE("text/xml"),
    };
    return IS_ONE_OF(type, types);
}

static enum body_kind kind_of(const struct mime_part *part, bool in_choice)
{
    if (is_html(part->type))
        return BODY_HTML;
    if (in_choice && slice_eq(part->type, SLICE("text/calendar")))
        return BODY_CALENDAR;
    return part->text && !is_for_programs(part->type) ? BODY_PLAIN : BODY_NONE;
}

/* A name of a file; a place in the web is none. */
static bool has_file_name(const struct mime_part *part)
{
    for (size_t i = 0; i < part->n_names; i++)
        if (part->names[i].source == MIME_NAME_FILENAME || part->names[i].source == MIME_NAME_TYPE)
            return true;
    return false;
}

static bool is_attached(const struct mime_part *part, const struct mime_part *parent)
{
    if (slice_eq(part->disposition, SLICE("attachment")) || part->encoding == MIME_UUENCODE)
        return true;
    bool stands_for_text = !parent || slice_eq(parent->type, SLICE("multipart/alternative"));
    return has_file_name(part) && !stands_for_text && !slice_eq(part->disposition, SLICE("inline"));
}

/* ---- the tree ---- */

/* Of each part: whether it is attached, or stands in what is; and the outermost choice around it. */
struct place {
    bool attached, done;
    int choice;
};

static void find_place(const struct mime_message *message, size_t i, struct place *places)
{
    const struct mime_part *part = &message->parts[i];
    const struct mime_part *parent = part->parent >= 0 ? &message->parts[part->parent] : NULL;
    bool choice = slice_eq(part->type, SLICE("multipart/alternative"));
    places[i] = parent ? places[part->parent] : (struct place){.choice = -1};
    if (part->kind == MIME_MESSAGE)
        places[i].choice = -1;
    else if (choice && places[i].choice < 0)
        places[i].choice = (int)i;
    places[i].attached |= is_attached(part, parent);
}

struct finding {
    const struct mime_message *message;
    struct place *places;
    struct body *bodies;
    size_t count;
};

static void add(struct finding *f, size_t i)
{
    const struct mime_part *part = &f->message->parts[i];
    enum body_kind kind = kind_of(part, f->places[i].choice >= 0);
    if (part->kind == MIME_LEAF && kind != BODY_NONE && !f->places[i].attached &&
        !f->places[i].done)
        f->bodies[f->count++] = (struct body){part, kind, f->places[i].choice};
    f->places[i].done = true;
}

/* The plain texts of the choice that begins here. */
static void add_plain(struct finding *f, size_t choice)
{
    for (size_t i = choice + 1; i < f->message->n; i++)
        if (f->places[i].choice == (int)choice &&
            kind_of(&f->message->parts[i], true) == BODY_PLAIN)
            add(f, i);
}

const struct body *bodies_of(struct arena *arena, const struct mime_message *message, size_t *count)
{
    struct finding f = {.message = message,
                        .places = arena_array(arena, message->n, sizeof *f.places),
                        .bodies = arena_array(arena, message->n, sizeof *f.bodies)};
    if (!f.places || !f.bodies)
        return NULL;
    for (size_t i = 0; i < message->n; i++)
        find_place(message, i, f.places);
    for (size_t i = 0; i < message->n; i++) {
        add(&f, i);
        if (f.places[i].choice == (int)i)
            add_plain(&f, i);
    }
    *count = f.count;
    return f.bodies;
}
