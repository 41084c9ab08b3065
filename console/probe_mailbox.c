/* SPDX-License-Identifier: ISC
 * What a server does for a user who logs in: LIST and RETR of a few messages. Nothing is deleted. */
#include "console/probe_connection.h"
#include "console/probe_mechanisms.h"
#include "policy/server_profile.h"

#include <openssl/crypto.h>
#include <poll.h>
#include <stdio.h>

enum {
    LISTED_MOST = 20,
    READ_MOST = 3,
    BETWEEN_MS = 1100, /* what is made anew may have the time in it, in seconds */
};

struct message {
    unsigned number;
    uint64_t listed, octets; /* by LIST, by RETR */
    struct buf first;        /* what the first RETR gave */
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

static bool say_password(struct connection *c)
{
    char line[8 + PROBE_SECRET_MAX];
    snprintf(line, sizeof line, "USER %s", c->probe->user);
    bool taken = connection_ask(c, line);
    snprintf(line, sizeof line, "PASS %s", c->probe->password);
    taken = taken && connection_ask(c, line);
    OPENSSL_cleanse(line, sizeof line);
    return taken && connection_ask(c, "STAT");
}

static bool log_in(struct connection *c, const struct mechanisms *server)
{
    if (!(server->has & 1 << MECHANISM_PLAIN))
        return say_password(c);
    connection_login(c, "PLAIN", false);
    return connection_ask(c, "STAT");
}

/* ---- NTLM ---- */

enum ntlm { NTLM_TAKEN, NTLM_REFUSED, NTLM_PUT_OFF, NTLM_NOT_TRIED };

static enum ntlm ntlm_once(struct probe *probe, bool initial)
{
    struct connection c;
    bool open = connection_open(&c, probe, TRUST_AS_CONFIGURED);
    if (open)
        connection_login(&c, "NTLM", initial);
    bool taken = open && connection_ask(&c, "NOOP"), challenged = c.challenged;
    bool denied = c.result == CURLE_LOGIN_DENIED;
    bool put_off = profile_puts_off(probe->profile, buf_slice(&c.line));
    if (taken)
        connection_quit(&c);
    connection_close(&c);
    return taken                    ? NTLM_TAKEN
           : !challenged || !denied ? NTLM_NOT_TRIED
           : put_off                ? NTLM_PUT_OFF
                                    : NTLM_REFUSED;
}

/* FILE:LINE of each listener before it that offers what Extended Protection binds. */
static struct slice places_that_offer(struct probe *probe)
{
    static const unsigned bound = 1U << MECHANISM_NTLM | 1U << MECHANISM_GSSAPI;
    const struct config *config = probe->config;
    struct slice places = SLICE("");
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct listener *l = &config->listeners[i];
        if (config_leads(config, l, probe->backend) && l->mechanisms & bound)
            places = arena_printf(probe->arena, "%.*s%s%.*s:%u", SLICE_ARGS(places),
                                  places.len ? ", " : "", SLICE_ARGS(l->file), l->line);
    }
    return places;
}

static void tell_protected(struct probe *probe)
{
    static const char why[] = "the password is right, and NTLM refuses it: most likely the server "
                              "demands Extended Protection (its log then has 0xC000035B), and what "
                              "is bound to the client's TLS cannot pass a gateway, where that ends";
    static const char cure[] = "Set-PopSettings -ExtendedProtectionPolicy None, and restart its "
                               "POP3 services";
    struct slice places = places_that_offer(probe);
    if (places.len)
        probe_trouble(probe,
                      "%s. Take NTLM and GSSAPI out of mechanisms (%.*s), or, on Exchange: %s", why,
                      SLICE_ARGS(places), cure);
    else
        probe_note(probe, "%s. No listener offers it; before one does, on Exchange: %s", why, cure);
}

/* Exchange answers AUTH NTLM with "+OK", which libcurl takes for the end: then it is tried with the
 * first response beside the command. */
static void try_ntlm(struct probe *probe)
{
    enum ntlm end = ntlm_once(probe, false);
    if (end == NTLM_NOT_TRIED)
        end = ntlm_once(probe, true);
    switch (end) {
    case NTLM_TAKEN:
        probe_fact(probe, "ntlm", "works without channel binding");
        probe_note(probe, "clients that bind NTLM or GSSAPI to their TLS are refused all the same "
                          "unless ExtendedProtectionPolicy is None, Exchange's default");
        break;
    case NTLM_REFUSED:
        probe_fact(probe, "ntlm", "refused");
        tell_protected(probe);
        break;
    case NTLM_PUT_OFF:
        probe_note(probe, "NTLM was put off, so whether it can pass is not known");
        break;
    default:
        probe_note(probe, "NTLM is offered and could not be tried: whether it can pass the gateway "
                          "(ExtendedProtectionPolicy) is not known");
    }
}

/* ---- messages ---- */

/* Of "+OK 3 1200", the answer to STAT and LIST. */
static bool two_numbers(struct slice line, uint64_t *first, uint64_t *second)
{
    struct slice ok, a, b, rest;
    slice_cut(line, ' ', &ok, &rest);
    slice_cut(slice_trim(rest), ' ', &a, &rest);
    slice_cut(slice_trim(rest), ' ', &b, &rest);
    return slice_to_u64(a, UINT32_MAX, first) && slice_to_u64(b, INT64_MAX, second);
}

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
        char command[24];
        uint64_t number;
        struct message next = {.number = n, .first = buf_init(PROBE_MESSAGE_MAX)};
        snprintf(command, sizeof command, "LIST %u", n);
        if (!connection_ask(c, command) || !two_numbers(buf_slice(&c->line), &number, &next.listed))
            return false;
        if (next.listed <= PROBE_MESSAGE_MAX)
            keep_smallest(messages, count, next);
    }
    return true;
}

static bool read_once(struct connection *c, struct message *messages, size_t count)
{
    size_t read = 0;
    for (; read < count && connection_fetch(c, messages[read].number); read++) {
        messages[read].first = c->body;
        messages[read].octets = buf_len(&c->body);
        c->body = buf_init(PROBE_MESSAGE_MAX);
    }
    return read == count;
}

static bool read_again(struct connection *c, struct message *messages, size_t count)
{
    size_t read = 0;
    for (; read < count && connection_fetch(c, messages[read].number); read++)
        messages[read].changed = !slice_eq(buf_slice(&messages[read].first), buf_slice(&c->body));
    return read == count;
}

/* The newline that stands before the final dot need not be the message's. */
static bool is_exact(const struct message *message)
{
    return message->listed == message->octets || message->listed + 2 == message->octets;
}

static void tell_deviation(struct probe *probe, unsigned number, const char *rule, const char *here)
{
    probe_note(
        probe,
        "of %s one expects that %s; here %s: something stands before it, or message %u is odd",
        profile_word(probe->profile), rule, here, number);
}

static void tell_sizes(struct probe *probe, const struct message *messages, size_t count)
{
    size_t wrong = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_exact(&messages[i]) && wrong++ == 0)
            at = i;
    if (!wrong) {
        probe_fact(probe, "sizes", "exact (%zu %s)", count, count == 1 ? "message" : "messages");
        return;
    }
    probe_fact(probe, "sizes", "not exact (%zu of %zu messages)", wrong, count);
    probe_trouble(probe,
                  "message %u has %llu octets, and LIST says %llu: clients that trust sizes "
                  "cut messages or wait in vain%s",
                  messages[at].number, (unsigned long long)messages[at].octets,
                  (unsigned long long)messages[at].listed,
                  probe->profile == PROFILE_EXCHANGE || probe->profile == PROFILE_GENERIC
                      ? "; on Exchange: Set-PopSettings -EnableExactRFC822Size $true, and restart "
                        "its POP3 services"
                      : "");
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
    struct slice why =
        c->too_large ? SLICE("more than 1 MiB comes where LIST says less") : connection_trouble(c);
    probe_trouble(probe, "messages cannot be read: %.*s", SLICE_ARGS(why));
}

static void compare_messages(struct probe *probe, struct connection *c, struct message *messages,
                             size_t count)
{
    if (!read_once(c, messages, count)) {
        tell_unread(probe, c);
        return;
    }
    tell_sizes(probe, messages, count);
    poll(NULL, 0, BETWEEN_MS);
    if (read_again(c, messages, count))
        tell_changes(probe, messages, count);
    else
        tell_unread(probe, c);
}

static void read_messages(struct probe *probe, struct connection *c)
{
    struct message messages[READ_MOST];
    uint64_t total, octets;
    size_t count = 0;
    if (!two_numbers(buf_slice(&c->line), &total, &octets) ||
        !list_messages(c, total, messages, &count))
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
    struct mechanisms server = mechanisms_read(probe->arena, probe->capabilities, &words);
    bool in = connection_open(&c, probe, TRUST_AS_CONFIGURED) && log_in(&c, &server);
    if (in) {
        probe_fact(probe, "login", "%s is let in", probe->user);
        read_messages(probe, &c);
    } else {
        tell_refused(probe, &c);
    }
    if (in && c.result == CURLE_OK)
        connection_quit(&c);
    connection_close(&c);
    if (in && server.has & 1 << MECHANISM_NTLM)
        try_ntlm(probe);
}
