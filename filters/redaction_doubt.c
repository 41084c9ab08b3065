/* SPDX-License-Identifier: ISC */
#include "filters/redaction_doubt.h"

#define HAS_ANY(set, list) has_any(set, list, sizeof(list) / sizeof *(list))

/* Of the message: not all of it was looked at. */
static const enum malformation caps[] = {
    MALFORMATION_TOO_MANY_PARTS,      MALFORMATION_TOO_DEEP,      MALFORMATION_HEADER_TOO_LARGE,
    MALFORMATION_TOO_MANY_PARAMETERS, MALFORMATION_TOO_MUCH_WORK,
};

/* Of what has parts: others may see none, or other ones, or text where boundaries are. */
static const enum malformation forms[] = {
    MALFORMATION_CONFLICTING_CONTENT_TYPE,
    MALFORMATION_CONTAINER_TYPE_MALFORMED,
    MALFORMATION_MIME_HEADER_BAD_NAME,
    MALFORMATION_HEADER_HIDDEN_IN_FOLD,
    MALFORMATION_ENCODED_MULTIPART,
    MALFORMATION_BOUNDARY_GUESSED,
    MALFORMATION_BOUNDARY_EMPTY,
    MALFORMATION_BOUNDARY_SYNTAX,
    MALFORMATION_BOUNDARY_ENCODED,
    MALFORMATION_BOUNDARY_CONFLICT,
    MALFORMATION_BOUNDARY_REUSED,
    MALFORMATION_BOUNDARY_LINE_JUNK,
    MALFORMATION_END_LINE_JUNK,
    MALFORMATION_PARTS_IN_LEAF,
    MALFORMATION_PARTS_IN_PREAMBLE,
    MALFORMATION_PARTS_AFTER_END,
};

/* Of a part: what is its header here may be its text elsewhere. */
static const enum malformation headers[] = {
    MALFORMATION_BARE_CR_IN_HEADER,     MALFORMATION_HEADER_WITHOUT_COLON,
    MALFORMATION_HEADER_BAD_NAME,       MALFORMATION_HEADER_JUNK_IN_PART,
    MALFORMATION_HEADER_BLANK_FOLD,     MALFORMATION_HEADER_BLANK_LINE,
    MALFORMATION_HEADER_AFTER_BLANK,    MALFORMATION_MESSAGE_AFTER_BLANK,
    MALFORMATION_HEADER_CUT_SHORT,      MALFORMATION_HEADER_UNTERMINATED,
    MALFORMATION_BOUNDARY_IN_HEADER,    MALFORMATION_MIME_HEADER_BAD_NAME,
    MALFORMATION_HEADER_HIDDEN_IN_FOLD,
};

static bool has_any(const struct malformations *set, const enum malformation *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (malformations_has(set, list[i]))
            return true;
    return false;
}

/* What stands in decoded content, or is a file within a text, goes with what holds it. */
static bool stands_alone(const struct mime_message *message, const struct mime_part *part)
{
    return part->in_message && part->parent >= 0 && message->parts[part->parent].kind != MIME_LEAF;
}

bool redaction_in_doubt(const struct mime_message *message)
{
    if (message->n == 0 || HAS_ANY(&message->malformations, caps))
        return true;
    for (size_t i = 1; i < message->n; i++) {
        const struct mime_part *part = &message->parts[i];
        if (stands_alone(message, part) &&
            (HAS_ANY(&part->malformations, headers) ||
             HAS_ANY(&message->parts[part->parent].malformations, forms)))
            return true;
    }
    return false;
}
