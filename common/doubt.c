/* SPDX-License-Identifier: ISC */
#include "common/doubt.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

enum { COUNT_MAX = 24 /* " +" and a number */ };

void doubt_set(char *to, size_t room, struct slice text)
{
    size_t n = text.len < room - 1 ? text.len : room - 1;
    if (n)
        memcpy(to, text.ptr, n);
    to[n] = '\0';
}

bool doubt_add_recipient(struct doubt *doubt, struct slice address, size_t left)
{
    size_t at = strlen(doubt->recipients), blank = at > 0;
    bool fits = at + blank + address.len + COUNT_MAX < sizeof doubt->recipients;
    if (!fits) {
        snprintf(doubt->recipients + at, sizeof doubt->recipients - at, "%s+%zu", blank ? " " : "",
                 left);
        return false;
    }
    if (blank)
        doubt->recipients[at++] = ' ';
    doubt_set(doubt->recipients + at, sizeof doubt->recipients - at, address);
    return true;
}

static struct slice text_of(const char *text, size_t room)
{
    return (struct slice){text, strnlen(text, room)};
}

/* The one text of a line that is not escaped. */
static void keep_id(char id[static DOUBT_ID_MAX], const struct doubt *doubt)
{
    doubt_set(id, DOUBT_ID_MAX, text_of(doubt->id, sizeof doubt->id));
    for (; *id; id++)
        if (*id <= ' ' || *id >= 0x7f)
            *id = '?';
}

void doubt_log(const struct doubt *doubt, const char *reason, struct slice server)
{
    char id[DOUBT_ID_MAX];
    keep_id(id, doubt);
    log_at(LEVEL_WARNING, id, "in-doubt", field_str("reason", reason),
           field_text("from", text_of(doubt->sender, sizeof doubt->sender)),
           field_text("to", text_of(doubt->recipients, sizeof doubt->recipients)),
           field_text("backend", text_of(doubt->backend, sizeof doubt->backend)),
           field_text("server", server),
           field_text("message_id", text_of(doubt->message_id, sizeof doubt->message_id)));
}
