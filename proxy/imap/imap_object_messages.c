/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_objection.h"

#include "proxy/imap/imap_command.h"

static const char *fetch_items(struct slice *rest)
{
    struct slice token;
    enum imap_token kind = imap_fetch_token(rest, &token);
    if (kind == IMAP_TOKEN_ATOM)
        return imap_may_ask_for(token) ? NULL : imap_not_here;
    if (kind != IMAP_TOKEN_OPEN)
        return imap_unreadable;
    while ((kind = imap_fetch_token(rest, &token)) == IMAP_TOKEN_ATOM)
        if (!imap_may_ask_for(token))
            return imap_not_here;
    return kind == IMAP_TOKEN_CLOSE ? NULL : imap_unreadable;
}

static bool skip_set(struct slice *rest)
{
    struct slice set;
    if (!slice_cut(*rest, ' ', &set, rest))
        return false;
    for (size_t i = 0; i < set.len; i++)
        if (!ascii_digit(set.ptr[i]) && slice_find(SLICE(":,*$"), set.ptr[i]) == 4)
            return false;
    return set.len > 0;
}

const char *imap_object_to_fetch(struct slice rest)
{
    static const char *const modifiers[] = {"CHANGEDSINCE", "VANISHED", NULL};
    const struct imap_words words = {.allowed = modifiers};
    const char *why = skip_set(&rest) ? fetch_items(&rest) : imap_unreadable;
    if (!why)
        why = imap_optional_list(&rest, &words);
    return why ? why : imap_nothing_behind(rest);
}

/* "(\\Seen a)", or the same without parentheses. */
static const char *object_to_flags(struct slice rest)
{
    if (rest.len && rest.ptr[0] == '(')
        return imap_skip_strings(&rest) ? imap_nothing_behind(rest) : imap_unreadable;
    while (rest.len)
        if (!imap_skip_string(&rest))
            return imap_unreadable;
    return NULL;
}

const char *imap_object_to_store(struct slice rest)
{
    static const char *const modifiers[] = {"UNCHANGEDSINCE", NULL};
    const struct imap_words words = {.allowed = modifiers};
    static const char *const items[] = {"FLAGS",
                                        "+FLAGS",
                                        "-FLAGS",
                                        "FLAGS.SILENT",
                                        "+FLAGS.SILENT",
                                        "-FLAGS.SILENT",
                                        "X-GM-LABELS",
                                        "+X-GM-LABELS",
                                        "-X-GM-LABELS",
                                        "X-GM-LABELS.SILENT",
                                        "+X-GM-LABELS.SILENT",
                                        "-X-GM-LABELS.SILENT",
                                        NULL};
    struct slice token;
    if (!skip_set(&rest))
        return imap_unreadable;
    const char *why = imap_optional_list(&rest, &words);
    if (why)
        return why;
    if (imap_token(&rest, &token) != IMAP_TOKEN_ATOM || !imap_is_among(token, items))
        return imap_not_here;
    return object_to_flags(rest);
}
