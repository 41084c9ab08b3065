/* SPDX-License-Identifier: ISC
 * What an SMTP client says, parsed: verbs, paths, ESMTP parameters. Pure. Strict where
 * looseness is a hole, tolerant of what real senders get wrong (a blank after "FROM:", blanks at
 * the end of the line). */
#ifndef PROXY_SMTP_SMTP_COMMAND_H
#define PROXY_SMTP_SMTP_COMMAND_H

#include "base/domain_name.h"
#include "base/slice.h"

enum smtp_verb {
#define VERB(id, ...) SMTP_##id,
#include "proxy/smtp/smtp_verbs.def"
#undef VERB
    SMTP_UNKNOWN
};

/* Splits a line into verb and argument (blanks around the argument removed). */
enum smtp_verb smtp_verb(struct slice line, struct slice *argument);

struct smtp_path {
    struct slice address; /* "local@domain" as given, without <> and source route; empty for <> */
    struct slice local, domain; /* domain empty for <postmaster> */
    bool utf8;                  /* not all ASCII */
    /* Of smtp_path_spell. What is compared, looked up and remembered is these; what goes on to the
     * backend is what the sender wrote. */
    struct slice spelled;    /* the address with its domain in one spelling (policy/spelling.h) */
    struct domain_name name; /* empty for an address literal, or what is no domain */
};

/* A path at the front of *in, which moves behind it: <>, <a@b>, <"a b"@c>, <@route:a@b>,
 * <postmaster>, domain or address literal (RFC 5321 4.1.2, 4.1.3; RFC 6531 3.3). False with *why.
 * A local part is as long as the line lets it be: RFC 5321 4.5.3.1 asks for no limit, and those of
 * lists, of SRS and of Exchange (IMCEAEX) are long. */
bool smtp_path(struct slice *in, struct smtp_path *path, const char **why);

/* Fills in `spelled` and `name`, in the arena. False: it is full. */
bool smtp_path_spell(struct arena *arena, struct smtp_path *path);

enum smtp_body { SMTP_BODY_NONE, SMTP_BODY_7BIT, SMTP_BODY_8BITMIME };

/* What may follow a path. Slices point into the line. */
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

/* A host name or address literal that may stand after HELO or EHLO and in our own
 * header: letters, digits, "-._", or [literal].
 * Tolerates underscores and a trailing dot, which real clients send. */
bool smtp_helo_valid(struct slice name);

/* The argument of BDAT (RFC 3030 2): "SIZE" or "SIZE LAST". */
bool smtp_bdat(struct slice argument, uint64_t *size, bool *last);

#endif
