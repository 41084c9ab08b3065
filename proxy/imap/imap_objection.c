/* SPDX-License-Identifier: ISC
 * What of a command's arguments passes: an allow-list wherever they ask for something, octets wherever they are names or
 * are looked for. */
#include "proxy/imap/imap_command.h"
#include "proxy/imap/imap_tokens.h"

enum { DEPTH_MAX = 32 };

static const char unreadable[] = "these arguments cannot be read";
static const char not_here[] = "this is not to be had here";

static bool is_among(struct slice word, const char *const *words)
{
    for (; *words; words++)
        if (slice_ieq(word, slice_of(*words)))
            return true;
    return false;
}

/* The words of a list that has been opened, at its own depth; *rest goes on behind it. */
static const char *list_of(struct slice *rest, const char *const *allowed)
{
    struct slice token;
    int depth = 1;
    while (depth) {
        enum imap_token kind = imap_token(rest, &token);
        if (kind == IMAP_TOKEN_END || kind == IMAP_TOKEN_BROKEN || depth > DEPTH_MAX)
            return unreadable;
        depth += (kind == IMAP_TOKEN_OPEN) - (kind == IMAP_TOKEN_CLOSE);
        if (depth == 1 && kind == IMAP_TOKEN_ATOM && !is_among(token, allowed) &&
            !(token.ptr[0] >= '0' && token.ptr[0] <= '9'))
            return not_here;
    }
    return NULL;
}

static const char *optional_list(struct slice *rest, const char *const *allowed)
{
    struct slice token;
    if (!rest->len || rest->ptr[0] != '(')
        return NULL;
    imap_token(rest, &token);
    return list_of(rest, allowed);
}

static bool skip_string(struct slice *rest)
{
    struct slice token;
    enum imap_token kind = imap_token(rest, &token);
    return kind == IMAP_TOKEN_ATOM || kind == IMAP_TOKEN_QUOTED || kind == IMAP_TOKEN_LITERAL;
}

static const char *nothing_behind(struct slice rest)
{
    return rest.len ? unreadable : NULL;
}

/* ---- FETCH and STORE ---- */

static bool is_section(struct slice text)
{
    struct slice section = slice_sub(text, 1, slice_rfind(text, ']'));
    struct slice origin = slice_from(text, slice_rfind(text, ']') + 1);
    static const char *const known[] = {"", "HEADER", "TEXT", "MIME", NULL};
    size_t i = 0;
    while (i < section.len &&
           ((section.ptr[i] >= '0' && section.ptr[i] <= '9') || (i && section.ptr[i] == '.')))
        i++;
    struct slice what = slice_from(section, i);
    bool fields = slice_istarts(what, SLICE("HEADER.FIELDS (")) ||
                  slice_istarts(what, SLICE("HEADER.FIELDS.NOT ("));
    return (is_among(what, known) || fields) &&
           (origin.len == 0 ||
            (origin.len > 2 && origin.ptr[0] == '<' && origin.ptr[origin.len - 1] == '>'));
}

static bool is_item(struct slice name)
{
    static const char *const items[] = {
        "FLAGS",       "UID",        "INTERNALDATE",  "RFC822",      "RFC822.SIZE",
        "RFC822.TEXT", "ENVELOPE",   "RFC822.HEADER", "RFC822.PEEK", "BODYSTRUCTURE",
        "BODY",        "MODSEQ",     "SAVEDATE",      "EMAILID",     "THREADID",
        "ALL",         "X-GM-MSGID", "X-GM-THRID",    "X-GM-LABELS", "FAST",
        "FULL",        NULL};
    size_t open = slice_find(name, '[');
    if (open == name.len)
        return is_among(name, items);
    struct slice before = slice_sub(name, 0, open);
    return (slice_ieq(before, SLICE("BODY")) || slice_ieq(before, SLICE("BODY.PEEK"))) &&
           slice_rfind(name, ']') < name.len && is_section(slice_from(name, open));
}

static const char *fetch_items(struct slice *rest)
{
    struct slice token;
    enum imap_token kind = imap_token(rest, &token);
    if (kind == IMAP_TOKEN_ATOM)
        return is_item(token) ? NULL : not_here;
    if (kind != IMAP_TOKEN_OPEN)
        return unreadable;
    while ((kind = imap_token(rest, &token)) == IMAP_TOKEN_ATOM)
        if (!is_item(token))
            return not_here;
    return kind == IMAP_TOKEN_CLOSE ? NULL : unreadable;
}

static bool skip_set(struct slice *rest)
{
    struct slice set;
    return slice_cut(*rest, ' ', &set, rest) && set.len > 0;
}

static const char *object_to_fetch(struct slice rest)
{
    static const char *const modifiers[] = {"CHANGEDSINCE", "VANISHED", NULL};
    const char *why = skip_set(&rest) ? fetch_items(&rest) : unreadable;
    if (!why)
        why = optional_list(&rest, modifiers);
    return why ? why : nothing_behind(rest);
}

static const char *object_to_store(struct slice rest)
{
    static const char *const modifiers[] = {"UNCHANGEDSINCE", NULL};
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
        return unreadable;
    const char *why = optional_list(&rest, modifiers);
    if (why)
        return why;
    return imap_token(&rest, &token) == IMAP_TOKEN_ATOM && is_among(token, items) ? NULL : not_here;
}

/* ---- mailboxes ---- */

static const char *object_to_select(struct slice rest)
{
    static const char *const parameters[] = {"CONDSTORE", "QRESYNC", NULL};
    const char *why = skip_string(&rest) ? optional_list(&rest, parameters) : unreadable;
    return why ? why : nothing_behind(rest);
}

static const char *object_to_create(struct slice rest)
{
    static const char *const parameters[] = {"USE", NULL};
    const char *why = skip_string(&rest) ? optional_list(&rest, parameters) : unreadable;
    return why ? why : nothing_behind(rest);
}

static const char *const status_items[] = {
    "MESSAGES", "RECENT",    "UIDNEXT",       "UIDVALIDITY", "UNSEEN",          "SIZE",
    "DELETED",  "MAILBOXID", "HIGHESTMODSEQ", "APPENDLIMIT", "DELETED-STORAGE", NULL};

static const char *object_to_status(struct slice rest)
{
    const char *why = skip_string(&rest) ? optional_list(&rest, status_items) : unreadable;
    return why ? why : nothing_behind(rest);
}

static const char *return_options(struct slice *rest, const char *const *allowed)
{
    struct slice token, ahead = *rest;
    if (imap_token(&ahead, &token) != IMAP_TOKEN_ATOM || !slice_ieq(token, SLICE("RETURN")))
        return NULL;
    *rest = ahead;
    return imap_token(rest, &token) == IMAP_TOKEN_OPEN ? list_of(rest, allowed) : unreadable;
}

/* One, or a list of them. */
static bool skip_patterns(struct slice *rest)
{
    struct slice token;
    enum imap_token kind = imap_token(rest, &token);
    if (kind != IMAP_TOKEN_OPEN)
        return kind == IMAP_TOKEN_ATOM || kind == IMAP_TOKEN_QUOTED || kind == IMAP_TOKEN_LITERAL;
    do {
        kind = imap_token(rest, &token);
    } while (kind == IMAP_TOKEN_ATOM || kind == IMAP_TOKEN_QUOTED || kind == IMAP_TOKEN_LITERAL);
    return kind == IMAP_TOKEN_CLOSE;
}

/* "(SUBSCRIBED)" ref (patterns) RETURN (...): RFC 5258, and what may be returned of each (RFC 5819). */
static const char *object_to_list(struct slice rest)
{
    static const char *const selections[] = {"SUBSCRIBED", "RECURSIVEMATCH", "SPECIAL-USE", NULL};
    static const char *const returned[] = {"SUBSCRIBED", "CHILDREN", "SPECIAL-USE",
                                           "STATUS",     "MYRIGHTS", NULL};
    const char *why = optional_list(&rest, selections);
    if (why || !skip_string(&rest) || !skip_patterns(&rest))
        return why ? why : unreadable;
    why = return_options(&rest, returned);
    return why ? why : nothing_behind(rest);
}

/* ---- SEARCH ---- */

static const char *object_to_search(struct slice rest)
{
    static const char *const returned[] = {"MIN", "MAX", "ALL", "COUNT", "SAVE", NULL};
    static const char *const keys[] = {"ANNOTATION", "FILTER", NULL};
    struct slice token;
    const char *why = return_options(&rest, returned);
    while (!why && rest.len) {
        enum imap_token kind = imap_token(&rest, &token);
        if (kind == IMAP_TOKEN_BROKEN)
            why = unreadable;
        else if (kind == IMAP_TOKEN_ATOM && is_among(token, keys))
            why = not_here;
    }
    return why;
}

const char *imap_objection(const struct imap_command *command)
{
    struct slice arguments = command->arguments;
    switch (command->verb) {
    case IMAP_FETCH:
        return object_to_fetch(arguments);
    case IMAP_STORE:
        return object_to_store(arguments);
    case IMAP_SELECT:
    case IMAP_EXAMINE:
        return object_to_select(arguments);
    case IMAP_CREATE:
        return object_to_create(arguments);
    case IMAP_STATUS:
        return object_to_status(arguments);
    case IMAP_LIST:
        return object_to_list(arguments);
    case IMAP_SEARCH:
    case IMAP_SORT:
    case IMAP_THREAD:
        return object_to_search(arguments);
    default:
        return NULL;
    }
}
