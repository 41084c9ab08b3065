/* SPDX-License-Identifier: ISC
 * A connection to a server with mailboxes, by libcurl. What is sent is shown to nobody. */
#ifndef CONSOLE_PROBE_CONNECTION_H
#define CONSOLE_PROBE_CONNECTION_H

#include "base/buf.h"
#include "console/probe.h"

#include <curl/curl.h>
#include <openssl/x509.h>

enum { PROBE_MESSAGE_MAX = 1024 * 1024 };

struct connection {
    const struct probe *probe;
    struct slice scheme; /* of URLs */
    CURL *curl;
    CURLcode result; /* of the last thing that was asked */
    char error[CURL_ERROR_SIZE];
    struct curl_slist *connect_to;
    /* What the server says, outside messages: */
    struct buf greeting, capabilities, line; /* line: the last one */
    bool new_list;                           /* the next word begins a list of capabilities */
    bool challenged;                         /* it has asked for something */
    /* What TLS has agreed on: */
    char tls[16]; /* its version; empty: there is none */
    long verified;
    X509 *certificate; /* owned; NULL: none was seen */
    /* The message that was fetched: */
    struct buf body;
    bool too_large;
};

enum trust {
    TRUST_ANYBODY,       /* nothing secret is said */
    TRUST_AS_CONFIGURED, /* as the gateway would */
};

/* Nothing is sent yet. False: out of memory. It is to be closed in any case. */
bool connection_open(struct connection *c, const struct probe *probe, enum trust trust);
void connection_close(struct connection *c);

/* Logs in when the connection is made, by a mechanism of SASL; with an initial response or without. */
void connection_login(struct connection *c, const char *mechanism, bool initial);

/* Says a command (making the connection, where there is none) and hears its line. */
bool connection_ask(struct connection *c, const char *command);
/* Ends the session. */
bool connection_quit(struct connection *c);

/* Fetches a message into c->body. False: it could not be had, or is too large. */
bool connection_fetch(struct connection *c, unsigned number);

/* What went wrong in the last thing that was asked, in words of an admin. */
struct slice connection_trouble(const struct connection *c);

#endif
