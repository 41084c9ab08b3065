/* SPDX-License-Identifier: ISC
 * A server of mailboxes, or of users who send: what its engine (sink.c) and its protocols know of a session. */
#ifndef BENCH_SINK_H
#define BENCH_SINK_H

#include "lines.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <sys/uio.h>

enum { LINE_MOST = 1024, BODY_ROOM = 64 << 10, TEXT_MOST = 1024, PIECES_MOST = 4 };

struct session;

struct sink_protocol {
    const char *name, *greeting;
    size_t room;       /* of what is read at once */
    bool doubles_dots; /* that begin a line of a message */
    /* A line of the client's. False: the session is over, once all is out. */
    bool (*answer)(struct session *s, char *line);
};

extern const struct sink_protocol sink_imap, sink_pop3, sink_submission;

struct sink_box {
    char *octets; /* of its message, as it is sent */
    size_t size, content;
};

struct session {
    int fd;
    SSL *ssl; /* NULL: plain */
    struct lines in;
    /* what goes out: pieces of `text`, and messages */
    char text[TEXT_MOST];
    size_t text_size;
    struct iovec pieces[PIECES_MOST];
    unsigned piece_count, piece_at;
    bool ends;
    const struct sink_box *box;
    bool same_messages;
    char command[LINE_MOST]; /* what the protocol keeps of one that goes on */
    char input[];            /* of the protocol's room */
};

extern const struct sink_protocol *sink_protocol; /* that is spoken */
extern unsigned long sink_messages;               /* in each mailbox */

void sink_user(struct session *s, const char *name);
__attribute__((format(printf, 2, 3))) void sink_say(struct session *s, const char *form, ...);
void sink_message(struct session *s);
/* Octets of its content. */
size_t sink_message_size(const struct session *s);

/* As far as it goes without waiting. False: it is over. */
bool session_go_on(struct session *s);
void session_end(struct session *s);

#endif
