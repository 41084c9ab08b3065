/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_objection.h"

/* How many strings a key is followed by, which are no keys whatever they say. */
static int strings_behind(struct slice key)
{
    static const char *const one[] = {"BCC",         "BODY",    "CC",       "FROM",    "SUBJECT",
                                      "TEXT",        "TO",      "X-GM-RAW", "KEYWORD", "UNKEYWORD",
                                      "X-GM-LABELS", "EMAILID", "THREADID", "CHARSET", NULL};
    return slice_ieq(key, SLICE("HEADER")) ? 2 : imap_is_among(key, one);
}

static const char *object_to_keys(struct slice rest)
{
    static const char *const refused[] = {"ANNOTATION", "FILTER", NULL};
    struct slice token;
    int strings = 0;
    while (rest.len) {
        enum imap_token kind = imap_token(&rest, &token);
        if (kind == IMAP_TOKEN_BROKEN)
            return imap_unreadable;
        if (strings && kind >= IMAP_TOKEN_ATOM)
            strings--;
        else if (kind == IMAP_TOKEN_ATOM && imap_is_among(token, refused))
            return imap_not_here;
        else
            strings = kind == IMAP_TOKEN_ATOM ? strings_behind(token) : 0;
    }
    return NULL;
}

const char *imap_object_to_search(struct slice rest)
{
    static const char *const returned[] = {"MIN", "MAX", "ALL", "COUNT", "SAVE", NULL};
    const struct imap_words words = {.allowed = returned};
    const char *why = imap_return_options(&rest, &words);
    return why ? why : object_to_keys(rest);
}

/* RETURN (...) (criteria) charset keys: RFC 5256, RFC 5267, RFC 5957. */
const char *imap_object_to_sort(struct slice rest)
{
    static const char *const returned[] = {"MIN", "MAX", "ALL", "COUNT", "SAVE", NULL};
    static const char *const criteria[] = {"ARRIVAL",   "CC",   "DATE",    "DISPLAYFROM",
                                           "DISPLAYTO", "FROM", "REVERSE", "SIZE",
                                           "SUBJECT",   "TO",   NULL};
    const struct imap_words words = {.allowed = returned}, by = {.allowed = criteria};
    const char *why = imap_return_options(&rest, &words);
    if (!why)
        why = imap_optional_list(&rest, &by);
    if (!why && !imap_skip_string(&rest))
        why = imap_unreadable;
    return why ? why : object_to_keys(rest);
}

const char *imap_object_to_thread(struct slice rest)
{
    bool algorithm = imap_skip_string(&rest), charset = imap_skip_string(&rest);
    return algorithm && charset ? object_to_keys(rest) : imap_unreadable;
}
