/* SPDX-License-Identifier: ISC */
#include "console/probe/imap_talk.h"

#include <stdio.h>
#include <string.h>

enum { COMMAND_MAX = 512 };

/* ---- heard ---- */

static void hear_untagged(struct connection *c, struct slice line)
{
    struct slice star, name, rest;
    slice_cut(line, ' ', &star, &rest);
    slice_cut(rest, ' ', &name, &rest);
    if (slice_ieq(name, SLICE("CAPABILITY"))) {
        buf_clear(&c->capabilities);
        buf_append(&c->capabilities, rest);
    } else if (slice_ieq(name, SLICE("BYE"))) {
        connection_heard(c, line);
    }
}

void imap_hear(struct connection *c, struct slice line)
{
    struct slice tag, status;
    if (slice_starts(line, SLICE("* "))) {
        hear_untagged(c, line);
    } else if (slice_starts(line, SLICE("+"))) {
        c->challenged |= line.len > 1;
    } else {
        slice_cut(line, ' ', &tag, &status);
        connection_heard(c, status);
    }
}

/* "... {1200}" */
static bool announces(struct slice line, uint64_t *octets)
{
    size_t brace = slice_rfind(line, '{');
    if (brace == line.len || line.ptr[line.len - 1] != '}')
        return false;
    return slice_to_u64(slice_sub(line, brace + 1, line.len - 1), INT64_MAX, octets);
}

static bool take_response(struct connection *c, struct slice line, imap_taker *take, void *ctx)
{
    uint64_t octets;
    if (take)
        take(ctx, line);
    while (announces(line, &octets)) {
        if (!talk_octets(c, octets) || !talk_line(c, &line))
            return false;
        line = slice_trim(line);
    }
    return true;
}

/* Responses up to one with our tag, or to the request for a literal. False: it refused, or nothing
 * came. */
static bool hear_end(struct connection *c, bool literal, imap_taker *take, void *ctx)
{
    struct slice line;
    while (talk_line(c, &line)) {
        line = slice_trim(line);
        imap_hear(c, line);
        if (slice_starts(line, SLICE(IMAP_TAG)))
            return (!literal && slice_istarts(line, SLICE(IMAP_TAG "OK"))) || talk_refused(c);
        if (literal && slice_starts(line, SLICE("+")))
            return true;
        if (!take_response(c, line, take, ctx))
            return false;
    }
    return false;
}

/* ---- said ---- */

bool imap_demand(struct connection *c, const char *text, imap_taker *take, void *ctx)
{
    char line[COMMAND_MAX];
    snprintf(line, sizeof line, IMAP_TAG "%s", text);
    return talk_say(c, slice_of(line)) && hear_end(c, false, take, ctx);
}

bool imap_announce(struct connection *c, const char *before, const char *next)
{
    char line[PROBE_SECRET_MAX + 32];
    snprintf(line, sizeof line, "%s {%zu}", before, strlen(next));
    return talk_say(c, slice_of(line)) && hear_end(c, true, NULL, NULL);
}

bool imap_finish(struct connection *c, const char *literal, imap_taker *take, void *ctx)
{
    return talk_say(c, slice_of(literal)) && hear_end(c, false, take, ctx);
}

/* ---- the mailbox ---- */

static void take_exists(void *ctx, struct slice line)
{
    struct slice star, number, name, rest;
    slice_cut(line, ' ', &star, &rest);
    slice_cut(rest, ' ', &number, &rest);
    slice_cut(rest, ' ', &name, &rest);
    if (slice_ieq(name, SLICE("EXISTS")))
        slice_to_u64(number, UINT32_MAX, ctx);
}

bool imap_examine(struct connection *c, const char *mailbox, uint64_t *count)
{
    *count = 0;
    if (strcmp(mailbox, "INBOX") == 0)
        return imap_demand(c, "EXAMINE INBOX", take_exists, count);
    return imap_announce(c, IMAP_TAG "EXAMINE", mailbox) &&
           imap_finish(c, mailbox, take_exists, count);
}

bool imap_fetch_whole(struct connection *c, unsigned number)
{
    char text[40];
    snprintf(text, sizeof text, "FETCH %u BODY.PEEK[]", number);
    return imap_demand(c, text, NULL, NULL) && (buf_len(&c->body) > 0 || talk_refused(c));
}

static struct slice without_brackets(struct slice word)
{
    while (word.len && word.ptr[0] == '(')
        word = slice_from(word, 1);
    while (word.len && word.ptr[word.len - 1] == ')')
        word.len--;
    return word;
}

bool imap_size_of_line(struct slice line, uint64_t *number, uint64_t *octets)
{
    struct slice word, rest;
    slice_cut(line, ' ', &word, &rest);
    slice_cut(rest, ' ', &word, &rest);
    if (!slice_to_u64(word, UINT32_MAX, number))
        return false;
    while (rest.len) {
        slice_cut(rest, ' ', &word, &rest);
        if (!slice_ieq(without_brackets(word), SLICE("RFC822.SIZE")))
            continue;
        slice_cut(rest, ' ', &word, &rest);
        return slice_to_u64(without_brackets(word), INT64_MAX, octets);
    }
    return false;
}
