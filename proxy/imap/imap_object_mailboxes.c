/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_objection.h"

const char *imap_object_to_select(struct slice rest)
{
    static const char *const parameters[] = {"CONDSTORE", "QRESYNC", NULL};
    const struct imap_words words = {.allowed = parameters, .opens = "QRESYNC"};
    const char *why = imap_skip_string(&rest) ? imap_optional_list(&rest, &words) : imap_unreadable;
    return why ? why : imap_nothing_behind(rest);
}

const char *imap_object_to_create(struct slice rest)
{
    static const char *const parameters[] = {"USE", NULL};
    const struct imap_words words = {.allowed = parameters, .opens = "USE"};
    const char *why = imap_skip_string(&rest) ? imap_optional_list(&rest, &words) : imap_unreadable;
    return why ? why : imap_nothing_behind(rest);
}

static const char *const status_items[] = {
    "MESSAGES", "RECENT",    "UIDNEXT",       "UIDVALIDITY", "UNSEEN",          "SIZE",
    "DELETED",  "MAILBOXID", "HIGHESTMODSEQ", "APPENDLIMIT", "DELETED-STORAGE", NULL};

const char *imap_object_to_status(struct slice rest)
{
    const struct imap_words words = {.allowed = status_items};
    const char *why = imap_skip_string(&rest) ? imap_optional_list(&rest, &words) : imap_unreadable;
    return why ? why : imap_nothing_behind(rest);
}

/* "(SUBSCRIBED)" ref (patterns) RETURN (...): RFC 5258, and what may be returned of each (RFC 5819). */
const char *imap_object_to_list(struct slice rest)
{
    static const char *const selections[] = {"SUBSCRIBED", "RECURSIVEMATCH", "SPECIAL-USE", NULL};
    static const char *const returned[] = {"SUBSCRIBED", "CHILDREN", "SPECIAL-USE",
                                           "STATUS",     "MYRIGHTS", NULL};
    const struct imap_words selected = {.allowed = selections};
    const struct imap_words words = {
        .allowed = returned, .opens = "STATUS", .within = status_items};
    const char *why = imap_optional_list(&rest, &selected);
    if (why || !imap_skip_string(&rest))
        return why ? why : imap_unreadable;
    if (!imap_skip_strings(&rest))
        return imap_unreadable;
    why = imap_return_options(&rest, &words);
    return why ? why : imap_nothing_behind(rest);
}
