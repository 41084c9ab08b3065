/* SPDX-License-Identifier: ISC
 * What a first configuration is made of, each answer checked as it is taken. */
#ifndef PARENT_FIRST_RUN_FIRST_RUN_ANSWERS_H
#define PARENT_FIRST_RUN_FIRST_RUN_ANSWERS_H

#include "base/arena.h"
#include "policy/config.h"

enum { FIRST_DOMAINS_MAX = 100 };

enum topic {
    TOPIC_HOSTNAME,
    TOPIC_DOMAIN,
    TOPIC_SERVER,
    TOPIC_TLS,
    TOPIC_CERTIFICATE,
    TOPIC_KEY,
    TOPIC_RECIPIENTS,
    TOPIC_COUNT,
};

struct answers {
    struct arena *arena; /* what the texts are in; the caller's */
    struct slice hostname;
    struct slice domains[FIRST_DOMAINS_MAX]; /* as the DNS has them */
    size_t domain_count;
    struct slice server;
    struct ip ip;
    uint16_t port;
    enum backend_tls tls;
    struct slice tls_name; /* for `tls verify`; empty: the address */
    struct slice chain, key;
    enum recipients_from { FROM_FILE, FROM_SERVER, FROM_NOWHERE } from;
    struct slice recipients; /* FROM_FILE */
    bool given[TOPIC_COUNT];
};

/* The option of a topic ("domain"), what it is followed by ("NAME"), what it says, the question of it. */
struct topic_words {
    const char *option, *value, *meaning, *question;
};
const struct topic_words *topic_words(enum topic topic);

/* Takes an answer: NULL, or what is wrong with it, in words that last until the next call. A TOPIC_DOMAIN adds to those before, and
 * may be several, between blanks or commas. Paths become absolute. */
const char *answer_take(struct answers *answers, enum topic topic, const char *text);

/* Whether it must be given: there is no standard, and what was given before does not make it needless. */
bool answer_wanted(const struct answers *answers, enum topic topic);

#endif
