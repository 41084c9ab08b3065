/* SPDX-License-Identifier: ISC
 * The sessions of a proxy as they are now, in shared memory: it writes them, and the parent reads
 * them when somebody asks, even of a proxy that hangs. It may die while it writes: a session that
 * is not whole is not there. */
#ifndef COMMON_LIVE_SESSIONS_H
#define COMMON_LIVE_SESSIONS_H

#include "policy/value.h"

enum {
    LIVE_SESSIONS_MAX = 4096, /* of one proxy; what is past that is not among them */
    LIVE_SESSIONS_ROOM = 1664 * 1024,
    LIVE_WORD_MAX = 32,
    LIVE_ADDRESS_MAX = 96,
};

/* Texts are as long as they are, or as there is room: without a NUL then. */
struct live_session {
    char id[LIVE_WORD_MAX]; /* its reference, or its transaction's; empty: nothing is there */
    char listener[LIVE_WORD_MAX];
    char protocol[LIVE_WORD_MAX];
    char doing[LIVE_WORD_MAX];
    char sender[LIVE_ADDRESS_MAX], recipient[LIVE_ADDRESS_MAX]; /* the first */
    struct ip client;
    uint16_t port;
    uint8_t secured;      /* by TLS */
    int64_t began, since; /* clock_ms: the session, and what it is doing */
    uint64_t octets;      /* of the message */
    uint32_t recipients, messages, commands, errors;
};

/* Lives in shared memory, LIVE_SESSIONS_ROOM octets; all zeros is empty. */
struct live_sessions;

/* A place for a session until live_session_end; nothing is there yet. -1: all are taken, which the
 * others take as well. */
int live_session_begin(struct live_sessions *live);
void live_session_put(struct live_sessions *live, int place, const struct live_session *session);
void live_session_end(struct live_sessions *live, int place);

/* Steps through them; start with *at = 0. Whoever wrote a session is not to be believed: texts may be
 * of any octets, numbers anything. */
bool live_session_next(const struct live_sessions *live, unsigned *at,
                       struct live_session *session);

/* Copies, as far as there is room; and as slices of what is there, whoever wrote it. */
void live_text(char *to, size_t room, struct slice text);
struct slice live_slice(const char *text, size_t room);

#endif
