/* SPDX-License-Identifier: ISC
 * What a server says of itself to whoever connects. */
#include "console/certificate.h"
#include "console/probe/probe_protocol.h"
#include "console/probe/probe_talk.h"
#include "policy/server_profile.h"

#include <stdio.h>

enum { LIMITS_MAX = 160 };

/* ---- the certificate ---- */

static struct slice wanted_name(const struct probe *probe)
{
    char address[46];
    if (probe->server->tls_name.len)
        return probe->server->tls_name;
    ip_text(&probe->server->ip, address);
    return arena_copy(probe->arena, slice_of(address));
}

/* Why `tls verify` would not take it; empty: it would. */
static struct slice flaw_of(const struct probe *probe, const struct connection *c)
{
    return certificate_flaw(probe->arena, c->certificate, c->verified, wanted_name(probe),
                            probe->config->settings.tls_ca_file);
}

static void tell_end(struct probe *probe, X509 *certificate)
{
    int days = certificate_days(certificate);
    if (days < CERTIFICATE_SOON_DAYS)
        probe_trouble(probe, "its certificate ends in %d days, and nobody can log in from then on",
                      days);
}

static bool tell_verified(struct probe *probe, const struct connection *c)
{
    struct slice flaw = flaw_of(probe, c);
    if (flaw.len) {
        probe_fact(probe, "tls", "%s, its certificate is not trusted", c->tls);
        probe_trouble(probe,
                      "the certificate is not trusted (tls verify), so nobody can log in: %.*s",
                      SLICE_ARGS(flaw));
        probe->status = PROBE_NOT_REACHED;
        return false;
    }
    probe_fact(probe, "tls", "%s, its certificate is trusted, for %.*s (tls verify)", c->tls,
               SLICE_ARGS(wanted_name(probe)));
    tell_end(probe, c->certificate);
    return true;
}

static void tell_unverified(struct probe *probe, const struct connection *c)
{
    static const char *const words[] = {[BACKEND_TLS_NONE] = "none",
                                        [BACKEND_TLS_OPPORTUNISTIC] = "opportunistic",
                                        [BACKEND_TLS_REQUIRED] = "required"};
    struct slice flaw = flaw_of(probe, c);
    probe_fact(probe, "tls", "%s, its certificate (for %.*s) is not verified (tls %s)", c->tls,
               SLICE_ARGS(certificate_names(probe->arena, c->certificate)),
               words[probe->server->tls]);
    if (c->verified == X509_V_OK && probe->server->tls_name.len == 0)
        probe_note(probe, "tls verify with such a name would trust its certificate");
    else if (flaw.len)
        probe_note(probe, "tls verify would not trust its certificate: %.*s", SLICE_ARGS(flaw));
    else
        probe_note(probe, "tls verify \"%.*s\" would trust its certificate",
                   SLICE_ARGS(wanted_name(probe)));
}

/* ---- TLS ---- */

/* False: it is not to be trusted. */
static bool tell_tls(struct probe *probe, const struct connection *c)
{
    if (*c->tls && probe->server->tls == BACKEND_TLS_VERIFY && c->certificate)
        return tell_verified(probe, c);
    if (*c->tls && c->certificate) {
        tell_unverified(probe, c);
        return true;
    }
    probe_fact(probe, "tls", *c->tls ? "%s" : "none", c->tls);
    if (*c->tls)
        return true;
    if (probe->server->tls == BACKEND_TLS_NONE)
        probe_note(probe, "passwords go to it in the clear, as configured (tls none)");
    else
        probe_trouble(probe, "passwords go to it in the clear: it has no %s to offer",
                      c->protocol->starttls);
    return true;
}

/* ---- what it is ---- */

static void tell_expected(struct probe *probe)
{
    static const char *const stay[] = {[EXPECTED_YES] = "messages stay as they are",
                                       [EXPECTED_NO] = "messages are made anew each time"};
    static const char *const exact[] = {
        [EXPECTED_YES] = "sizes are exact", [EXPECTED_NO] = "sizes are not exact"};
    enum expected stays = profile_messages_stay(probe->profile);
    enum expected is_exact = profile_sizes_exact(probe->profile);
    if (stays != EXPECTED_UNKNOWN && is_exact != EXPECTED_UNKNOWN)
        probe_fact(probe, "expected", "%s, %s", stay[stays], exact[is_exact]);
}

static void tell_limits(struct probe *probe)
{
    char room[LIMITS_MAX];
    struct buf limits = buf_over(room, sizeof room);
    profile_limits(probe->profile, probe->server->protocol, &limits);
    if (buf_len(&limits))
        probe_fact(probe, "connections", "%.*s, unless that was changed",
                   SLICE_ARGS(buf_slice(&limits)));
}

static void tell_program(struct probe *probe, struct slice greeting)
{
    const struct backend *backend = probe->backend;
    enum server_profile seen = profile_by_greeting(greeting);
    bool told = slice_search(greeting, SLICE("[XCLIENT]")) < greeting.len;
    probe->profile = backend->has_profile ? backend->profile : seen;
    probe_fact(probe, "greeting", "%.*s", SLICE_ARGS(greeting));
    probe_fact(probe, "profile", "%s, by %s", profile_word(probe->profile),
               backend->has_profile ? "the configuration" : "its greeting");
    if (backend->has_profile && seen != PROFILE_GENERIC && seen != backend->profile)
        probe_trouble(probe, "the configuration says profile %s, its greeting is that of %s",
                      profile_word(backend->profile), profile_word(seen));
    else if (probe->profile == PROFILE_GENERIC)
        probe_note(probe, "its greeting names no program that is known; where you know better, "
                          "say so: profile exchange");
    tell_expected(probe);
    tell_limits(probe);
    const char *advice = profile_advice(probe->profile, told);
    if (advice)
        probe_note(probe, "%s", advice);
}

/* ---- mechanisms ---- */

static struct slice names_of_mechanisms(struct probe *probe, unsigned bits)
{
    struct slice names = SLICE("");
    for (int i = 0; i < MECHANISMS; i++)
        if (bits & 1U << i)
            names = ARENA_JOIN(probe->arena, names, slice_of(names.len ? ", " : ""),
                               slice_of(mechanism_name((enum login_mechanism)i)));
    return names;
}

/* Who only asks who may send says a password by whichever way there is. */
static unsigned usable_by(const struct listener *listener, const struct mechanisms *server)
{
    bool any = listener->login_by_imap && server->has & MECHANISMS_BY_PASSWORD;
    return server->usable | (any ? MECHANISMS_BY_PASSWORD : 0);
}

static void compare(struct probe *probe, const struct listener *listener,
                    const struct mechanisms *server)
{
    unsigned plus = listener->mechanisms & server->with_plus;
    unsigned lacks = listener->mechanisms & ~usable_by(listener, server) & ~plus;
    if (lacks)
        probe_trouble(probe, "%.*s:%u: listen %.*s on \"%.*s\" offers %.*s, which it has not",
                      SLICE_ARGS(listener->file), listener->line, SLICE_ARGS(listener->name),
                      SLICE_ARGS(listener->address), SLICE_ARGS(names_of_mechanisms(probe, lacks)));
    if (plus)
        probe_trouble(probe,
                      "%.*s:%u: listen %.*s on \"%.*s\" offers %.*s, which it can bind to TLS "
                      "(-PLUS): clients would take the gateway for an attacker, so nobody gets in",
                      SLICE_ARGS(listener->file), listener->line, SLICE_ARGS(listener->name),
                      SLICE_ARGS(listener->address), SLICE_ARGS(names_of_mechanisms(probe, plus)));
}

static void tell_mechanisms(struct probe *probe, const struct probe_protocol *protocol)
{
    struct slice words;
    const struct config *config = probe->config;
    struct mechanisms server = protocol->mechanisms(probe->arena, probe->capabilities, &words);
    if (probe->capabilities.len == 0) {
        probe_note(probe, "it does not tell its mechanisms (%s)", protocol->lists);
        return;
    }
    probe_fact(probe, "mechanisms", "%.*s", SLICE_ARGS(words.len ? words : SLICE("none")));
    for (size_t i = 0; i < config->listener_count; i++)
        if (config_asks(config, &config->listeners[i], probe->backend, probe->server->protocol))
            compare(probe, &config->listeners[i], &server);
}

/* ---- all of it ---- */

static bool connect_once(struct probe *probe, struct connection *c)
{
    return connection_open(c, probe, TRUST_ANYBODY) && connection_make(c);
}

/* Where TLS may fail, the gateway goes on without when it does. */
static bool survey_connect(struct probe *probe, struct connection *c)
{
    if (connect_once(probe, c))
        return true;
    if (c->result != CURLE_SSL_CONNECT_ERROR || probe->server->implicit_tls ||
        probe->server->tls != BACKEND_TLS_OPPORTUNISTIC)
        return false;
    probe_trouble(probe, "%.*s", SLICE_ARGS(connection_trouble(c)));
    connection_close(c);
    probe->without_tls = true;
    return connect_once(probe, c);
}

bool probe_survey(struct probe *probe)
{
    struct connection c;
    bool reached = survey_connect(probe, &c), trusted = false;
    if (reached) {
        probe->capabilities = arena_copy(probe->arena, buf_slice(&c.capabilities));
        trusted = tell_tls(probe, &c);
        tell_program(probe, arena_copy(probe->arena, buf_slice(&c.greeting)));
        tell_mechanisms(probe, c.protocol);
        if (!probe->user && c.protocol->tell_hidden) /* more is told to who has logged in */
            c.protocol->tell_hidden(probe, probe->capabilities);
        talk_farewell(&c);
    } else {
        probe_trouble(probe, "it cannot be used: %.*s", SLICE_ARGS(connection_trouble(&c)));
        probe->status = PROBE_NOT_REACHED;
    }
    connection_close(&c);
    return reached && trusted;
}
