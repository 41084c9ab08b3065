/* SPDX-License-Identifier: ISC
 * gatepostctl probe: what is found out about one server with mailboxes. */
#ifndef CONSOLE_PROBE_PROBE_H
#define CONSOLE_PROBE_PROBE_H

#include "policy/config.h"

enum probe_status { PROBE_WELL, PROBE_SEE_TO, PROBE_NOT_REACHED }; /* and the exit status */

/* A row of the report: a fact, something worth knowing, or something to see to. */
enum probe_kind { PROBE_FACT, PROBE_NOTE, PROBE_TROUBLE };

struct probe_row {
    enum probe_kind kind;
    const char *label;
    struct slice text; /* may be hostile */
};

enum { PROBE_ROWS = 64, PROBE_SECRET_MAX = 256 };

struct probe {
    const struct config *config;
    const struct backend *backend;
    const struct server *server;
    struct arena *arena;
    const char *user; /* NULL: nobody logs in */
    const char *password;

    struct probe_row rows[PROBE_ROWS];
    size_t row_count;
    enum probe_status status;

    /* By the survey: */
    bool without_tls;          /* TLS may fail, and did: the gateway goes on without */
    struct slice capabilities; /* lines */
    enum server_profile profile;
};

/* A row with a printf-formatted text. */
void probe_fact(struct probe *probe, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void probe_note(struct probe *probe, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The status is PROBE_SEE_TO at least. */
void probe_trouble(struct probe *probe, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Connects without logging in: TLS, greeting, program, mechanisms. False: nobody can log in there,
 * and that was said. */
bool probe_survey(struct probe *probe);

/* Logs in and reads a few messages; nothing is deleted. */
void probe_mailbox(struct probe *probe);

/* "pop3s": what the configuration says, and the scheme of a URL. */
struct slice probe_scheme(const struct probe *probe);

/* "pop3s 10.0.0.5:995" */
struct slice probe_server_name(const struct probe *probe);

/* The report: words for people, or an object in one line. */
void probe_words(const struct probe *probe);
void probe_json(const struct probe *probe);

#endif
