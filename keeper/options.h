/* SPDX-License-Identifier: ISC
 * The options of gatepost-keeper, which the parent gives it. */
#ifndef KEEPER_OPTIONS_H
#define KEEPER_OPTIONS_H

#include "keeper/personal.h"
#include "keeper/role.h"

struct options {
    const char *user, *folder;
    const char *log_to, *log_format, *log_level;
    uint64_t age, size;       /* of the history: seconds, octets */
    struct personal personal; /* how; its key is the keeper's */
    uint64_t personal_age;    /* seconds */
    bool history, syslog;     /* syslog: records as JSON go there */
    const char *gateway;      /* its name, in records */
    uint64_t hold,
        journal; /* octets that held messages may take, 0: nothing is held; the journal */
    uint64_t era;
    uint64_t learn, learn_age, learn_left,
        learn_answered; /* labels that are kept, 0: nothing is learnt; seconds */
    const char *share;  /* what is learnt is shared in Redis under this prefix; NULL: it is not */
    struct role_groups groups;
};

/* False: they are not as the parent gives them. */
bool options_parse(int argc, char *argv[], struct options *out);

#endif
