/* SPDX-License-Identifier: ISC */
#include "proxy/session/own_received.h"

#include "filters/mime/headers.h"

enum { REFERENCE_MOST = 40 };

/* What stands behind "by HOSTNAME (Gatepost)"; ptr NULL: that does not. */
static struct slice behind_own(struct slice value, struct slice hostname)
{
    static const struct slice by = {"by ", 3}, us = {" (Gatepost)", 11};
    for (size_t at; (at = slice_search(value, by)) < value.len;) {
        value = slice_from(value, at + by.len);
        if (slice_istarts(value, hostname) && slice_istarts(slice_from(value, hostname.len), us))
            return slice_from(value, hostname.len + us.len);
    }
    return (struct slice){NULL, 0};
}

bool received_is_own(struct slice value, struct slice hostname)
{
    return behind_own(value, hostname).ptr != NULL;
}

static bool in_reference(char c)
{
    return hex_digit(c) >= 0 || c == '.' || c == 'm';
}

static struct slice reference_in(struct slice rest)
{
    static const struct slice id = {" id ", 4};
    struct slice text = slice_from(rest, slice_search(rest, id) + id.len);
    size_t len = 0;
    while (len < text.len && len < REFERENCE_MOST && in_reference(text.ptr[len]))
        len++;
    return slice_sub(text, 0, len);
}

struct slice received_reference(struct slice header, struct slice hostname)
{
    struct header field;
    for (size_t n = 0; headers_find(header, SLICE("Received"), n, &field); n++) {
        struct slice rest = behind_own(field.value, hostname);
        if (rest.ptr)
            return reference_in(rest);
    }
    return SLICE("");
}
