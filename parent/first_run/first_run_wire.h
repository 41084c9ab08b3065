/* SPDX-License-Identifier: ISC
 * The wire to the server behind, tried out once: connected to, greeted, encrypted, and asked about addresses that
 * cannot exist. What it says is heard by a child without privileges, in the jail of a proxy. */
#ifndef PARENT_FIRST_RUN_FIRST_RUN_WIRE_H
#define PARENT_FIRST_RUN_FIRST_RUN_WIRE_H

#include "parent/first_run/first_run_answers.h"

enum { WIRE_TEXT = 240, WIRE_DOMAINS = 4 };

/* The most that it may take, in milliseconds: a connection, one answer, all of it. */
enum { WIRE_CONNECT = 5000, WIRE_ANSWER = 8000, WIRE_WHOLE = 40000 };

enum wire_state {
    WIRE_UNTRIED,
    WIRE_UNREACHED, /* no connection */
    WIRE_UNGREETED, /* it does not talk to us as a mail server would */
    WIRE_UNSAFE,    /* TLS was demanded, and cannot be had */
    WIRE_REFUSED,   /* it takes no mail from us */
    WIRE_WELL,
};

struct wire_reply {
    unsigned code; /* 0: none came */
    char text[WIRE_TEXT];
};

/* All texts end with a NUL and are what it said, controls included. No bool, of which a child that was
 * taken over could send neither. */
struct wire_findings {
    enum wire_state state;
    char why[WIRE_TEXT]; /* not well */
    char greeting[WIRE_TEXT];
    uint64_t size; /* of the largest message that it takes; 0: it does not say */
    unsigned char offers_starttls, encrypted; /* 0: no */
    char tls_version[WIRE_TEXT],
        tls_trouble[WIRE_TEXT];  /* the trouble: TLS was tried, and failed */
    char certificate[WIRE_TEXT]; /* the names that it bears */
    char distrust[WIRE_TEXT];    /* why it cannot be verified; empty: it can */
    int64_t certificate_ends;    /* seconds since 1970; 0: unknown */
    size_t asked;                /* of the first domains */
    struct wire_reply nobody[WIRE_DOMAINS], postmaster[WIRE_DOMAINS];
};

/* Takes WIRE_WHOLE at most. `ca_pem` is whom `tls verify` trusts. */
void wire_try(const struct answers *answers, struct slice ca_pem, struct wire_findings *out);

#endif
