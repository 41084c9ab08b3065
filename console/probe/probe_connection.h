/* SPDX-License-Identifier: ISC
 * A connection to a server with mailboxes: libcurl makes it, with TLS and login; what is said then
 * is said by console/probe/probe_talk.h. What is sent is shown to nobody. */
#ifndef CONSOLE_PROBE_PROBE_CONNECTION_H
#define CONSOLE_PROBE_PROBE_CONNECTION_H

#include "base/buf.h"
#include "console/probe/probe.h"

#include <curl/curl.h>
#include <openssl/x509.h>

enum { PROBE_MESSAGE_MAX = 1024 * 1024 };

struct probe_protocol;

struct connection {
    const struct probe *probe;
    const struct probe_protocol *protocol;
    struct slice scheme; /* of URLs */
    CURL *curl;
    CURLcode result; /* of the last thing that was tried */
    char error[CURL_ERROR_SIZE];
    struct curl_slist *connect_to;
    /* What the server says, outside messages: */
    struct buf greeting, capabilities, line; /* line: the last status */
    bool new_list;                           /* the next word begins a list of capabilities */
    bool challenged;                         /* it has asked for something */
    /* What TLS has agreed on: */
    char tls[16]; /* its version; empty: there is none */
    long verified;
    X509 *certificate; /* owned; NULL: none was seen */
    /* Once it has been made: */
    struct buf input; /* what has come */
    size_t read;      /* of that, what was the last line */
    int64_t until;    /* clock_ms: the end of what is waited for */
    struct buf body;  /* the message that was fetched */
    bool too_large;   /* more came than fits there */
};

enum trust {
    TRUST_ANYBODY,       /* nothing secret is said */
    TRUST_AS_CONFIGURED, /* as the gateway would */
};

/* Nothing is sent yet. False: out of memory. It is to be closed in any case. */
bool connection_open(struct connection *c, const struct probe *probe, enum trust trust);
void connection_close(struct connection *c);

/* It will log in when it is made, by a mechanism of SASL; with an initial response or without. */
void connection_login(struct connection *c, const char *mechanism, bool initial);

/* Connects, with TLS as configured, asks for capabilities, and logs in where that was said. */
bool connection_make(struct connection *c);

/* This line was a status: it is c->line. */
void connection_heard(struct connection *c, struct slice status);

/* Milliseconds that one thing may take, connecting as well. */
long connection_longest_ms(const struct connection *c);

/* What went wrong in the last thing that was tried, in words of an admin. */
struct slice connection_trouble(const struct connection *c);

#endif
