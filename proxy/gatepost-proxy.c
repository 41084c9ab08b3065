/* SPDX-License-Identifier: ISC
 * gatepost-proxy: the process that meets the network.
 * It is told everything by the parent on descriptor 3 (messages.def),
 * locks itself up, and serves until told to drain. It opens no file. */
#include "base/log.h"
#include "base/process.h"
#include "base/sandbox.h"
#include "common/bundle.h"
#include "common/lists.h"
#include "common/redis_place.h"
#include "filters/mime/charset_encode.h"
#include "proxy/examine/asked_before.h"
#include "proxy/examine/scan_line.h"
#include "proxy/examine/scan_memory.h"
#include "proxy/examine/scan_times.h"
#include "proxy/imap/imap_protocol.h"
#include "proxy/pop3/pop3_protocol.h"
#include "proxy/process/proxy.h"
#include "proxy/process/recorder.h"
#include "proxy/session/listener.h"
#include "proxy/smtp/errands.h"
#include "proxy/smtp/recipient_cache.h"
#include "proxy/smtp/smtp_pool.h"
#include "proxy/smtp/smtp_protocol.h"
#include "proxy/upstream/mailbox_servers.h"

#include <errno.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LISTENERS_MAX = 256, PROGRAM_EXIT_FAILED = 1, KEPT_BODY = 8 * 1024 * 1024 };

struct program {
    struct proxy proxy;
    enum proxy_state state;
    struct bundle *bundle;
    struct config *config;
    struct slice path, hostname; /* owned */
    struct {
        unsigned index;
        int fd;
        struct acceptor *acceptor;
    } listeners[LISTENERS_MAX];
    size_t listener_count;
    struct ticket_keys {
        char bytes[TICKET_KEYS][TICKET_KEY_SIZE];
        bool given;
    } tickets;
    struct event *control;
    int errands; /* until proxy.errands has it; -1: there are none */
};

static char inbox[IPC_PAYLOAD_MAX + 2];

static void say(enum message type, struct slice payload)
{
    ipc_send(PROXY_CONTROL_FD, (uint16_t)type, payload, NULL, 0, true);
}

static _Noreturn void give_up(const char *reason)
{
    struct buf out = buf_init(4096);
    pack_slice(&out, slice_of(reason));
    say(MESSAGE_FAILED, buf_slice(&out));
    log_at(LEVEL_ERROR, "", "proxy cannot start", field_str("reason", reason));
    exit(PROGRAM_EXIT_FAILED);
}

static struct slice keep(struct slice s)
{
    char *copy = malloc(s.len + 1);
    if (!copy)
        give_up("out of memory");
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return (struct slice){copy, s.len};
}

/* ---- what the parent tells ---- */

static void take_config(struct program *p, struct ipc_message *m)
{
    struct unpack in = {.left = m->payload};
    const char *reason;
    p->proxy.slot = unpack_u32(&in);
    unpack_u32(&in); /* generation: the parent's own business */
    p->proxy.row = unpack_u32(&in);
    p->path = keep(unpack_slice(&in));
    p->hostname = keep(unpack_slice(&in));
    p->bundle = bundle_map(m->fds[0], &reason);
    if (!p->bundle)
        give_up(reason);
}

static void take_annex(struct program *p, struct ipc_message *m)
{
    struct unpack in = {.left = m->payload};
    m->fd_count = 0;
    if (!p->bundle || !bundle_add_annex(p->bundle, unpack_slice(&in), m->fds[0]))
        give_up("a file of the configuration cannot be mapped");
}

static void accept_on(struct program *p, size_t i);

static void take_listener(struct program *p, struct ipc_message *m)
{
    struct unpack in = {.left = m->payload};
    if (p->listener_count == LISTENERS_MAX && p->state == PROXY_SERVING)
        return;
    if (p->listener_count == LISTENERS_MAX)
        give_up("too many listeners");
    p->listeners[p->listener_count].index = unpack_u32(&in);
    p->listeners[p->listener_count].fd = m->fds[0];
    p->listener_count++;
    m->fd_count = 0;
    if (p->state == PROXY_SERVING) /* another slot's, lent to us while its proxy keeps dying */
        accept_on(p, p->listener_count - 1);
}

static void take_tickets(struct program *p, struct ipc_message *m)
{
    struct unpack in = {.left = m->payload};
    struct slice keys[TICKET_KEYS];
    for (int i = 0; i < TICKET_KEYS; i++) {
        struct slice key = unpack_slice(&in);
        if (key.len == TICKET_KEY_SIZE)
            memcpy(p->tickets.bytes[i], key.ptr, TICKET_KEY_SIZE);
        keys[i] = (struct slice){p->tickets.bytes[i], TICKET_KEY_SIZE};
    }
    p->tickets.given = true;
    if (p->proxy.tls)
        tls_set_tickets(p->proxy.tls, keys);
}

static void take_scanners(struct program *p, struct ipc_message *m)
{
    struct unpack in = {.left = m->payload};
    unsigned kind = unpack_u8(&in);
    if (kind >= SCANNER_KINDS)
        give_up("unknown kind of scanner");
    p->proxy.queue[kind] = m->fds[0];
    m->fd_count = 0;
}

static void take_down(struct program *p, struct ipc_message *m)
{
    struct unpack in = {.left = m->payload};
    unsigned kind = unpack_u8(&in);
    struct slice reason = unpack_slice(&in);
    if (kind >= SCANNER_KINDS)
        give_up("unknown kind of scanner");
    snprintf(p->proxy.down[kind], sizeof p->proxy.down[kind], "%.*s", SLICE_ARGS(reason));
    if (kind == SCANNER_AV && p->proxy.scanned[kind] && !reason.len)
        scan_memory_forget(p->proxy.scanned[kind]);
    scan_line_down(&p->proxy, (enum scanner_kind)kind);
}

static void take_keeper(struct program *p, struct ipc_message *m)
{
    if (p->proxy.keeper >= 0)
        close(p->proxy.keeper);
    p->proxy.keeper = m->fds[0];
    m->fd_count = 0;
}

static void take_errands(struct program *p, struct ipc_message *m)
{
    p->errands = m->fds[0];
    m->fd_count = 0;
    if (p->proxy.errands)
        errands_move(p->proxy.errands, p->errands);
}

/* One that is none leaves what there was. */
static void take_lists(struct program *p, struct ipc_message *m)
{
    struct lists *lists = lists_map(m->fds[0]);
    if (!lists) {
        log_at(LEVEL_ERROR, "", "lists of senders cannot be read");
        return;
    }
    lists_free(&p->proxy.lists);
    p->proxy.lists = lists;
}

static void take_mark(struct program *p, struct ipc_message *m)
{
    struct unpack in = {.left = m->payload};
    struct slice mark = unpack_slice(&in);
    p->proxy.has_mark = mark.len == sizeof p->proxy.mark;
    if (p->proxy.has_mark)
        memcpy(p->proxy.mark, mark.ptr, mark.len);
    explicit_bzero(inbox, sizeof(uint16_t) + m->payload.len);
}

static void take_shared(struct program *p, struct ipc_message *m)
{
    p->proxy.shared = shared_map(m->fds[0], m->fds[1], p->proxy.row);
    if (!p->proxy.shared)
        give_up("the shared table cannot be mapped");
}

static void take_redis(struct program *p, struct ipc_message *m)
{
    if (!p->proxy.redis)
        return;
    redis_connected(p->proxy.redis, m->fds[0]);
    m->fd_count = 0;
}

static void start(struct program *p);
static void drain(struct program *p, bool stopping);

static void take(struct program *p, struct ipc_message *m)
{
    switch ((enum message)m->type) {
    case MESSAGE_CONFIG:
        take_config(p, m);
        break;
    case MESSAGE_ANNEX:
        take_annex(p, m);
        break;
    case MESSAGE_SHARED:
        take_shared(p, m);
        break;
    case MESSAGE_LISTENER:
        take_listener(p, m);
        break;
    case MESSAGE_SCANNERS:
        take_scanners(p, m);
        break;
    case MESSAGE_SCANNERS_DOWN:
        take_down(p, m);
        break;
    case MESSAGE_KEEPER:
        take_keeper(p, m);
        break;
    case MESSAGE_ERRANDS:
        take_errands(p, m);
        break;
    case MESSAGE_LISTS:
        take_lists(p, m);
        break;
    case MESSAGE_MARK:
        take_mark(p, m);
        break;
    case MESSAGE_TICKETS:
        take_tickets(p, m);
        break;
    case MESSAGE_REDIS:
        take_redis(p, m);
        break;
    case MESSAGE_START:
        start(p);
        break;
    case MESSAGE_DRAIN:
        drain(p, m->payload.ptr[0] != 0);
        break;
    default:
        break;
    }
    ipc_close_fds(m);
}

/* One message; waits for it before the loop runs.
 * The parent gone or out of its table: there is no going on. */
static bool receive(struct program *p, bool wait)
{
    struct ipc_message m;
    int r = ipc_recv(PROXY_CONTROL_FD, &m, inbox, sizeof inbox, wait);
    if (r == 0)
        return false;
    if (r < 0 || !message_allowed(&m, MESSAGE_DOWN, p->state))
        recorder_flush(&p->proxy);
    if (r < 0)
        exit(0);
    if (!message_allowed(&m, MESSAGE_DOWN, p->state)) {
        log_at(LEVEL_PANIC, "", "message not allowed now",
               field_str("message", message_name(m.type)));
        exit(PROGRAM_EXIT_FAILED);
    }
    take(p, &m);
    return true;
}

static void on_control(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    receive(arg, false);
}

/* ---- serving ---- */

static void open_log(const struct config *config)
{
    enum log_level level = LEVEL_INFO;
    log_level_parse(config->settings.log_level, &level);
    log_open("gatepost-proxy",
             slice_eq(config->settings.log_to, SLICE("syslog")) ? SINK_SYSLOG : SINK_STDERR, level);
}

static void load(struct program *p)
{
    struct loader files = bundle_loader(p->bundle);
    struct buf report = buf_init((size_t)64 * 1024);
    p->config = config_load(p->path, &files, p->hostname, &report);
    if (!p->config) {
        buf_char(&report, '\0');
        give_up(buf_slice(&report).ptr);
    }
    buf_release(&report);
    p->proxy.config = p->config;
    open_log(p->config);
    const char *reason;
    p->proxy.tls = tls_contexts_new(p->config, &files, &reason);
    if (!p->proxy.tls)
        give_up(reason);
    if (p->tickets.given) {
        struct slice keys[TICKET_KEYS];
        for (int i = 0; i < TICKET_KEYS; i++)
            keys[i] = (struct slice){p->tickets.bytes[i], TICKET_KEY_SIZE};
        tls_set_tickets(p->proxy.tls, keys);
    }
}

static void redis_wanted(void *ctx)
{
    (void)ctx;
    say(MESSAGE_REDIS_WANTED, SLICE(""));
}

static void make_redis(struct program *p, struct slice ca)
{
    static const struct redis_owner owner = {.wanted = redis_wanted};
    const struct settings *settings = &p->config->settings;
    struct redis_files files = {.ca = ca};
    struct slice secret = {NULL, 0};
    const char *reason;
    if ((settings->redis_password_file.len > 0 &&
         !bundle_read(p->bundle, settings->redis_password_file, &files.password, &reason)) ||
        (settings->redis_sentinel_password_file.len > 0 &&
         !bundle_read(p->bundle, settings->redis_sentinel_password_file, &files.sentinel_password,
                      &reason)))
        give_up(reason);
    if (p->proxy.wants[PRODUCER_CONTACT] &&
        !bundle_read(p->bundle, p->config->settings.contacts_key, &secret, &reason))
        give_up(reason);
    p->proxy.redis = redis_new(p->proxy.base, p->config, &files, &owner);
    if (!p->proxy.redis || !(p->proxy.state = state_new(p->proxy.redis, p->config, secret)))
        give_up("redis: out of memory, or the configuration cannot be used");
}

static void make_parts(struct program *p)
{
    struct slice ca = {NULL, 0};
    const char *reason;
    bundle_read(p->bundle, p->config->settings.tls_ca_file, &ca, &reason);
    p->proxy.backends = smtp_pools_new(p->proxy.base, p->config, ca, p->proxy.shared, p->proxy.row,
                                       process_count(p->config->settings.process_proxies));
    p->proxy.recipients = recipient_cache_new();
    p->proxy.mailboxes = mailbox_servers_new(p->config, ca, p->proxy.shared, p->proxy.row);
    if (!p->proxy.backends || !p->proxy.recipients || !p->proxy.mailboxes)
        give_up("out of memory");
    if (!proxy_learn_policy(&p->proxy))
        give_up("out of memory");
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        if (config_reads_mail(p->config) && p->proxy.scans[kind] &&
            !(p->proxy.scanned[kind] = scan_memory_new()))
            give_up("out of memory");
    if (p->proxy.scans[SCANNER_SCAN] || p->proxy.scans[SCANNER_AV]) {
        p->proxy.scan_times = scan_times_new();
        if (!p->proxy.scan_times)
            give_up("out of memory");
    }
    if (policy_asks(p->proxy.config->policy, ASKS_DNS) &&
        !(p->proxy.resolver = resolver_new(p->proxy.base, p->config, &reason)))
        log_at(LEVEL_ERROR, "", "no DNS: what needs it is unknown", field_str("reason", reason));
    if (p->proxy.resolver && !(p->proxy.asked_before = asked_before_new()))
        give_up("out of memory");
    if (redis_needed(p->config))
        make_redis(p, ca);
}

/* What libraries open or look up at first use must be had before the doors close. */
static void lock_up(const struct config *config)
{
    char user[PATH_MAX], folder[PATH_MAX];
    const char *reason;
    tzset();
    setlocale(LC_CTYPE, "C.UTF-8");
    if (policy_banners(config->policy))
        charset_encode_warm_up();
    if (!slice_to_path(config->settings.process_user, user) ||
        !slice_to_path(config->settings.process_chroot, folder))
        give_up(strerror(errno));
    if (!process_drop(user, *folder ? folder : NULL, &reason) ||
        !sandbox_enter(JAIL_PROXY, NULL, &reason))
        give_up(reason);
}

static void watch_lists(struct proxy *proxy)
{
    if (proxy->resolver && proxy->config->blocklist_count &&
        !(proxy->watch = list_watch_new(proxy->base, proxy->resolver, proxy->config, proxy->shared,
                                        proxy->row)))
        give_up("out of memory");
}

static void accept_on(struct program *p, size_t i)
{
    static const struct mail_protocol *const protocols[] = {
        [PROTOCOL_SMTP] = &smtp_protocol,
        [PROTOCOL_POP3] = &pop3_protocol,
        [PROTOCOL_IMAP] = &imap_protocol,
    };
    if (p->listeners[i].index >= p->config->listener_count)
        give_up("the parent names a listener that is not configured");
    const struct listener *listener = &p->config->listeners[p->listeners[i].index];
    p->listeners[i].acceptor =
        acceptor_new(&p->proxy, protocols[listener->protocol], listener, p->listeners[i].fd);
    if (!p->listeners[i].acceptor)
        give_up("out of memory");
}

static void accept_all(struct program *p)
{
    for (size_t i = 0; i < p->listener_count; i++)
        accept_on(p, i);
}

/* The last has ended while draining. */
static void no_errands(struct proxy *proxy)
{
    proxy->errands_over = true;
    if (proxy->session_count == 0)
        proxy->drained(proxy);
}

static void start(struct program *p)
{
    p->state = PROXY_STARTING;
    load(p);
    p->proxy.base = event_base_new();
    p->control = p->proxy.base ? event_new(p->proxy.base, PROXY_CONTROL_FD, EV_READ | EV_PERSIST,
                                           on_control, p)
                               : NULL;
    if (!p->control || event_add(p->control, NULL) != 0)
        give_up("libevent cannot start");
    make_parts(p);
    lock_up(p->config);
    accept_all(p);
    smtp_pools_probe(p->proxy.backends, p->proxy.slot == 0);
    if (p->errands >= 0 && !(p->proxy.errands = errands_new(&p->proxy, p->errands, no_errands)))
        give_up("out of memory");
    if (p->proxy.slot == 0)
        watch_lists(&p->proxy);
    p->state = PROXY_SERVING;
    say(MESSAGE_READY, SLICE(""));
}

static void drained(struct proxy *proxy)
{
    event_base_loopexit(proxy->base, NULL);
}

static void drain(struct program *p, bool stopping)
{
    p->state = PROXY_DRAINING;
    for (size_t i = 0; i < p->listener_count; i++)
        acceptor_free(&p->listeners[i].acceptor);
    p->proxy.draining = true;
    p->proxy.drained = drained;
    p->proxy.errands_over = !p->proxy.errands || !errands_drain(p->proxy.errands);
    smtp_pools_close_idle(p->proxy.backends);
    list_watch_free(&p->proxy.watch);
    if (stopping)
        sessions_stop(&p->proxy);
    if (p->proxy.session_count == 0 && p->proxy.errands_over)
        drained(&p->proxy);
}

int main(void)
{
    static struct program program = {
        .state = PROXY_CONFIGURING, .errands = -1, .proxy = {.keeper = -1}};
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        program.proxy.queue[kind] = -1;
    signal(SIGPIPE, SIG_IGN);
    /* Bodies come and go: their memory is kept for the next,
     * instead of being mapped and zeroed again. */
    mallopt(M_MMAP_THRESHOLD, KEPT_BODY);
    mallopt(M_TRIM_THRESHOLD, 4 * KEPT_BODY);
    signal(SIGINT, SIG_IGN); /* a terminal tells everybody; the parent tells us what to do */
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    TAILQ_INIT(&program.proxy.sessions);
    TAILQ_INIT(&program.proxy.unshown);
    TAILQ_INIT(&program.proxy.line);
    TAILQ_INIT(&program.proxy.under_way);
    TAILQ_INIT(&program.proxy.turns);
    while (program.state == PROXY_CONFIGURING)
        receive(&program, true);
    event_base_dispatch(program.proxy.base);
    recorder_flush(&program.proxy);
    return 0;
}
