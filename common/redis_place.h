/* SPDX-License-Identifier: ISC
 * Whether a configuration needs Redis, and where it is. */
#ifndef COMMON_REDIS_PLACE_H
#define COMMON_REDIS_PLACE_H

#include "common/state_scripts.h"
#include "policy/config.h"

enum redis_place {
    REDIS_AT_ADDRESS, /* redis.server: the proxies connect themselves */
    REDIS_AT_MASTER,  /* redis.sentinel: the proxies ask where, and connect themselves */
    REDIS_AT_SOCKET,  /* redis.socket: the parent connects */
    REDIS_PRIVATE,    /* the parent starts it, and connects */
};

enum { REDIS_PREFIX_MAX = 64 /* octets of settings.redis_prefix that count */ };

/* What the parent has said on a connection to the private Redis before it hands it over: AUTH, each
 * script, and AUTH. So many answers come first. */
enum { REDIS_INTRODUCTION = STATE_SCRIPT_COUNT + 2 };

/* Octets of the file of settings.contacts_key. */
enum { CONTACTS_SECRET = 32 };

enum redis_place redis_place(const struct settings *settings);
/* What is learnt is shared there (common/sharing.h): it is a Redis of others. */
bool redis_shares(const struct settings *settings);
/* A rule names a fact that is kept there, or what is learnt is shared there. */
bool redis_needed(const struct config *config);
/* Whom our users write to can be known: their mail leaves here, or by others who share this Redis. */
bool redis_holds_answered(const struct config *config);
/* A rule asks whom they have written to. */
bool redis_remembers_pairs(const struct config *config);
/* A rule names one that is kept there under the secret of settings.contacts_key; of what people say
 * nothing is where nothing is learnt, and whom they write to nobody knows where no mail leaves. */
bool redis_secret_needed(const struct config *config);

/* redis.server: "192.0.2.6:6379", "[2001:db8::6]:6379"; without a port 6379. */
bool redis_address(struct slice text, struct ip *ip, uint16_t *port);

#endif
