/* SPDX-License-Identifier: ISC
 * Mechanisms whose exchange is between the client and the server (RFC 4422 3): who logs in is read
 * where it can be, and all is passed on octet for octet. */
#ifndef PROXY_LOGIN_SASL_MECHANISM_H
#define PROXY_LOGIN_SASL_MECHANISM_H

#include "policy/config.h"
#include "proxy/login/sasl.h"

enum {
    SASL_RESPONSE_TEXT_MAX = 12288, /* base64, of one response (RFC 4954 4) */
    SASL_RESPONSE_MAX = SASL_RESPONSE_TEXT_MAX / 4 * 3,
};

enum sasl_read {
    SASL_NAMES_NOBODY, /* it is in order, and says nothing about who */
    SASL_NAMES_USER,   /* who->user, and acting_for, are set */
    SASL_WANTS_LAYER, /* to speak through once he is logged in (RFC 4422 3.7): we could not follow */
    SASL_MALFORMED,
};

struct sasl_mechanism {
    enum login_mechanism id;
    const char *fact; /* login.mechanism */
    /* The client's response number n, from 1, decoded. NULL: we speak it ourselves. */
    enum sasl_read (*read)(unsigned n, struct slice response, struct credentials *who);
    unsigned proof; /* the number of the response that holds the secret, or what proves it */
    /* A client that could bind it to TLS notices that the server offers NAME-PLUS and we do not, as
     * it would with an attacker between them (RFC 5802 6). */
    bool not_beside_plus;
};

/* By its registered name, in any case; NULL: there is none of that name. */
const struct sasl_mechanism *sasl_mechanism(struct slice name);
const struct sasl_mechanism *sasl_mechanism_of(enum login_mechanism id);

/* A server offers that one: adds its bit to those that one may log in by, or, of "NAME-PLUS", to those
 * that it would bind to TLS. What we do not know is passed over. */
void sasl_offered(struct slice name, unsigned *offered, unsigned *plus);

#endif
