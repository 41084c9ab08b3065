/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "filters/mime/headers.h"
#include "proxy/imap/imap_session.h"
#include "proxy/imap/line_set.h"
#include "proxy/session/session_log.h"

#include <string.h>

enum {
    TELLING = 64,                 /* octets that stand in a message by no accident */
    LOOKED_AT = 64 * 1024 * 1024, /* octets, of all places where something stands */
};

/* Nothing of it is shown: what begins and ends lines stays, and dots that begin them. */
static void put_out(char *content, size_t len)
{
    static const char notice[] = "[Gatepost has removed this]";
    struct overlay_range all = {.from = 0, .to = len};
    overlay(content, len, all, slice_of(notice));
}

static const char *next(struct slice where, size_t from, const char *content, size_t len)
{
    return from <= where.len ? memmem(where.ptr + from, where.len - from, content, len) : NULL;
}

/* Where it stands in the message: everywhere as it is, everywhere as it may be shown, or both; of
 * the last kind what is long enough is taken for the one that is not shown. */
static const char *shown_as(const struct imap_rendering *rendering, const char *content, size_t len)
{
    struct slice original = rendering->original;
    const char *found = next(original, 0, content, len), *clear = NULL, *altered = NULL;
    unsigned alterations = 0;
    size_t looked_at = 0;
    while (found) {
        size_t at = (size_t)(found - original.ptr);
        const char *shown = rendering->shown.ptr + at;
        if (memcmp(shown, content, len) == 0)
            clear = shown;
        else if (!altered || memcmp(shown, altered, len) != 0)
            alterations++, altered = shown;
        looked_at += len;
        if (alterations > 1 || looked_at > LOOKED_AT)
            return NULL;
        found = next(original, at + 1, content, len);
    }
    if (!altered)
        return clear;
    return !clear || len >= TELLING ? altered : NULL;
}

/* The same content may be wrapped anew each time that it is shown; and of a header some fields are chosen. What is shown
 * of the message must be all of it then, or, of a header, what no verdict hides. */
static bool are_lines(const struct imap_rendering *rendering, struct slice content, bool header)
{
    struct slice where =
        rendering->clear ? rendering->original : headers_block(rendering->shown, NULL);
    struct line_set *set = header || rendering->clear ? line_set_new(where) : NULL;
    bool held = set && line_set_holds(set, content);
    line_set_free(&set);
    return held;
}

static const char *find(const struct imap_rendering *rendering, const char *content, size_t len)
{
    if (!rendering->clear)
        return shown_as(rendering, content, len);
    return next(rendering->original, 0, content, len) ? content : NULL;
}

bool imap_match(struct imap_session *s, const struct imap_rendering *rendering, char *content,
                size_t len, bool header)
{
    const char *shown = rendering && len ? find(rendering, content, len) : NULL;
    if (len == 0)
        return true;
    if (shown && shown != content)
        memcpy(content, shown, len);
    if (shown || (rendering && are_lines(rendering, (struct slice){content, len}, header)))
        return true;
    if ((!rendering || rendering->clear) && session_logs(&s->reader.base, LINE_CONTENT))
        log_at(LEVEL_WARNING, s->reader.ref, "content removed", field_text("user", s->reader.login),
               field_str("reason", "it is no part of the message as it was examined"));
    put_out(content, len);
    return false;
}
