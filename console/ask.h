/* SPDX-License-Identifier: ISC
 * Asking a running gateway, on its control socket. */
#ifndef CONSOLE_ASK_H
#define CONSOLE_ASK_H

#include "common/control.h"
#include "console/configuration.h"

/* What all commands that ask have in common. */
struct asking {
    const char *config;  /* --config; NULL: the gateway's own, where there is one */
    const char *control; /* --control; NULL: as the configuration says */
    bool json;
};

enum { ASK_REASON_MAX = 256 };

/* A socket on which the gateway listens. -1: what is wrong was said. */
int ask_connect(const struct asking *asking);

/* The same for who knows where it listens, and says himself what is wrong. */
int ask_connect_to(struct slice name, char reason[static ASK_REASON_MAX]);

/* Asks; calls `take` with each answer. *before: 0, or the number of a record before which was not
 * looked yet. False: what is wrong was said. */
bool ask(int sock, enum control_message question, struct slice payload,
         void (*take)(void *ctx, struct slice octets), void *ctx, uint64_t *before);

/* The same, for who says himself what is wrong: `reason`. The gateway is given a copy of `fd` (-1:
 * none). */
bool ask_giving(int sock, enum control_message question, struct slice payload, int fd,
                void (*take)(void *ctx, struct slice octets), void *ctx, uint64_t *before,
                char reason[static ASK_REASON_MAX]);

/* The options of struct asking: `letter` as getopt_long gave it. False: none of them. */
bool asking_option(struct asking *asking, int letter);
#define ASKING_OPTIONS                                                                             \
    {"config", required_argument, NULL, 'c'}, {"control", required_argument, NULL, 'C'},           \
    {                                                                                              \
        "json", no_argument, NULL, 'j'                                                             \
    }
#define ASKING_LETTERS "c:j"

#endif
