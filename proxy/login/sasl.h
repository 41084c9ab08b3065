/* SPDX-License-Identifier: ISC
 * What a client says to log in (RFC 4422), decoded. */
#ifndef PROXY_LOGIN_SASL_H
#define PROXY_LOGIN_SASL_H

#include "base/slice.h"

enum {
    LOGIN_USER_MAX = 255,
    LOGIN_PASSWORD_MAX = 1024,
    SASL_PLAIN_MAX = 2 * LOGIN_USER_MAX + LOGIN_PASSWORD_MAX + 8, /* decoded */
    SASL_PLAIN_TEXT_MAX = (SASL_PLAIN_MAX + 2) / 3 * 4 + 1,
};

/* Who logs in. Wiped as soon as the server has been told. Begins as zeros. */
struct credentials {
    char user[LOGIN_USER_MAX + 1]; /* whose password it is */
    char acting_for[LOGIN_USER_MAX + 1];
    char password[LOGIN_PASSWORD_MAX + 1];
    char *response; /* of a mechanism that passes, up to the proof; base64; owned; NULL: none */
};

/* Sets one; false: it is empty, too long, or holds controls (a password NUL, CR or LF). */
bool credentials_user(struct credentials *who, struct slice user);
bool credentials_acting_for(struct credentials *who, struct slice user);
bool credentials_password(struct credentials *who, struct slice password);
/* Instead of the last one. False: out of memory. */
bool credentials_response(struct credentials *who, struct slice text);
void credentials_forget(struct credentials *who);
void credentials_free(struct credentials **who);

/* Base64 (RFC 4648 4, strict) to octets in `room`; "=" is the empty one. False: it is none, or does
 * not fit. */
bool sasl_decode(struct slice text, char *room, size_t size, struct slice *out);

/* The response of PLAIN (RFC 4616 2), in base64. False: malformed. */
bool sasl_plain(struct slice text, struct credentials *out);
/* The credentials as one. How long it is, without NUL. */
size_t sasl_plain_text(const struct credentials *who, char out[static SASL_PLAIN_TEXT_MAX]);

#endif
