/* SPDX-License-Identifier: ISC
 * A POP3 server that costs little: a thread a connection, any password, and in the mailbox of the user uN.M
 * COUNT times the message in the Nth FILE, which ends with CRLF.
 *
 *   pop3_sink PORT TLS_PORT CERTIFICATE KEY COUNT FILE... */
#include "pop3_wire.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { FILES_MOST = 8, STACK = 128 << 10 };

static struct {
    char *octets; /* as RETR is answered */
    size_t size, content;
} answers[FILES_MOST];
static unsigned long answer_count, messages;
static SSL_CTX *tls;

struct listener {
    int fd;
    bool secure;
};

struct connection {
    struct wire wire;
    bool secure;
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* Takes the file in: dots that begin a line are doubled. */
static void take(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file || fseek(file, 0, SEEK_END) || answer_count == FILES_MOST)
        fail(path);
    size_t size = (size_t)ftell(file);
    char *message = malloc(size + 1), *to = malloc(2 * size + 64);
    rewind(file);
    if (!message || !to || fread(message, 1, size, file) != size)
        fail(path);
    fclose(file);
    answers[answer_count].octets = to;
    answers[answer_count].content = size;
    to += sprintf(to, "+OK %zu octets\r\n", size);
    for (size_t i = 0; i < size; i++) {
        if (message[i] == '.' && (i == 0 || message[i - 1] == '\n'))
            *to++ = '.';
        *to++ = message[i];
    }
    to = stpcpy(to, ".\r\n");
    answers[answer_count].size = (size_t)(to - answers[answer_count].octets);
    answer_count++;
    free(message);
}

static bool say(struct wire *w, const char *text)
{
    return wire_write(w, text, strlen(text));
}

/* Answers one command; false ends the session. */
static bool answer(struct wire *w, const char *line, unsigned long *user)
{
    char text[80];
    size_t each = answers[*user].content;
    if (!strncasecmp(line, "RETR ", 5))
        return wire_write(w, answers[*user].octets, answers[*user].size);
    if (!strncasecmp(line, "USER u", 6)) {
        unsigned long number = strtoul(line + 6, NULL, 10);
        *user = number < answer_count ? number : 0;
        return say(w, "+OK\r\n");
    }
    if (!strncasecmp(line, "STAT", 4)) {
        snprintf(text, sizeof text, "+OK %lu %zu\r\n", messages, messages * each);
        return say(w, text);
    }
    if (!strncasecmp(line, "LIST ", 5)) {
        snprintf(text, sizeof text, "+OK %lu %zu\r\n", strtoul(line + 5, NULL, 10), each);
        return say(w, text);
    }
    if (!strcasecmp(line, "CAPA"))
        return say(w, "+OK\r\nUSER\r\nTOP\r\nUIDL\r\n.\r\n");
    if (!strncasecmp(line, "PASS ", 5) || !strcasecmp(line, "NOOP"))
        return say(w, "+OK\r\n");
    if (!strcasecmp(line, "QUIT"))
        return say(w, "+OK\r\n") && false;
    return say(w, "-ERR not here\r\n");
}

static void *serve(void *argument)
{
    struct connection *c = argument;
    struct wire *w = &c->wire;
    char buffer[1024], *line;
    unsigned long user = 0;
    w->buffer = buffer, w->room = sizeof buffer;
    if ((!c->secure || wire_secure(w, tls, SSL_accept)) && say(w, "+OK sink\r\n"))
        while ((line = wire_line(w)) && answer(w, line, &user))
            ;
    wire_close(w);
    free(c);
    return NULL;
}

static _Noreturn void listen_on(const struct listener *l)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (;;) {
        struct connection *c = calloc(1, sizeof *c);
        pthread_t thread;
        if (!c || (c->wire.fd = accept(l->fd, NULL, NULL)) < 0)
            fail("accept");
        wire_set(c->wire.fd, IPPROTO_TCP, TCP_NODELAY);
        c->secure = l->secure;
        if (pthread_create(&thread, &attributes, serve, c))
            fail("thread");
    }
}

static void *listen_beside(void *listener)
{
    listen_on(listener);
}

static struct listener listener(const char *port, bool secure)
{
    struct listener l = {.fd = socket(AF_INET, SOCK_STREAM, 0), .secure = secure};
    struct sockaddr_in at = wire_loopback((unsigned)atoi(port));
    wire_set(l.fd, SOL_SOCKET, SO_REUSEADDR);
    if (bind(l.fd, (struct sockaddr *)&at, sizeof at) || listen(l.fd, 4096))
        fail(port);
    return l;
}

int main(int argc, char **argv)
{
    if (argc < 7)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    tls = SSL_CTX_new(TLS_server_method());
    if (!tls || SSL_CTX_use_certificate_chain_file(tls, argv[3]) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, argv[4], SSL_FILETYPE_PEM) != 1)
        fail("certificate");
    messages = strtoul(argv[5], NULL, 10);
    for (int i = 6; i < argc; i++)
        take(argv[i]);
    struct listener plain = listener(argv[1], false), secure = listener(argv[2], true);
    pthread_t thread;
    if (pthread_create(&thread, NULL, listen_beside, &plain))
        fail("thread");
    listen_on(&secure);
}
