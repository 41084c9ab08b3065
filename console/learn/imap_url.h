/* SPDX-License-Identifier: ISC
 * imap[s]://user@host[:port]/mailbox: whose mailbox, and where. */
#ifndef CONSOLE_LEARN_IMAP_URL_H
#define CONSOLE_LEARN_IMAP_URL_H

#include "base/slice.h"

enum { IMAP_URL_PART = 256 };

struct imap_url {
    bool tls_at_once; /* imaps */
    char user[IMAP_URL_PART];
    char host[IMAP_URL_PART];    /* a name or an address, without brackets */
    char mailbox[IMAP_URL_PART]; /* as a server names it: in modified UTF-7 (RFC 3501 5.1.3) */
    uint16_t port;
};

/* Whether it is meant to be one. */
bool imap_url_looks_like(struct slice text);

/* %NN stands for an octet; no mailbox is INBOX. The user may have "@" in it. False: *reason. */
bool imap_url_parse(struct slice text, struct imap_url *out, const char **reason);

/* Whether two have one login: the same password is for both. */
bool imap_url_same_login(const struct imap_url *a, const struct imap_url *b);

#endif
