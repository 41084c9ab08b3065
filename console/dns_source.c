/* SPDX-License-Identifier: ISC */
#include "console/dns_source.h"

#include "console/command.h"
#include "console/dns_file.h"
#include "console/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ARENA_MAX = 1024 * 1024 * 1024,
    FILE_MAX = 256 * 1024 * 1024,
    TICK_MS = 100, /* how long a signal may go unseen while the event loop waits */
};

/* ---- files ---- */

static bool read_all(int fd, struct buf *out)
{
    for (;;) {
        size_t room;
        char *to = buf_reserve(out, 65536, &room);
        ssize_t n = to ? read(fd, to, room) : -1;
        if (!to)
            errno = EFBIG;
        if (n > 0)
            buf_commit(out, (size_t)n);
        else if (n == 0 || errno != EINTR)
            return n == 0;
    }
}

static bool read_answers(struct dns_source *source, const char *path)
{
    struct buf text = buf_init(FILE_MAX);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    const char *reason;
    if (fd >= 0 && read_all(fd, &text))
        source->answers = dns_file_parse(source->arena, buf_slice(&text), &reason);
    else
        reason = strerror(errno);
    source->at_once = buf_len(&text) <= DNS_AT_ONCE_MAX;
    if (fd >= 0)
        close(fd);
    buf_release(&text);
    return source->answers || (command_error(path, reason), false);
}

static bool write_all(int fd, struct slice text)
{
    while (text.len) {
        ssize_t n = write(fd, text.ptr, text.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text = slice_from(text, (size_t)n);
    }
    return true;
}

bool dns_source_record(const struct dns_source *source, const char *path)
{
    struct buf text = buf_init(FILE_MAX);
    int fd = -1;
    bool ok = dns_file_write(source->answers, &text);
    if (ok) {
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        ok = fd >= 0 && write_all(fd, buf_slice(&text));
    } else {
        errno = ENOMEM;
    }
    if (!ok)
        command_error(path, strerror(errno));
    if (fd >= 0)
        close(fd);
    buf_release(&text);
    return ok;
}

/* ---- the DNS itself ---- */

static bool use_server(struct config *config, const struct name_server *server)
{
    if (!server->port)
        return true;
    struct name_server *only = arena_alloc(config->arena, sizeof *only);
    if (!only)
        return false;
    *only = *server;
    only->zone = SLICE("");
    config->name_servers = only;
    config->name_server_count = 1;
    return true;
}

static bool open_resolver(struct dns_source *source, const struct check_options *options,
                          struct config *config)
{
    const char *reason = "out of memory";
    source->answers = dns_answers_new(source->arena);
    source->base = event_base_new();
    if (source->answers && source->base && use_server(config, &options->resolver))
        source->resolver = resolver_new(source->base, config, &reason);
    return source->resolver || (command_error("resolver", reason), false);
}

bool dns_source_open(struct dns_source *source, const struct check_options *options,
                     struct config *config)
{
    *source = (struct dns_source){0};
    if (!options->dns && !options->live)
        return true;
    source->arena = arena_new(ARENA_MAX);
    if (!source->arena)
        return command_error("DNS", "out of memory"), false;
    return options->dns ? read_answers(source, options->dns)
                        : open_resolver(source, options, config);
}

void dns_source_close(struct dns_source *source)
{
    if (source->resolver)
        resolver_free(&source->resolver);
    if (source->base)
        event_base_free(source->base);
    if (source->arena)
        arena_free(&source->arena);
    source->base = NULL;
}

/* ---- waiting ---- */

/* That it is called ends the turn. */
static void wake(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    (void)ctx;
}

static void forget(struct event **events, nfds_t count)
{
    for (nfds_t i = 0; events && i < count; i++)
        if (events[i])
            event_free(events[i]);
    free(events);
}

/* One turn of the event loop, which ends early when any of these is ready. */
static bool turn(struct event_base *base, const struct pollfd *fds, nfds_t count, int timeout)
{
    struct timeval time = {timeout / 1000, timeout % 1000 * 1000L};
    struct event **events = calloc(count + 1, sizeof(struct event *));
    bool ok = events != NULL;
    for (nfds_t i = 0; ok && i < count; i++)
        ok = (events[i] = event_new(base, fds[i].fd, EV_READ, wake, NULL)) &&
             event_add(events[i], NULL) == 0;
    ok = ok && (events[count] = event_new(base, -1, 0, wake, NULL)) &&
         event_add(events[count], &time) == 0 && event_base_loop(base, EVLOOP_ONCE) >= 0;
    forget(events, count + 1);
    return ok;
}

int dns_source_poll(struct dns_source *source, struct pollfd *fds, nfds_t count, int timeout)
{
    if (!source->base)
        return interrupt_poll(fds, count, timeout);
    if (!turn(source->base, fds, count, timeout < 0 || timeout > TICK_MS ? TICK_MS : timeout))
        return -1;
    return interrupt_poll(fds, count, 0);
}
