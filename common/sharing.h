/* SPDX-License-Identifier: ISC
 * Keepers of several gateways share labels and models in a Redis (keeper/sharing.h says what). A keeper has
 * no network: it puts one question at a time on a SOCK_SEQPACKET pair that the parent holds, and whichever
 * proxy is free runs the script of that name (common/sharing_scripts.h) and answers. What a proxy says is as
 * little trusted as what Redis says: all that matters is sealed. */
#ifndef COMMON_SHARING_H
#define COMMON_SHARING_H

#include "base/ipc.h"

enum sharing_message {
    SHARING_QUESTION = 1, /* to proxies */
    SHARING_ANSWER,       /* to the keeper */
};

enum sharing_script {
    SHARING_LOOK,
    SHARING_TELL,
    SHARING_LEASE_IT,
    SHARING_PUT,
    SHARING_PUBLISH,
    SHARING_FETCH,
    SHARING_SCRIPTS
};

enum {
    SHARING_MS = 5000,           /* from the question to its answer */
    SHARING_GATEWAY = 32,        /* hex digits of a gateway's id */
    SHARING_WORDS = 200,         /* of a question or an answer at most, */
    SHARING_OCTETS = 128 * 1024, /* and octets of these */
};

struct sharing_words {
    struct slice each[SHARING_WORDS];
    size_t count;
};

/* False: it is full. */
bool sharing_say(struct sharing_words *words, struct slice word);

struct sharing_question {
    uint64_t number;
    int64_t deadline; /* clock_ms; nobody waits for it any more */
    enum sharing_script script;
    struct slice gateway; /* SHARING_GATEWAY digits, for the key of what only it writes */
    struct sharing_words words;
};

void sharing_question_pack(struct buf *out, const struct sharing_question *question);
/* What it holds must outlive it. False: it is none. */
bool sharing_question_unpack(struct slice payload, struct sharing_question *question);

struct sharing_answer {
    uint64_t number;
    bool ok; /* else there are no words: Redis is away, or answers otherwise than it should */
    struct sharing_words words;
};

void sharing_answer_pack(struct buf *out, const struct sharing_answer *answer);
bool sharing_answer_unpack(struct slice payload, struct sharing_answer *answer);

#endif
