/* SPDX-License-Identifier: ISC */
#include "proxy/process/serving.h"

#include "base/process.h"
#include "base/sandbox.h"
#include "filters/mime/charset_encode.h"
#include "filters/mime/words.h"
#include "proxy/examine/scan_answers.h"
#include "proxy/imap/imap_protocol.h"
#include "proxy/pop3/pop3_protocol.h"
#include "proxy/process/parts.h"
#include "proxy/process/pulse.h"
#include "proxy/process/told.h"
#include "proxy/session/listener.h"
#include "proxy/smtp/errands.h"
#include "proxy/smtp/smtp_pool.h"
#include "proxy/smtp/smtp_protocol.h"
#include "proxy/state/state_sharing.h"

#include <errno.h>
#include <locale.h>
#include <string.h>
#include <time.h>

static void on_control(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    told(arg, false);
}

/* What libraries open or look up at first use must be had before the doors close. */
static void lock_up(const struct config *config)
{
    char user[PATH_MAX], folder[PATH_MAX];
    const char *reason;
    tzset();
    setlocale(LC_CTYPE, "C.UTF-8");
    words_warm_up();
    if (policy_banners(config->policy))
        charset_encode_warm_up();
    if (!slice_to_path(config->settings.process_user, user) ||
        !slice_to_path(config->settings.process_chroot, folder))
        program_give_up(strerror(errno));
    if (!process_drop(user, *folder ? folder : NULL, &reason) ||
        !sandbox_enter(JAIL_PROXY, NULL, &reason))
        program_give_up(reason);
}

static void watch_lists(struct proxy *proxy)
{
    if (proxy->resolver && proxy->config->blocklist_count &&
        !(proxy->watch = list_watch_new(proxy->base, proxy->resolver, proxy->config, proxy->shared,
                                        proxy->row)))
        program_give_up("out of memory");
}

void serving_accept(struct program *p, size_t i)
{
    static const struct mail_protocol *const protocols[] = {
        [PROTOCOL_SMTP] = &smtp_protocol,
        [PROTOCOL_POP3] = &pop3_protocol,
        [PROTOCOL_IMAP] = &imap_protocol,
        [PROTOCOL_MILTER] = &smtp_protocol,
    };
    if (p->listeners[i].index >= p->config->listener_count)
        program_give_up("the parent names a listener that is not configured");
    const struct listener *listener = &p->config->listeners[p->listeners[i].index];
    p->listeners[i].acceptor =
        acceptor_new(&p->proxy, protocols[listener->protocol], listener, p->listeners[i].fd);
    if (!p->listeners[i].acceptor)
        program_give_up("out of memory");
}

static void accept_all(struct program *p)
{
    for (size_t i = 0; i < p->listener_count; i++)
        serving_accept(p, i);
}

/* The last has ended while draining. */
static void no_errands(struct proxy *proxy)
{
    proxy->errands_over = true;
    proxy_end_if_drained(proxy);
}

static void tell_overrun(void *ctx, enum scanner_kind kind)
{
    (void)ctx;
    const uint8_t which = (uint8_t)kind;
    program_say(MESSAGE_SCANNERS_FALSE, (struct slice){(const char *)&which, sizeof which});
}

static void hear_scanners(struct program *p)
{
    static const struct scan_answers_owner owner = {.overrun = tell_overrun};
    p->proxy.answers = scan_answers_new(p->proxy.base, &owner);
    bool hears = p->proxy.answers;
    for (int kind = 0; kind < SCANNER_KINDS && hears; kind++)
        hears = p->answers[kind].sock < 0 ||
                scan_answers_open(p->proxy.answers, (enum scanner_kind)kind, p->answers[kind].sock,
                                  p->proxy.row, p->answers[kind].serial);
    if (!hears)
        program_give_up("out of memory");
}

void serving_start(struct program *p)
{
    p->state = PROXY_STARTING;
    parts_load(p);
    p->proxy.base = event_base_new();
    p->control = p->proxy.base ? event_new(p->proxy.base, PROXY_CONTROL_FD, EV_READ | EV_PERSIST,
                                           on_control, p)
                               : NULL;
    if (!p->control || event_add(p->control, NULL) != 0)
        program_give_up("libevent cannot start");
    parts_make(p);
    hear_scanners(p);
    lock_up(p->config);
    accept_all(p);
    if (!pulse_start(&p->proxy))
        program_give_up("out of memory");
    smtp_pools_probe(p->proxy.backends, p->proxy.slot == 0);
    if (p->errands >= 0 && !(p->proxy.errands = errands_new(&p->proxy, p->errands, no_errands)))
        program_give_up("out of memory");
    if (p->sharing >= 0 && p->proxy.redis &&
        !(p->proxy.sharing =
              state_sharing_new(p->proxy.base, p->proxy.redis, &p->config->settings, p->sharing)))
        program_give_up("out of memory");
    if (p->proxy.slot == 0)
        watch_lists(&p->proxy);
    p->state = PROXY_SERVING;
    program_say(MESSAGE_READY, SLICE(""));
}

static void drained(struct proxy *proxy)
{
    event_base_loopexit(proxy->base, NULL);
}

/* Of an address that a reload gives up nobody else holds the queue; when all stop, systemd may. */
static void close_listeners(struct program *p, bool stopping)
{
    for (size_t i = 0; i < p->listener_count; i++)
        if (stopping)
            acceptor_free(&p->listeners[i].acceptor);
        else
            acceptor_drain(p->listeners[i].acceptor);
}

static void begin_to_drain(struct program *p)
{
    p->state = PROXY_DRAINING;
    p->proxy.draining = true;
    p->proxy.drained = drained;
    p->proxy.errands_over = !p->proxy.errands || !errands_drain(p->proxy.errands);
    if (p->proxy.sharing)
        state_sharing_drain(p->proxy.sharing);
    if (p->proxy.state)
        state_settle(p->proxy.state);
    smtp_pools_close_idle(p->proxy.backends);
    list_watch_free(&p->proxy.watch);
}

void serving_drain(struct program *p, bool stopping)
{
    if (p->state != PROXY_DRAINING)
        begin_to_drain(p);
    close_listeners(p, stopping);
    if (stopping)
        sessions_stop(&p->proxy);
    proxy_end_if_drained(&p->proxy);
}
