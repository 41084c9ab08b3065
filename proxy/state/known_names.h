/* SPDX-License-Identifier: ISC
 * Networks and domains that greylisting knows of (state_greylist), by the keys of their counters:
 * what Redis said of them in the last minute. Large senders come again within that, and need not be
 * asked for, nor counted, each time. Of one process; the newest stay. */
#ifndef PROXY_STATE_KNOWN_NAMES_H
#define PROXY_STATE_KNOWN_NAMES_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum { KNOWN_NAMES = 512, KNOWN_NAME_MS = 60 * 1000, KNOWN_NAME_MAX = 160 /* octets of a key */ };

struct known_names {
    struct known_name {
        char key[KNOWN_NAME_MAX];
        uint16_t len; /* 0: none */
        bool counted; /* since it was put here */
        int64_t until;
    } all[KNOWN_NAMES];
};

/* Redis has just said so. `now`: clock_ms, here and below. */
void known_names_put(struct known_names *names, struct slice key, int64_t now);
bool known_names_has(const struct known_names *names, struct slice key, int64_t now);

/* A message of it was accepted: whether that has to be told, as it has not been since it was put here. */
bool known_names_count(struct known_names *names, struct slice key, int64_t now);

#endif
