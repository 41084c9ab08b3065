/* SPDX-License-Identifier: ISC
 * What a thread of gatepost-milter says to the one proxy that has its client, and hears of it (common/milter.h).
 * Calls wait, within bounds. */
#ifndef MILTER_TALK_H
#define MILTER_TALK_H

#include "base/buf.h"
#include "common/milter.h"

enum {
    TALK_LINE_MAX = 1000, /* of a command: a path of RFC 5321, and then some */
    TALK_LINES_MAX = MILTER_CHANGES_MAX + 4096, /* of a reply's lines before its last */
};

struct talk {
    int fd; /* -1: nobody is there */
    char in[4096];
    size_t from, to; /* of what has come and was not looked at */
    char out[8192];
    size_t waiting; /* of what is to be said */
    int take_ms;    /* that the proxy has to take it */
    int still_ms;   /* between two calls of `still` */
};

struct talk_reply {
    unsigned code;     /* 0: none came, and nobody is there any more */
    char enhanced[16]; /* "5.7.1"; empty: there is none */
    char text[512];    /* of its last line */
    struct buf lines;  /* those before it, each with LF; talk_reply_free */
};

/* While the reply to a message is waited for. False of either: it is not waited for any more. */
struct talk_wait {
    bool (*still)(void *ctx); /* every ten seconds */
    /* What MILTER_BODY announces, in pieces of at most 64 KiB; one of 0 octets when that is all. */
    bool (*body)(void *ctx, const char *octets, size_t len);
    void *ctx;
};

/* A new one about this client. `queue`: where proxies wait. 1: a proxy will take it, and greet; 0: not now; -1: the queue
 * is closed. */
int talk_begin(struct talk *talk, int queue, const struct milter_client *client);
void talk_end(struct talk *talk);

/* Whether it can go on: somebody is there, and has not said farewell since the last reply. */
bool talk_goes_on(struct talk *talk);

/* Octets to be said; those that wait are said in time, or with talk_hear. If nobody is there, nothing happens. */
void talk_put(struct talk *talk, const char *octets, size_t len);
/* `wait`: NULL for a command, whose reply has no body and comes sooner. */
void talk_hear(struct talk *talk, struct talk_reply *reply, const struct talk_wait *wait);
void talk_reply_free(struct talk_reply *reply);

/* A command without its CRLF, and its reply. One that could be no line is not said: 501. */
void talk_ask(struct talk *talk, const char *word, const char *argument, struct talk_reply *reply);

#endif
