/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_reading.h"

#include "proxy/imap/imap_words.h"

static struct slice set_of(const struct imap_command *command, struct slice *rest)
{
    struct slice set;
    slice_cut(command->arguments, ' ', &set, rest);
    return set;
}

/* `*` is one that nobody knows by number. */
static bool is_one(struct slice set, uint32_t *number)
{
    uint32_t to;
    return imap_range(&set, number, &to) && *number == to && to != UINT32_MAX && set.len == 0;
}

/* ---- read ---- */

bool imap_reads_one(const struct imap_command *command)
{
    struct imap_fetch asked;
    uint32_t number;
    if (command->verb != IMAP_FETCH)
        return false;
    imap_fetch(command, &asked);
    return asked.marks && is_one(asked.set, &number);
}

/* ---- flags ---- */

static bool has_flag(struct slice flags, struct slice flag)
{
    struct slice token;
    enum imap_token kind;
    bool has = false;
    while ((kind = imap_token(&flags, &token)) != IMAP_TOKEN_END && kind != IMAP_TOKEN_BROKEN)
        has |= kind == IMAP_TOKEN_ATOM && slice_ieq(token, flag);
    return has;
}

/* By adding it, or by what all of them are from now on. */
static bool sets_flag(const struct imap_command *command, struct slice flag)
{
    static const char *const sets[] = {"+FLAGS", "+FLAGS.SILENT", "FLAGS", "FLAGS.SILENT", NULL};
    static const char *const modifiers[] = {"UNCHANGEDSINCE", NULL};
    const struct imap_words words = {.allowed = modifiers};
    struct slice rest, token;
    set_of(command, &rest);
    return command->verb == IMAP_STORE && !imap_optional_list(&rest, &words) &&
           imap_token(&rest, &token) == IMAP_TOKEN_ATOM && imap_is_among(token, sets) &&
           has_flag(rest, flag);
}

bool imap_says_seen(const struct imap_command *command, uint32_t *uid)
{
    struct slice rest;
    return command->uid && sets_flag(command, SLICE("\\Seen")) &&
           is_one(set_of(command, &rest), uid);
}

bool imap_says_deleted(const struct imap_command *command)
{
    return sets_flag(command, SLICE("\\Deleted"));
}

/* ---- UIDs ---- */

static size_t all(struct left_range ranges[static 1])
{
    ranges[0] = (struct left_range){1, UINT32_MAX};
    return 1;
}

size_t imap_uids(const struct imap_command *command, struct left_range ranges[static 1])
{
    struct slice rest, set = set_of(command, &rest);
    uint32_t from, to;
    size_t count = 0;
    if (!command->uid)
        return all(ranges);
    while (set.len) {
        if (count == LEFT_RANGES_MOST || !imap_range(&set, &from, &to) ||
            (from == UINT32_MAX && to == UINT32_MAX))
            return all(ranges);
        ranges[count++] = (struct left_range){from < to ? from : to, from < to ? to : from};
    }
    return count;
}
