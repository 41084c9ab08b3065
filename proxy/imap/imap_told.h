/* SPDX-License-Identifier: ISC
 * What an IMAP server says of itself and of a login to one who only asks whether it is right (RFC 9051 6.2). Pure; all
 * slices lie in the octets that were given. */
#ifndef PROXY_IMAP_IMAP_TOLD_H
#define PROXY_IMAP_IMAP_TOLD_H

#include "base/slice.h"
#include "policy/config.h"

enum { IMAP_TOLD_MAX = 16 * 1024 /* octets of a line: a challenge is no longer than a response */ };

struct imap_login_offer {
    unsigned
        mechanisms; /* a bit for each enum login_mechanism; MECHANISM_USER: the command LOGIN */
    unsigned plus;  /* those that it would bind to TLS as well */
    bool initial;   /* a first response may stand beside AUTHENTICATE (RFC 4959) */
};

/* What stands in "CAPABILITY ..." behind that word. */
void imap_login_offer(struct slice list, struct imap_login_offer *out);

enum imap_told {
    IMAP_TOLD_NOTHING, /* that matters here */
    IMAP_TOLD_CAPABILITIES,
    IMAP_TOLD_ASKS, /* it wants the next response, or a literal */
    IMAP_TOLD_YES,
    IMAP_TOLD_NO,     /* this is not the user's password, or no way to prove it */
    IMAP_TOLD_NOT_SO, /* whatever the password, he may not come in by it: it was no guess */
    IMAP_TOLD_LATER,  /* it cannot tell now, or what is wrong is none of the user's matter */
    IMAP_TOLD_GOODBYE,
    IMAP_TOLD_NONSENSE,
};

struct imap_answer {
    enum imap_told told;
    struct slice text; /* what it lists, the challenge, or its words: "NO [ALERT] closed today" */
};

/* The line at the beginning of these octets, and how many they are. 0: its end has not come. `tag`: of the command that is
 * under way; another's answer is nonsense. `profile`: whose words they are (profile_puts_off). */
size_t imap_told(struct slice bytes, struct slice tag, enum server_profile profile,
                 struct imap_answer *out);

#endif
