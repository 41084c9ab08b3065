/* SPDX-License-Identifier: ISC
 * A proxy as a process: what the parent has told it, and how far it has come. */
#ifndef PROXY_PROCESS_PROGRAM_H
#define PROXY_PROCESS_PROGRAM_H

#include "common/bundle.h"
#include "proxy/process/proxy.h"

struct program {
    struct proxy proxy;
    enum proxy_state state;
    struct bundle *bundle;
    struct config *config;
    struct slice path, hostname; /* owned */
    struct {
        unsigned index;
        int fd;
        struct acceptor *acceptor;
    } listeners[LISTENERS_MAX];
    size_t listener_count;
    struct ticket_keys {
        char bytes[TICKET_KEYS][TICKET_KEY_SIZE];
        bool given;
    } tickets;
    struct event *control;
    struct {
        int sock; /* until proxy.answers has it; -1: there is none */
        uint32_t serial;
    } answers[SCANNER_KINDS];
    int errands; /* until proxy.errands has it; -1: there are none */
    int sharing; /* the same */
};

/* To the parent. */
void program_say(enum message type, struct slice payload);

/* It cannot start: the parent is told why, and the process ends. */
_Noreturn void program_give_up(const char *reason);

/* The keys of TLS tickets that the parent has given are those of proxy.tls. */
void program_set_tickets(struct program *p);

#endif
