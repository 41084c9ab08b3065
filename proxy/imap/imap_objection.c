/* SPDX-License-Identifier: ISC
 * What of a command's arguments passes: an allow-list wherever they ask for something, octets wherever they are names or
 * are looked for. */
#include "proxy/imap/imap_command.h"
#include "proxy/imap/imap_words.h"

static bool is_string(enum imap_token kind)
{
    return kind == IMAP_TOKEN_ATOM || kind == IMAP_TOKEN_QUOTED || kind == IMAP_TOKEN_LITERAL;
}

static bool skip_string(struct slice *rest)
{
    struct slice token;
    return is_string(imap_token(rest, &token));
}

/* One, or a list of them. */
static bool skip_strings(struct slice *rest)
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

static const char *nothing_behind(struct slice rest)
{
    return rest.len ? imap_unreadable : NULL;
}

/* ---- FETCH and STORE ---- */

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

static const char *object_to_fetch(struct slice rest)
{
    static const char *const modifiers[] = {"CHANGEDSINCE", "VANISHED", NULL};
    const struct imap_words words = {.allowed = modifiers};
    const char *why = skip_set(&rest) ? fetch_items(&rest) : imap_unreadable;
    if (!why)
        why = imap_optional_list(&rest, &words);
    return why ? why : nothing_behind(rest);
}

/* "(\\Seen a)", or the same without parentheses. */
static const char *object_to_flags(struct slice rest)
{
    if (rest.len && rest.ptr[0] == '(')
        return skip_strings(&rest) ? nothing_behind(rest) : imap_unreadable;
    while (rest.len)
        if (!skip_string(&rest))
            return imap_unreadable;
    return NULL;
}

static const char *object_to_store(struct slice rest)
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

/* ---- mailboxes ---- */

static const char *object_to_select(struct slice rest)
{
    static const char *const parameters[] = {"CONDSTORE", "QRESYNC", NULL};
    const struct imap_words words = {.allowed = parameters, .opens = "QRESYNC"};
    const char *why = skip_string(&rest) ? imap_optional_list(&rest, &words) : imap_unreadable;
    return why ? why : nothing_behind(rest);
}

static const char *object_to_create(struct slice rest)
{
    static const char *const parameters[] = {"USE", NULL};
    const struct imap_words words = {.allowed = parameters, .opens = "USE"};
    const char *why = skip_string(&rest) ? imap_optional_list(&rest, &words) : imap_unreadable;
    return why ? why : nothing_behind(rest);
}

static const char *const status_items[] = {
    "MESSAGES", "RECENT",    "UIDNEXT",       "UIDVALIDITY", "UNSEEN",          "SIZE",
    "DELETED",  "MAILBOXID", "HIGHESTMODSEQ", "APPENDLIMIT", "DELETED-STORAGE", NULL};

static const char *object_to_status(struct slice rest)
{
    const struct imap_words words = {.allowed = status_items};
    const char *why = skip_string(&rest) ? imap_optional_list(&rest, &words) : imap_unreadable;
    return why ? why : nothing_behind(rest);
}

static const char *return_options(struct slice *rest, const struct imap_words *words)
{
    struct slice token, ahead = *rest;
    if (imap_token(&ahead, &token) != IMAP_TOKEN_ATOM || !slice_ieq(token, SLICE("RETURN")))
        return NULL;
    *rest = ahead;
    return imap_token(rest, &token) == IMAP_TOKEN_OPEN ? imap_list(rest, words) : imap_unreadable;
}

/* "(SUBSCRIBED)" ref (patterns) RETURN (...): RFC 5258, and what may be returned of each (RFC 5819). */
static const char *object_to_list(struct slice rest)
{
    static const char *const selections[] = {"SUBSCRIBED", "RECURSIVEMATCH", "SPECIAL-USE", NULL};
    static const char *const returned[] = {"SUBSCRIBED", "CHILDREN", "SPECIAL-USE",
                                           "STATUS",     "MYRIGHTS", NULL};
    const struct imap_words selected = {.allowed = selections};
    const struct imap_words words = {
        .allowed = returned, .opens = "STATUS", .within = status_items};
    const char *why = imap_optional_list(&rest, &selected);
    if (why || !skip_string(&rest))
        return why ? why : imap_unreadable;
    if (!skip_strings(&rest))
        return imap_unreadable;
    why = return_options(&rest, &words);
    return why ? why : nothing_behind(rest);
}

/* ---- SEARCH ---- */

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

static const char *object_to_search(struct slice rest)
{
    static const char *const returned[] = {"MIN", "MAX", "ALL", "COUNT", "SAVE", NULL};
    const struct imap_words words = {.allowed = returned};
    const char *why = return_options(&rest, &words);
    return why ? why : object_to_keys(rest);
}

/* RETURN (...) (criteria) charset keys: RFC 5256, RFC 5267, RFC 5957. */
static const char *object_to_sort(struct slice rest)
{
    static const char *const returned[] = {"MIN", "MAX", "ALL", "COUNT", "SAVE", NULL};
    static const char *const criteria[] = {"ARRIVAL",   "CC",   "DATE",    "DISPLAYFROM",
                                           "DISPLAYTO", "FROM", "REVERSE", "SIZE",
                                           "SUBJECT",   "TO",   NULL};
    const struct imap_words words = {.allowed = returned}, by = {.allowed = criteria};
    const char *why = return_options(&rest, &words);
    if (!why)
        why = imap_optional_list(&rest, &by);
    if (!why && !skip_string(&rest))
        why = imap_unreadable;
    return why ? why : object_to_keys(rest);
}

static const char *object_to_thread(struct slice rest)
{
    bool algorithm = skip_string(&rest), charset = skip_string(&rest);
    return algorithm && charset ? object_to_keys(rest) : imap_unreadable;
}

/* ---- all others ---- */

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
        return object_to_search(arguments);
    case IMAP_SORT:
        return object_to_sort(arguments);
    case IMAP_THREAD:
        return object_to_thread(arguments);
    case IMAP_IDLE: /* what a server asks for would be taken for its "+ idling" */
        return nothing_behind(arguments);
    case IMAP_APPEND: /* its messages are not in it: imap_append_is_whole() */
        return NULL;
    default:
        return object_to_unreadable(arguments);
    }
}
