/* SPDX-License-Identifier: ISC
 * What load.c says to a server, in the protocol's words. An answer that is not the one hoped for ends the program. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "wire.h"

struct load_protocol {
    const char *name;
    void (*log_in)(struct wire *w, const char *user, const char *password);
    /* The mailbox, when something in it is asked for. */
    void (*open)(struct wire *w);
    /* A message is read, or sent; how many octets it has. */
    size_t (*message)(struct wire *w, unsigned number);
    /* Something short about it. */
    void (*command)(struct wire *w, unsigned number);
    void (*log_out)(struct wire *w);
};

extern const struct load_protocol load_imap, load_pop3, load_submission;
/* The file that is sent. */
extern const char *load_octets;
extern size_t load_size;

__attribute__((format(printf, 2, 3))) void load_say(struct wire *w, const char *form, ...);
/* `line` NULL: the connection was closed. */
_Noreturn void load_fail(const char *what, const char *line);

#endif
