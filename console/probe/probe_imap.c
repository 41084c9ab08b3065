/* SPDX-License-Identifier: ISC */
#include "common/imap_capabilities.h"
#include "console/probe/probe_protocol.h"
#include "console/probe/probe_talk.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

static const char login_disabled[] = "LOGINDISABLED";

/* ---- capabilities ---- */

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

static void hear(struct connection *c, struct slice line)
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

static struct mechanisms mechanisms(struct arena *arena, struct slice capabilities,
                                    struct slice *words)
{
    struct mechanisms found = {0};
    struct slice word, by_sasl = SLICE("");
    bool disabled = false;
    while (imap_capability(&capabilities, &word)) {
        disabled |= slice_ieq(word, slice_of(login_disabled));
        if (!slice_istarts(word, SLICE("AUTH=")))
            continue;
        by_sasl = ARENA_JOIN(arena, by_sasl, SLICE(" "), slice_from(word, 5));
    }
    mechanisms_take(&found, by_sasl);
    found.has |= disabled ? 0 : 1U << MECHANISM_USER;
    mechanisms_by_password(&found,
                           disabled ? found.has & 1U << MECHANISM_PLAIN : MECHANISMS_BY_PASSWORD);
    *words = ARENA_JOIN(arena, slice_of(disabled ? login_disabled : "USER"), by_sasl);
    return found;
}

/* Those of a listener, or answered for by us whatever a server has. */
static bool is_ours(struct slice word)
{
    return slice_istarts(word, SLICE("AUTH=")) || slice_ieq(word, SLICE("STARTTLS")) ||
           slice_ieq(word, SLICE("SASL-IR")) || slice_ieq(word, SLICE("INPROGRESS")) ||
           slice_ieq(word, slice_of(login_disabled));
}

static void tell_hidden(struct probe *probe, struct slice capabilities)
{
    struct slice word, hidden = SLICE("");
    while (imap_capability(&capabilities, &word))
        if (!is_ours(word) && !imap_is_relayed_capability(word))
            hidden = ARENA_JOIN(probe->arena, hidden, slice_of(hidden.len ? " " : ""), word);
    if (hidden.len)
        probe_fact(probe, "hidden", "%.*s (the gateway does not look into these, nor offer them)",
                   SLICE_ARGS(hidden));
}

/* ---- commands ---- */

#define TAG "gp "

typedef void taker(struct slice line, uint64_t *out);

static void take_nothing(struct slice line, uint64_t *out)
{
    (void)line, (void)out;
}

/* "... {1200}" */
static bool announces(struct slice line, uint64_t *octets)
{
    size_t brace = slice_rfind(line, '{');
    if (brace == line.len || line.ptr[line.len - 1] != '}')
        return false;
    return slice_to_u64(slice_sub(line, brace + 1, line.len - 1), INT64_MAX, octets);
}

static bool take_response(struct connection *c, struct slice line, taker *take, uint64_t *out)
{
    uint64_t octets;
    take(line, out);
    while (announces(line, &octets)) {
        if (!talk_octets(c, octets) || !talk_line(c, &line))
            return false;
        line = slice_trim(line);
    }
    return true;
}

/* Responses up to one with our tag, or to the request for a literal. False: it refused, or nothing
 * came. */
static bool hear_end(struct connection *c, bool literal, taker *take, uint64_t *out)
{
    struct slice line;
    while (talk_line(c, &line)) {
        line = slice_trim(line);
        hear(c, line);
        if (slice_starts(line, SLICE(TAG)))
            return (!literal && slice_istarts(line, SLICE(TAG "OK"))) || talk_refused(c);
        if (literal && slice_starts(line, SLICE("+")))
            return true;
        if (!take_response(c, line, take, out))
            return false;
    }
    return false;
}

static bool command(struct connection *c, const char *text, taker *take, uint64_t *out)
{
    char line[64];
    snprintf(line, sizeof line, TAG "%s", text);
    return talk_say(c, slice_of(line)) && hear_end(c, false, take, out);
}

/* ---- the login ---- */

/* What is said ends with the announcement of `next`, which is asked for before it is said. */
static bool announce(struct connection *c, const char *before, const char *next)
{
    char line[PROBE_SECRET_MAX + 32];
    snprintf(line, sizeof line, "%s {%zu}", before, strlen(next));
    return talk_say(c, slice_of(line)) && hear_end(c, true, take_nothing, NULL);
}

static bool say_password(struct connection *c)
{
    const struct probe *probe = c->probe;
    return announce(c, TAG "LOGIN", probe->user) && announce(c, probe->user, probe->password) &&
           talk_say(c, slice_of(probe->password)) && hear_end(c, false, take_nothing, NULL);
}

static bool log_in(struct connection *c, const struct mechanisms *server)
{
    if (server->has & 1U << MECHANISM_PLAIN) {
        connection_login(c, "PLAIN", false);
        return connection_make(c);
    }
    if (!connection_make(c))
        return false;
    if (server->has & 1U << MECHANISM_USER)
        return say_password(c);
    connection_heard(c, slice_of(login_disabled));
    return talk_refused(c);
}

/* ---- the mailbox ---- */

static void take_exists(struct slice line, uint64_t *out)
{
    struct slice star, number, name, rest;
    slice_cut(line, ' ', &star, &rest);
    slice_cut(rest, ' ', &number, &rest);
    slice_cut(rest, ' ', &name, &rest);
    if (slice_ieq(name, SLICE("EXISTS")))
        slice_to_u64(number, UINT32_MAX, out);
}

static bool open_mailbox(struct connection *c, uint64_t *count)
{
    *count = 0;
    return command(c, "CAPABILITY", take_nothing, NULL) &&
           command(c, "EXAMINE INBOX", take_exists, count);
}

static struct slice without_brackets(struct slice word)
{
    while (word.len && word.ptr[0] == '(')
        word = slice_from(word, 1);
    while (word.len && word.ptr[word.len - 1] == ')')
        word.len--;
    return word;
}

static void take_size(struct slice line, uint64_t *out)
{
    struct slice word, rest = line;
    while (rest.len) {
        slice_cut(rest, ' ', &word, &rest);
        if (!slice_ieq(without_brackets(word), SLICE("RFC822.SIZE")))
            continue;
        slice_cut(rest, ' ', &word, &rest);
        slice_to_u64(without_brackets(word), INT64_MAX, out);
    }
}

static bool size_of(struct connection *c, unsigned number, uint64_t *octets)
{
    char text[40];
    *octets = UINT64_MAX;
    snprintf(text, sizeof text, "FETCH %u RFC822.SIZE", number);
    return command(c, text, take_size, octets) && (*octets != UINT64_MAX || talk_refused(c));
}

static bool fetch(struct connection *c, unsigned number)
{
    char text[40];
    snprintf(text, sizeof text, "FETCH %u BODY.PEEK[]", number);
    return command(c, text, take_nothing, NULL) && (buf_len(&c->body) > 0 || talk_refused(c));
}

const struct probe_protocol probe_imap = {
    .name = "IMAP",
    .starttls = "STARTTLS",
    .lists = "CAPABILITY",
    .sizes = "RFC822.SIZE",
    .farewell = TAG "LOGOUT",
    .plain_hint = "; is that a port of imap, which begins without TLS?",
    .tls_hint = "; is that a port of imaps, which begins with TLS?",
    .cmdlet = "Set-ImapSettings",
    .services = "IMAP4",
    .hear = hear,
    .mechanisms = mechanisms,
    .log_in = log_in,
    .open = open_mailbox,
    .size = size_of,
    .fetch = fetch,
    .tell_hidden = tell_hidden,
};
