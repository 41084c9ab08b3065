/* SPDX-License-Identifier: ISC
 * Load for a server of mailboxes, or of users who send, or what stands in front of it: threads, each with one session after the other.
 *
 *   load PROTOCOL [-t] [-u USERS] [-p PASSWORD] [-c CONCURRENT] [-m COUNT] [-w] [-d SECONDS] PORT
 *       each thread logs in, as a user of its own (u1.0@gp.example is the first one of -u u1), reads the messages 1 to COUNT
 *       (0: none), or sends as many, and logs out, again and again until the time is over, but at least once;
 *       then prints: seconds, sessions, messages, the octets of their content, and the milliseconds of a session,
 *       the median and what 99 of 100 are below
 *   load PROTOCOL [-t] [-u USERS] [-p PASSWORD] [-c CONCURRENT] [-m COUNT] [-w] -i SESSIONS PORT
 *       logs in so often, reads the messages each time, prints "ready", and holds these sessions until its input ends;
 *       they come from many addresses
 *
 * PROTOCOL: imap, pop3 or submission, where -f FILE is what is sent (it ends with CRLF, and no line begins with a dot). -t: with TLS from the start, a full handshake each time. -w: it gives short commands instead of
 * reading messages. What is not well ends it with status 1. */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

enum {
    THREADS_MOST = 256,
    ROOM = 64 << 10,
    ROOM_IDLE = 1024,
    PATIENCE = 60,
    OF_AN_ADDRESS = 500,
    TIMES_MOST = 1 << 20,
};

static const struct load_protocol *const protocols[] = {&load_imap, &load_pop3, &load_submission};
static const struct load_protocol *protocol;
static SSL_CTX *tls; /* NULL: plain */
static const char *password = "secret", *users = "u0";
static unsigned port, count, idle, concurrent = 1;
static bool only_commands;
static double until;
static atomic_ulong sessions, done, octets;
const char *load_octets = "\r\n";
size_t load_size = 2;
static float times[TIMES_MOST]; /* ms, of sessions */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void load_fail(const char *what, const char *line)
{
    fprintf(stderr, "load: %s: %s\n", what, line ? line : "closed");
    exit(1);
}

void load_say(struct wire *w, const char *form, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, form);
    int size = vsnprintf(line, sizeof line, form, arguments);
    va_end(arguments);
    wire_write(w, line, (size_t)size);
}

static void log_in(struct wire *w, struct sockaddr_in from, unsigned user)
{
    struct sockaddr_in at = loopback(0, 1, port);
    struct timeval patience = {.tv_sec = PATIENCE};
    char name[64];
    w->ssl = NULL;
    w->in.taken = w->in.filled = 0;
    w->fd = socket(AF_INET, SOCK_STREAM, 0);
    set_option(w->fd, IPPROTO_TCP, TCP_NODELAY);
    set_option(w->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (bind(w->fd, (struct sockaddr *)&from, sizeof from) ||
        connect(w->fd, (struct sockaddr *)&at, sizeof at))
        load_fail("connect", strerror(errno));
    if (tls && !wire_secure(w, tls))
        load_fail("handshake", NULL);
    snprintf(name, sizeof name, "%s.%u@gp.example", users, user);
    protocol->log_in(w, name, password);
}

/* What a session is for. */
static void use(struct wire *w)
{
    if (count || idle)
        protocol->open(w);
    for (unsigned number = 1; number <= count; number++) {
        if (only_commands)
            protocol->command(w, number);
        else
            octets += protocol->message(w, number);
        done++;
        if (until > 0 && now() >= until)
            break;
    }
}

static void *load(void *threads_before)
{
    unsigned thread = (*(atomic_uint *)threads_before)++;
    struct wire w = {.in = {.buffer = malloc(ROOM), .room = ROOM}};
    double began;
    do {
        began = now();
        log_in(&w, loopback(0, 1, 0), thread);
        use(&w);
        protocol->log_out(&w);
        wire_close(&w);
        times[sessions++ % TIMES_MOST] = (float)(1000 * (now() - began));
    } while (now() < until);
    free(w.in.buffer);
    return NULL;
}

static void in_threads(void *(*run)(void *))
{
    pthread_t threads[THREADS_MOST];
    atomic_uint threads_before = 0;
    for (unsigned i = 0; i < concurrent; i++)
        if (pthread_create(&threads[i], NULL, run, &threads_before))
            load_fail("thread", strerror(errno));
    for (unsigned i = 0; i < concurrent; i++)
        pthread_join(threads[i], NULL);
}

static int in_order(const void *one, const void *other)
{
    float a = *(const float *)one, b = *(const float *)other;
    return (a > b) - (a < b);
}

static int run(double seconds)
{
    double began = now();
    until = began + seconds;
    in_threads(load);
    double took = now() - began;
    size_t measured = sessions < TIMES_MOST ? sessions : TIMES_MOST;
    qsort(times, measured, sizeof *times, in_order);
    printf("%f %lu %lu %lu %.3f %.3f\n", took, sessions, done, octets, (double)times[measured / 2],
           (double)times[measured * 99 / 100]);
    return 0;
}

static void *begin_idle(void *threads_before)
{
    unsigned thread = (*(atomic_uint *)threads_before)++;
    for (unsigned i = thread; i < idle; i += concurrent) {
        struct wire w = {.in = {.buffer = malloc(ROOM_IDLE), .room = ROOM_IDLE}};
        log_in(&w, loopback(1, 1 + i / OF_AN_ADDRESS, 0), thread);
        use(&w);
    }
    return NULL;
}

static int hold(void)
{
    in_threads(begin_idle);
    printf("ready\n");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return 0;
}

static bool choose_protocol(const char *name)
{
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
        if (!strcmp(name, protocols[i]->name))
            protocol = protocols[i];
    return protocol;
}

static void take(const char *path)
{
    struct stat file;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &file))
        load_fail(path, strerror(errno));
    load_size = (size_t)file.st_size;
    load_octets = mmap(NULL, load_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (load_octets == MAP_FAILED)
        load_fail(path, strerror(errno));
}

static unsigned number(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
    double seconds = 1;
    int option;
    signal(SIGPIPE, SIG_IGN);
    if (argc < 3 || !choose_protocol(argv[1]))
        return 2;
    argc--, argv++;
    while ((option = getopt(argc, argv, "tu:p:c:m:wd:i:f:")) > 0)
        switch (option) {
        case 't':
            tls = SSL_CTX_new(TLS_client_method());
            break;
        case 'u':
            users = optarg;
            break;
        case 'p':
            password = optarg;
            break;
        case 'c':
            concurrent = number(optarg);
            break;
        case 'm':
            count = number(optarg);
            break;
        case 'w':
            only_commands = true;
            break;
        case 'd':
            seconds = strtod(optarg, NULL);
            break;
        case 'i':
            idle = number(optarg);
            break;
        case 'f':
            take(optarg);
            break;
        default:
            return 2;
        }
    if (optind + 1 != argc || concurrent > THREADS_MOST)
        return 2;
    port = number(argv[optind]);
    return idle ? hold() : run(seconds);
}
