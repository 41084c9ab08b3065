/* SPDX-License-Identifier: ISC */
#include "console/probe/probe_ntlm.h"

#include "console/probe/probe_protocol.h"
#include "console/probe/probe_talk.h"
#include "policy/server_profile.h"

enum ntlm { NTLM_TAKEN, NTLM_REFUSED, NTLM_PUT_OFF, NTLM_NOT_TRIED };

static enum ntlm ntlm_once(struct probe *probe, bool initial)
{
    struct connection c;
    bool open = connection_open(&c, probe, TRUST_AS_CONFIGURED);
    if (open)
        connection_login(&c, "NTLM", initial);
    bool taken = open && connection_make(&c), challenged = c.challenged;
    bool denied = c.result == CURLE_LOGIN_DENIED;
    bool put_off = profile_puts_off(probe->profile, buf_slice(&c.line));
    if (taken)
        talk_farewell(&c);
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
        if (config_asks(config, l, probe->backend, probe->server->protocol) &&
            l->mechanisms & bound)
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
    const struct probe_protocol *protocol = probe_protocol(probe->server->protocol);
    struct slice cure =
        arena_printf(probe->arena, "%s -ExtendedProtectionPolicy None, and restart its %s services",
                     protocol->cmdlet, protocol->services);
    struct slice places = places_that_offer(probe);
    if (places.len)
        probe_trouble(probe,
                      "%s. Take NTLM and GSSAPI out of mechanisms (%.*s), or, on Exchange: %.*s",
                      why, SLICE_ARGS(places), SLICE_ARGS(cure));
    else
        probe_note(probe, "%s. No listener offers it; before one does, on Exchange: %.*s", why,
                   SLICE_ARGS(cure));
}

/* Exchange answers AUTH NTLM with "+OK", which libcurl takes for the end: then it is tried with the
 * first response beside the command. */
void probe_ntlm(struct probe *probe)
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
