/* SPDX-License-Identifier: ISC
 * The keeper as the parent sees it: one process at a time, and the queue that outlives it, so that
 * what proxies record meanwhile is not lost. It is no generation's: it lives as long as some
 * configuration keeps records, and is replaced when its options change. */
#ifndef PARENT_PARENT_KEEPER_H
#define PARENT_PARENT_KEEPER_H

#include "common/keeping.h"
#include "common/messages.h"
#include "common/redis_place.h"
#include "parent/parent_helper.h"
#include "parent/parent_roles.h"
#include "parent/parent_scrape.h"
#include "policy/config.h"

#include <sys/types.h>

enum {
    KEEPER_GRACE = 10000, /* from END to SIGKILL: it writes what is queued; milliseconds */
    KEEPER_KEY_SIZE = 32,
    KEEPER_KEY_PATIENCE = 2000, /* for what is to be held first a key is waited for; milliseconds */
};

/* The ends of its pairs. */
enum { KEEPER_PROXIES_END, KEEPER_OWN_END };

struct keeper_command {
    char user[64], folder[PATH_MAX], lines[PATH_MAX]; /* lines: file for JSON, empty: none */
    char control[PATH_MAX];
    struct role_names roles;
    struct scrape_places scrape;
    char log_to[16], log_format[16], log_level[16], gateway[256];
    uint64_t age, size, hold, journal; /* seconds; octets */
    uint64_t learn, learn_age, learn_left,
        learn_answered; /* labels, 0: nothing is learnt; seconds */
    /* What is learnt is shared, under this prefix; empty: it is not. */
    char share[REDIS_PREFIX_MAX + 1];
    bool shares;
    char personal[16];
    uint64_t personal_age; /* seconds */
    char helpdesk[8192];   /* what it is told with KEEPER_HELPDESK */
    size_t helpdesk_len;
    bool history, syslog;
};

struct keeper {
    struct helper process;
    int queue[2], opener[2], errands[2], learner[2],
        sharing[2]; /* pairs (keeping.h, errand.h, learning.h, sharing.h), owned */
    uint64_t era;   /* of these pairs */
    bool wanted;
    bool asks, asks_metrics, asks_sessions; /* how the gateway does */
    bool asks_reload;
    char accepted[KEEPER_RELOAD_MAX]; /* with that: what it said */
    size_t accepted_len;
    bool asks_sample;
    char sample_of[SAMPLE_DOMAIN_MAX]; /* with that: the domain */
    size_t sample_of_len;
    bool
        news; /* the pairs are others: proxies, gatepost-release and gatepost-learn are to be told */
    unsigned char key[KEEPER_KEY_SIZE], learn_key[KEEPER_KEY_SIZE]; /* that is sealed to */
    unsigned char learn_shared[KEEPER_KEY_SIZE]; /* what is shared is sealed with; a secret */
    bool awaits_key;                             /* it is not started before there is one */
    bool has_key, has_learn_key;
    struct keeper_command command, running;
    int lists;             /* of senders, as it has told them last; -1: not yet */
    bool new_lists;        /* proxies are to be told */
    int model;             /* that scanners are to know spam by, just told; -1: none */
    int folder, listening; /* while one runs, else -1 */
};

/* Makes the pairs. False with errno. */
bool keeper_init(struct keeper *keeper);

/* Whether it may have something held, or has under another configuration: that can still be listed
 * and released. */
bool keeper_may_hold(const struct config *config);

/* Whether a configuration has anything kept; and whether it needs a keeper, for that or for metrics. */
bool keeper_keeps(const struct config *config);
bool keeper_needed(const struct config *config);

/* What it is started with. False: a text of the settings has no room. */
bool keeper_command_for(const struct config *config, struct keeper_command *out);
bool keeper_command_same(const struct keeper_command *a, const struct keeper_command *b);

/* Starts what keeper->running says, who may ask it being `roles`. -1 with errno. */
pid_t keeper_spawn(struct keeper *keeper, const struct role_options *roles);

/* What it should be from now on; NULL: none is wanted. */
void keeper_configure(struct keeper *keeper, const struct config *config, int64_t now);

/* Starts and ends it when that is due. Returns when to look again; 0: not by time. */
int64_t keeper_settle(struct keeper *keeper, int64_t now);

/* It has said something, or its control socket has ended. */
void keeper_hear(struct keeper *keeper, int64_t now);

bool keeper_died(struct keeper *keeper, pid_t pid, int status, int64_t now);

/* What it asked for. */
void keeper_tell_status(struct keeper *keeper, struct slice json);
void keeper_tell_metrics(struct keeper *keeper, struct slice text);
void keeper_tell_sessions(struct keeper *keeper, struct slice lines);
/* reason NULL: what was read serves. */
void keeper_tell_reloaded(struct keeper *keeper, const char *reason, struct slice report);

/* reason NULL: here is the message. */
void keeper_tell_sample(struct keeper *keeper, const char *reason, struct slice message);

/* What is held from now on is sealed to this public key. */
void keeper_seal_to(struct keeper *keeper, struct slice public);

/* What is learnt from now on is sealed to this one, and what is shared of it with that secret. */
void keeper_learn_to(struct keeper *keeper, struct slice public, struct slice shared);

/* The file of JSON lines was moved away: it gets a new one. */
void keeper_reopen(struct keeper *keeper);

/* A file for them, for appending. -1 with errno. */
int keeper_open_lines(const char *path);

#endif
