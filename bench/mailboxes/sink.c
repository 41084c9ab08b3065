/* SPDX-License-Identifier: ISC
 * A server of mailboxes that costs little: any password, and COUNT messages in the mailbox of the user uN.M: the Nth FILE,
 * which ends with CRLF, behind a field that makes each another one. Those of sN.M are the same each time.
 * Of users who send (submission) it takes all; NOOP tells how many messages so far.
 *
 *   sink PROTOCOL PORT TLS_PORT CERTIFICATE KEY COUNT FILE... */
#include "sink.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    FILES_MOST = 8,
    WORKERS = 4,
    EVENTS = 64,
    BACKLOG = 4096,
};

static const struct sink_protocol *const protocols[] = {&sink_imap, &sink_pop3, &sink_submission};
static struct sink_box boxes[FILES_MOST];
static unsigned long box_count;
const struct sink_protocol *sink_protocol;
unsigned long sink_messages;
static SSL_CTX *tls;
static int workers[WORKERS]; /* their epoll descriptors */

struct listener {
    int fd;
    bool secure;
};

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- mailboxes ---- */

static char *contents(const char *path, size_t *size)
{
    FILE *file = fopen(path, "r");
    if (!file || fseek(file, 0, SEEK_END) || box_count == FILES_MOST)
        fail(path);
    *size = (size_t)ftell(file);
    char *octets = malloc(*size + 1);
    rewind(file);
    if (!octets || fread(octets, 1, *size, file) != *size)
        fail(path);
    fclose(file);
    return octets;
}

static void take(const char *path)
{
    size_t size;
    char *octets = contents(path, &size), *to = malloc(2 * size + 1);
    struct sink_box *box = &boxes[box_count++];
    if (!to)
        fail(path);
    box->octets = to;
    box->content = size;
    for (size_t i = 0; i < size; i++) {
        if (sink_protocol->doubles_dots && octets[i] == '.' && (i == 0 || octets[i - 1] == '\n'))
            *to++ = '.';
        *to++ = octets[i];
    }
    box->size = (size_t)(to - box->octets);
    free(octets);
}

void sink_user(struct session *s, const char *name)
{
    unsigned long number = *name ? strtoul(name + 1, NULL, 10) : 0;
    s->box = &boxes[number < box_count ? number : 0];
    s->same_messages = *name == 's';
}

/* ---- sessions ---- */

static _Noreturn void *work(void *epoll)
{
    struct epoll_event events[EVENTS];
    for (;;) {
        int count = epoll_wait(*(int *)epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++)
            if (!session_go_on(events[i].data.ptr))
                session_end(events[i].data.ptr);
    }
}

/* In turn to each worker: those of one would share its processor. */
static void hand_over(struct session *s)
{
    static atomic_uint next;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = s};
    if (epoll_ctl(workers[next++ % WORKERS], EPOLL_CTL_ADD, s->fd, &event))
        fail("epoll");
}

static void begin(int fd, bool secure)
{
    struct session *s = calloc(1, sizeof *s + sink_protocol->room);
    if (!s || (secure && !(s->ssl = SSL_new(tls))))
        fail("memory");
    s->fd = fd;
    s->box = &boxes[0];
    s->in = (struct lines){.buffer = s->input, .room = sink_protocol->room};
    set_option(fd, IPPROTO_TCP, TCP_NODELAY);
    if (secure) {
        SSL_set_fd(s->ssl, fd);
        SSL_set_accept_state(s->ssl);
    }
    sink_say(s, "%s", sink_protocol->greeting);
    hand_over(s);
}

static _Noreturn void *accept_all(void *listener)
{
    const struct listener *l = listener;
    for (;;) {
        struct sockaddr_in peer;
        int fd = accept4(l->fd, (struct sockaddr *)&peer, &(socklen_t){sizeof peer}, SOCK_NONBLOCK);
        if (fd < 0)
            fail("accept");
        begin(fd, l->secure);
    }
}

static struct listener listen_on(const char *port, bool secure)
{
    struct listener l = {.fd = socket(AF_INET, SOCK_STREAM, 0), .secure = secure};
    struct sockaddr_in at = loopback(0, 1, (unsigned)strtoul(port, NULL, 10));
    set_option(l.fd, SOL_SOCKET, SO_REUSEADDR);
    if (bind(l.fd, (struct sockaddr *)&at, sizeof at) || listen(l.fd, BACKLOG))
        fail(port);
    return l;
}

static void in_thread(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, argument))
        fail("thread");
}

static void prepare_tls(const char *certificate, const char *key)
{
    tls = SSL_CTX_new(TLS_server_method());
    if (!tls || SSL_CTX_use_certificate_chain_file(tls, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
        fail("certificate");
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
}

int main(int argc, char **argv)
{
    if (argc < 8)
        return 2;
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        if (!strcmp(argv[1], protocols[i]->name))
            sink_protocol = protocols[i];
    if (!sink_protocol)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    prepare_tls(argv[4], argv[5]);
    sink_messages = strtoul(argv[6], NULL, 10);
    for (int i = 7; i < argc; i++)
        take(argv[i]);
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = epoll_create1(0);
        in_thread(work, &workers[i]);
    }
    struct listener plain = listen_on(argv[2], false), secure = listen_on(argv[3], true);
    in_thread(accept_all, &plain);
    accept_all(&secure);
}
