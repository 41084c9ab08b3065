/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_objection.h"

#include "proxy/imap/imap_command.h"

/* ---- what arguments are made of ---- */

static bool is_string(enum imap_token kind)
{
    return kind == IMAP_TOKEN_ATOM || kind == IMAP_TOKEN_QUOTED || kind == IMAP_TOKEN_LITERAL;
}

bool imap_skip_string(struct slice *rest)
{
    struct slice token;
    return is_string(imap_token(rest, &token));
}

/* One, or a list of them. */
bool imap_skip_strings(struct slice *rest)
{
    struct slice token;
    enum imap_token kind = imap_token(rest, &token);
    if (kind != IMAP_TOKEN_OPEN)
        return is_string(kind);
    do
        kind = imap_token(rest, &token);
    while (is_string(kind));
    return kind == IMAP_TOKEN_CLOSE;
}

const char *imap_nothing_behind(struct slice rest)
{
    return rest.len ? imap_unreadable : NULL;
}

const char *imap_return_options(struct slice *rest, const struct imap_words *words)
{
    struct slice token, ahead = *rest;
    if (imap_token(&ahead, &token) != IMAP_TOKEN_ATOM || !slice_ieq(token, SLICE("RETURN")))
        return NULL;
    *rest = ahead;
    return imap_token(rest, &token) == IMAP_TOKEN_OPEN ? imap_list(rest, words) : imap_unreadable;
}

/* ---- who objects ---- */

static const char *object_to_unreadable(struct slice rest)
{
    struct slice token;
    int depth = 0;
    while (rest.len) {
        enum imap_token kind = imap_token(&rest, &token);
        depth += (kind == IMAP_TOKEN_OPEN) - (kind == IMAP_TOKEN_CLOSE);
        if (kind == IMAP_TOKEN_BROKEN || depth < 0 || depth > IMAP_DEPTH_MAX)
            return imap_unreadable;
    }
    return depth ? imap_unreadable : NULL;
}

const char *imap_objection(const struct imap_command *command)
{
    struct slice arguments = command->arguments;
    switch (command->verb) {
    case IMAP_FETCH:
        return imap_object_to_fetch(arguments);
    case IMAP_STORE:
        return imap_object_to_store(arguments);
    case IMAP_SELECT:
    case IMAP_EXAMINE:
        return imap_object_to_select(arguments);
    case IMAP_CREATE:
        return imap_object_to_create(arguments);
    case IMAP_STATUS:
        return imap_object_to_status(arguments);
    case IMAP_LIST:
        return imap_object_to_list(arguments);
    case IMAP_SEARCH:
        return imap_object_to_search(arguments);
    case IMAP_SORT:
        return imap_object_to_sort(arguments);
    case IMAP_THREAD:
        return imap_object_to_thread(arguments);
    case IMAP_IDLE: /* what a server asks for would be taken for its "+ idling" */
        return imap_nothing_behind(arguments);
    case IMAP_APPEND: /* its messages are not in it: imap_append_is_whole() */
        return NULL;
    default:
        return object_to_unreadable(arguments);
    }
}
