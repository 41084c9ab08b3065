/* SPDX-License-Identifier: ISC */
#include "common/imap_capabilities.h"
#include "console/probe/imap_talk.h"
#include "console/probe/probe_protocol.h"

#include <stdio.h>
#include <string.h>

static const char login_disabled[] = "LOGINDISABLED";

/* ---- capabilities ---- */

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

/* ---- the login ---- */

static bool say_password(struct connection *c)
{
    const struct probe *probe = c->probe;
    return imap_announce(c, IMAP_TAG "LOGIN", probe->user) &&
           imap_announce(c, probe->user, probe->password) &&
           imap_finish(c, probe->password, NULL, NULL);
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

static bool open_mailbox(struct connection *c, uint64_t *count)
{
    *count = 0;
    return imap_demand(c, "CAPABILITY", NULL, NULL) && imap_examine(c, "INBOX", count);
}

static void take_size(void *ctx, struct slice line)
{
    uint64_t number, octets;
    if (imap_size_of_line(line, &number, &octets))
        *(uint64_t *)ctx = octets;
}

static bool size_of(struct connection *c, unsigned number, uint64_t *octets)
{
    char text[40];
    *octets = UINT64_MAX;
    snprintf(text, sizeof text, "FETCH %u RFC822.SIZE", number);
    return imap_demand(c, text, take_size, octets) && (*octets != UINT64_MAX || talk_refused(c));
}

const struct probe_protocol probe_imap = {
    .name = "IMAP",
    .starttls = "STARTTLS",
    .lists = "CAPABILITY",
    .sizes = "RFC822.SIZE",
    .farewell = IMAP_TAG "LOGOUT",
    .plain_hint = "; is that a port of imap, which begins without TLS?",
    .tls_hint = "; is that a port of imaps, which begins with TLS?",
    .cmdlet = "Set-ImapSettings",
    .services = "IMAP4",
    .hear = imap_hear,
    .mechanisms = mechanisms,
    .log_in = log_in,
    .open = open_mailbox,
    .size = size_of,
    .fetch = imap_fetch_whole,
    .tell_hidden = tell_hidden,
};
