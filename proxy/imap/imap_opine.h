/* SPDX-License-Identifier: ISC
 * What a command says of messages, while it is under way.
 *
 *   imap_opine.c   whether it says anything, and who is told
 *   imap_look.c    the messages are read before */
#ifndef PROXY_IMAP_IMAP_OPINE_H
#define PROXY_IMAP_IMAP_OPINE_H

#include "proxy/imap/imap_session.h"

enum {
    IMAP_OPINIONS_MOST = 64, /* of one command: who moves a thousand thinks nothing of each */
    IMAP_OPINION_REFERENCE_MAX = 40,
};

struct imap_opinion {
    unsigned char digest[OPINION_MESSAGE];
    char reference[IMAP_OPINION_REFERENCE_MAX + 1];
    struct labelling *label; /* NULL: there is none */
};

struct imap_opinions {
    bool left; /* it is no opinion: the message is read, and may be left where it is */
    bool junk;
    enum opinion_how how;
    struct imap_opinion of[IMAP_OPINIONS_MOST];
    size_t count;
    /* those that are looked at */
    bool uid;
    uint32_t numbers[IMAP_OPINIONS_MOST];
    size_t looks, at;
    int64_t until;   /* clock_ms */
    uint64_t octets; /* read */
};

/* Reads the messages of a set, as far as that is worth it, and goes on with imap_opine_over. */
void imap_look(struct imap_session *s, bool uid, struct slice set);

/* A message that it is about. */
void imap_opine_of(struct imap_session *s, struct slice message);
/* All that is said is known: the command is sent. */
void imap_opine_over(struct imap_session *s);

#endif
