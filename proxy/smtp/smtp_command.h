/* SPDX-License-Identifier: ISC
 * What an SMTP client says, parsed: verbs and ESMTP parameters (paths: smtp_path.h). Pure. Strict
 * where looseness is a hole, tolerant of what real senders get wrong. */
#ifndef PROXY_SMTP_SMTP_COMMAND_H
#define PROXY_SMTP_SMTP_COMMAND_H

#include "base/arena.h"
#include "proxy/smtp/smtp_path.h"

enum smtp_verb {
#define VERB(id, ...) SMTP_##id,
#include "proxy/smtp/smtp_verbs.def"
#undef VERB
    SMTP_UNKNOWN
};

/* Splits a line into verb and argument (blanks around the argument removed). */
enum smtp_verb smtp_verb(struct slice line, struct slice *argument);

enum smtp_body { SMTP_BODY_NONE, SMTP_BODY_7BIT, SMTP_BODY_8BITMIME };

/* What may follow a path. Slices point into the line. AUTH is taken and forgotten (RFC 4954 5). */
struct smtp_mail_params {
    bool has_size, utf8;
    uint64_t size;           /* RFC 1870 */
    enum smtp_body body;     /* RFC 6152 */
    struct slice ret, envid; /* RFC 3461 4.3, 4.4 */
};
struct smtp_rcpt_params {
    struct slice notify, orcpt; /* RFC 3461 4.1, 4.2 */
};

enum smtp_params_result {
    SMTP_PARAMS_OK,
    SMTP_PARAMS_SYNTAX /* 501 */,
    SMTP_PARAMS_UNKNOWN /* 555 */
};
enum smtp_params_result smtp_mail_params(struct slice in, struct smtp_mail_params *out);
enum smtp_params_result smtp_rcpt_params(struct slice in, struct smtp_rcpt_params *out);

/* Text that is to be xtext (RFC 3461 4) as it may be written: '=' and a lone '+' encoded. In the
 * arena; ptr NULL: it is full. */
struct slice smtp_xtext(struct arena *arena, struct slice text);

/* The argument of BDAT (RFC 3030 2): "SIZE" or "SIZE LAST". */
bool smtp_bdat(struct slice argument, uint64_t *size, bool *last);

#endif
