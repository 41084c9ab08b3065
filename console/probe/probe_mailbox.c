/* SPDX-License-Identifier: ISC
 * What a server does for a user who logs in: a few messages and their sizes. Nothing is deleted. */
#include "console/probe/probe_ntlm.h"
#include "console/probe/probe_protocol.h"
#include "console/probe/probe_talk.h"
#include "policy/server_profile.h"

#include <poll.h>

enum {
    LISTED_MOST = 20,
    READ_MOST = 3,
    BETWEEN_MS = 1100, /* what is made anew may have the time in it, in seconds */
};

struct message {
    unsigned number;
    uint64_t listed, octets; /* as the server says, as it gives */
    struct buf first;        /* what it gave first */
    bool changed;            /* the second gave another */
};

/* ---- login ---- */

static void tell_refused(struct probe *probe, const struct connection *c)
{
    struct slice line = buf_slice(&c->line);
    bool answered = c->result == CURLE_LOGIN_DENIED || c->result == CURLE_WEIRD_SERVER_REPLY;
    if (!answered)
        probe_trouble(probe, "the login failed: %.*s", SLICE_ARGS(connection_trouble(c)));
    else if (profile_puts_off(probe->profile, line))
        probe_trouble(probe, "it does not let %s in now: %.*s", probe->user, SLICE_ARGS(line));
    else
        probe_trouble(probe, "the login was refused, so nothing is known of its messages: %.*s",
                      SLICE_ARGS(line));
}

/* ---- messages ---- */

static void keep_smallest(struct message *messages, size_t *count, struct message next)
{
    size_t at = *count;
    if (*count < READ_MOST)
        (*count)++;
    else if (messages[--at].listed <= next.listed)
        return;
    for (; at > 0 && messages[at - 1].listed > next.listed; at--)
        messages[at] = messages[at - 1];
    messages[at] = next;
}

static bool list_messages(struct connection *c, uint64_t total, struct message *messages,
                          size_t *count)
{
    for (unsigned n = 1; n <= total && n <= LISTED_MOST; n++) {
        struct message next = {.number = n, .first = buf_init(PROBE_MESSAGE_MAX)};
        if (!c->protocol->size(c, n, &next.listed))
            return false;
        if (next.listed <= PROBE_MESSAGE_MAX)
            keep_smallest(messages, count, next);
    }
    return true;
}

static bool fetch(struct connection *c, unsigned number)
{
    buf_clear(&c->body);
    return c->protocol->fetch(c, number);
}

static bool read_once(struct connection *c, struct message *messages, size_t count)
{
    size_t read = 0;
    for (; read < count && fetch(c, messages[read].number); read++) {
        messages[read].first = c->body;
        messages[read].octets = buf_len(&c->body);
        c->body = buf_init(PROBE_MESSAGE_MAX);
    }
    return read == count;
}

static bool read_again(struct connection *c, struct message *messages, size_t count)
{
    size_t read = 0;
    for (; read < count && fetch(c, messages[read].number); read++)
        messages[read].changed = !slice_eq(buf_slice(&messages[read].first), buf_slice(&c->body));
    return read == count;
}

static bool is_exact(const struct connection *c, const struct message *message)
{
    return message->octets == message->listed ||
           message->octets == message->listed + c->protocol->framing;
}

static void tell_deviation(struct probe *probe, unsigned number, const char *rule, const char *here)
{
    probe_note(
        probe,
        "of %s one expects that %s; here %s: something stands before it, or message %u is odd",
        profile_word(probe->profile), rule, here, number);
}

static struct slice cure_of_sizes(const struct probe *probe, const struct connection *c)
{
    if (probe->profile != PROFILE_EXCHANGE && probe->profile != PROFILE_GENERIC)
        return SLICE("");
    return arena_printf(probe->arena,
                        "; on Exchange: %s -EnableExactRFC822Size $true, and restart its %s "
                        "services",
                        c->protocol->cmdlet, c->protocol->services);
}

static void tell_sizes(struct probe *probe, const struct connection *c,
                       const struct message *messages, size_t count)
{
    size_t wrong = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_exact(c, &messages[i]) && wrong++ == 0)
            at = i;
    if (!wrong) {
        probe_fact(probe, "sizes", "exact (%zu %s)", count, count == 1 ? "message" : "messages");
        return;
    }
    probe_fact(probe, "sizes", "not exact (%zu of %zu messages)", wrong, count);
    probe_trouble(probe,
                  "message %u has %llu octets, and %s says %llu: clients that trust sizes "
                  "cut messages or wait in vain%.*s",
                  messages[at].number, (unsigned long long)messages[at].octets, c->protocol->sizes,
                  (unsigned long long)messages[at].listed, SLICE_ARGS(cure_of_sizes(probe, c)));
    if (profile_sizes_exact(probe->profile) == EXPECTED_YES)
        tell_deviation(probe, messages[at].number, "sizes are exact", "they are not");
}

static void tell_changes(struct probe *probe, const struct message *messages, size_t count)
{
    size_t changed = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        if (messages[i].changed && changed++ == 0)
            at = i;
    probe_fact(probe, "messages", changed ? "change (%zu of %zu)" : "stay as they are", changed,
               count);
    if (!changed)
        return;
    /* nobody can see to what that program does with every message */
    (profile_messages_stay(probe->profile) == EXPECTED_NO ? probe_note : probe_trouble)(
        probe,
        "message %u is not the same when it is fetched again: the server makes it anew each time, "
        "so it is examined anew each time, and a client that goes on in the middle gets a mixture",
        messages[at].number);
    if (profile_messages_stay(probe->profile) == EXPECTED_YES)
        tell_deviation(probe, messages[at].number, "messages stay as they are", "they change");
}

static void tell_unread(struct probe *probe, const struct connection *c)
{
    struct slice why = c->too_large
                           ? arena_printf(probe->arena, "more than 1 MiB comes where %s says less",
                                          c->protocol->sizes)
                           : connection_trouble(c);
    probe_trouble(probe, "messages cannot be read: %.*s", SLICE_ARGS(why));
}

static void compare_messages(struct probe *probe, struct connection *c, struct message *messages,
                             size_t count)
{
    if (!read_once(c, messages, count)) {
        tell_unread(probe, c);
        return;
    }
    tell_sizes(probe, c, messages, count);
    poll(NULL, 0, BETWEEN_MS);
    if (read_again(c, messages, count))
        tell_changes(probe, messages, count);
    else
        tell_unread(probe, c);
}

static void read_messages(struct probe *probe, struct connection *c)
{
    struct message messages[READ_MOST];
    uint64_t total;
    size_t count = 0;
    if (!c->protocol->open(c, &total) || !list_messages(c, total, messages, &count))
        tell_unread(probe, c);
    else if (count == 0)
        probe_note(probe, "no message up to 1 MiB is among the first: whether sizes are exact is "
                          "not known");
    else
        compare_messages(probe, c, messages, count);
    for (size_t i = 0; i < count; i++)
        buf_release(&messages[i].first);
}

void probe_mailbox(struct probe *probe)
{
    struct slice words;
    struct connection c;
    const struct probe_protocol *protocol = probe_protocol(probe->server->protocol);
    struct mechanisms server = protocol->mechanisms(probe->arena, probe->capabilities, &words);
    bool in = connection_open(&c, probe, TRUST_AS_CONFIGURED) && protocol->log_in(&c, &server);
    if (in) {
        probe_fact(probe, "login", "%s is let in", probe->user);
        read_messages(probe, &c);
        if (protocol->tell_hidden)
            protocol->tell_hidden(probe, buf_slice(&c.capabilities));
    } else {
        tell_refused(probe, &c);
    }
    if (in && c.result == CURLE_OK)
        talk_farewell(&c);
    connection_close(&c);
    if (in && server.has & 1U << MECHANISM_NTLM)
        probe_ntlm(probe);
}
