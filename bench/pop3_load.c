/* SPDX-License-Identifier: ISC
 * Load for a POP3 server or what stands in front of it: threads, each with one session after the other.
 *
 *   pop3_load [-t] [-b BOX] [-p PASSWORD] [-c CONCURRENT] [-m MESSAGES] [-d SECONDS] PORT
 *       each thread logs in, as a user of its own (u1.0@gp.example is the first one of box 1), reads the messages 1 to MESSAGES
 *       (0: none) and says QUIT, again and again until the time is over, but at least once;
 *       then prints: seconds, sessions, messages and the octets of their content
 *   pop3_load [-t] [-b BOX] [-p PASSWORD] [-m MESSAGES] -i SESSIONS PORT
 *       logs in so often, reads the messages each time, prints "ready", and holds these sessions until its input ends
 *
 * -t: with TLS from the start, a full handshake each time. What is no +OK ends it with status 1. */
#include "pop3_wire.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { THREADS_MOST = 256, ROOM = 64 << 10, ROOM_IDLE = 1024, PATIENCE = 60 };

static SSL_CTX *tls; /* NULL: plain */
static const char *password = "secret";
static unsigned port, box, messages;
static double until;
static atomic_ulong sessions, read_messages, read_octets;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *what, const char *line)
{
    fprintf(stderr, "pop3_load: %s: %s\n", what, line ? line : "closed");
    exit(1);
}

static void expect(struct wire *w, const char *what)
{
    const char *line = wire_line(w);
    if (!line || strncmp(line, "+OK", 3))
        fail(what, line);
}

__attribute__((format(printf, 2, 3))) static void command(struct wire *w, const char *form, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, form);
    int size = vsnprintf(line, sizeof line, form, arguments);
    va_end(arguments);
    wire_write(w, line, (size_t)size);
    expect(w, line);
}

static void log_in(struct wire *w, unsigned thread)
{
    struct sockaddr_in at = wire_loopback(port);
    struct timeval patience = {.tv_sec = PATIENCE};
    w->ssl = NULL;
    w->taken = w->filled = 0;
    w->fd = socket(AF_INET, SOCK_STREAM, 0);
    wire_set(w->fd, IPPROTO_TCP, TCP_NODELAY);
    setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(w->fd, (struct sockaddr *)&at, sizeof at))
        fail("connect", strerror(errno));
    if (tls && !wire_secure(w, tls, SSL_connect))
        fail("handshake", NULL);
    expect(w, "greeting");
    command(w, "USER u%u.%u@gp.example\r\n", box, thread);
    command(w, "PASS %s\r\n", password);
}

/* Commands are not pipelined, so what ends a response is the last that comes. */
static size_t retrieve(struct wire *w, unsigned number)
{
    static const char end[] = "\r\n.\r\n";
    size_t octets = 0, keep = sizeof end - 1;
    command(w, "RETR %u\r\n", number);
    for (;;) {
        size_t here = w->filled - w->taken;
        if (here >= keep && !memcmp(w->buffer + w->filled - keep, end, keep))
            break;
        if (here > keep) {
            octets += here - keep;
            w->taken = w->filled - keep;
        }
        if (!wire_more(w))
            fail("RETR", NULL);
    }
    octets += w->filled - w->taken - strlen(".\r\n");
    w->taken = w->filled;
    return octets;
}

static void *load(void *threads_before)
{
    unsigned thread = (*(atomic_uint *)threads_before)++;
    struct wire w = {.buffer = malloc(ROOM), .room = ROOM};
    do {
        log_in(&w, thread);
        for (unsigned number = 1; number <= messages; number++) {
            read_octets += retrieve(&w, number);
            read_messages++;
            if (now() >= until)
                break;
        }
        command(&w, "QUIT\r\n");
        wire_close(&w);
        sessions++;
    } while (now() < until);
    free(w.buffer);
    return NULL;
}

static int run(unsigned concurrent, double seconds)
{
    pthread_t threads[THREADS_MOST];
    atomic_uint threads_before = 0;
    double began = now();
    until = began + seconds;
    for (unsigned i = 0; i < concurrent; i++)
        if (pthread_create(&threads[i], NULL, load, &threads_before))
            fail("thread", strerror(errno));
    for (unsigned i = 0; i < concurrent; i++)
        pthread_join(threads[i], NULL);
    printf("%f %lu %lu %lu\n", now() - began, sessions, read_messages, read_octets);
    return 0;
}

static int hold(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct wire w = {.buffer = malloc(ROOM_IDLE), .room = ROOM_IDLE};
        log_in(&w, 0);
        for (unsigned number = 1; number <= messages; number++)
            retrieve(&w, number);
    }
    printf("ready\n");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return 0;
}

int main(int argc, char **argv)
{
    unsigned concurrent = 1, idle = 0;
    double seconds = 1;
    int option;
    signal(SIGPIPE, SIG_IGN);
    while ((option = getopt(argc, argv, "tb:p:c:m:d:i:")) > 0)
        switch (option) {
        case 't':
            tls = SSL_CTX_new(TLS_client_method());
            break;
        case 'b':
            box = (unsigned)atoi(optarg);
            break;
        case 'p':
            password = optarg;
            break;
        case 'c':
            concurrent = (unsigned)atoi(optarg);
            break;
        case 'm':
            messages = (unsigned)atoi(optarg);
            break;
        case 'd':
            seconds = atof(optarg);
            break;
        case 'i':
            idle = (unsigned)atoi(optarg);
            break;
        default:
            return 2;
        }
    if (optind + 1 != argc || concurrent > THREADS_MOST)
        return 2;
    port = (unsigned)atoi(argv[optind]);
    return idle ? hold(idle) : run(concurrent, seconds);
}
