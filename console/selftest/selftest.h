/* SPDX-License-Identifier: ISC
 * gatepostctl selftest: what is played against whom, and what came of it. */
#ifndef CONSOLE_SELFTEST_SELFTEST_H
#define CONSOLE_SELFTEST_SELFTEST_H

#include "policy/config.h"

#include <sys/socket.h>

/* Worse ones last. UNKNOWN: it was tried, and the answer tells nothing. */
enum grade { GRADE_GOOD, GRADE_UNTRIED, GRADE_UNKNOWN, GRADE_WARNING, GRADE_BAD, GRADES };

enum side { SIDE_GATEWAY = 1, SIDE_SERVER = 2 }; /* bits, for tests that are for both */

/* Somebody who is played against. */
struct target {
    enum side side;
    enum protocol protocol;
    bool implicit_tls;
    bool outbound;        /* a listener that is there for relaying */
    bool submission;      /* where nothing is taken without a login */
    struct slice where;   /* "127.0.0.1:25" */
    struct slice name;    /* that its certificate should bear; empty: nobody knows */
    struct slice domain;  /* whose mail it takes; empty: none is known */
    enum backend_tls tls; /* of a server */
    struct sockaddr_storage address;
    socklen_t length;
};

struct note {
    enum grade grade;
    struct slice text; /* may be hostile */
};

enum { NOTES_MAX = 24, SELFTEST_ID_SIZE = 20, TARGETS_MAX = 64 };

/* What came of one test against one target. */
struct finding {
    const struct test *test;
    enum grade grade; /* the worst of its notes */
    struct note notes[NOTES_MAX];
    size_t note_count;
};

/* The whole run. */
struct selftest {
    const struct config *config; /* NULL: flags say all */
    struct arena *arena;         /* of what is told in the end */
    struct arena *scratch;       /* of one test: what was said in it */
    struct slice recipient;      /* who may be sent messages; empty: nobody */
    struct slice sender;         /* of those; empty: the null sender */
    struct slice ca_file;
    char id[SELFTEST_ID_SIZE];
    int64_t patience; /* milliseconds for an answer */
    struct target targets[TARGETS_MAX];
    size_t target_count;
    size_t grades[GRADES]; /* findings of each */
};

/* One test against one target. */
struct play {
    struct selftest *run;
    const struct target *target;
    struct finding *finding;
    bool clean_refused; /* what nobody could object to was not taken from us either */
};

/* Adds a note; the finding is as bad as the worst. */
void play_note(struct play *play, enum grade grade, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct test {
    const char *name;
    void (*run)(struct play *play);
    unsigned sides, protocols; /* bits: enum side, 1 << enum protocol */
    bool sends;                /* it needs a recipient who may be sent messages */
    bool plain;                /* of what is said before TLS: not where TLS comes first */
    const char *gateway_advice, *server_advice; /* what to do where it is not good */
};

/* The first of them tells whether anybody is there; without that nothing else is tried. */
extern const struct test selftests[];
extern const size_t selftest_count;

/* Who is played against, by the configuration. */
void selftest_targets(struct selftest *run, bool gateways, bool servers);

/* The same of "mx.example.com:25", as a flag names it. False: nobody has that name, and it was said. */
bool selftest_target(struct selftest *run, enum side side, const char *where);

/* What came of a target's tests, for people. */
void selftest_words(const struct selftest *run, const struct target *target,
                    const struct finding *findings, size_t count);
/* The same of the whole run, a line. */
void selftest_end(const struct selftest *run);

/* The same as one object a target, and a last one of the run. */
void selftest_json(const struct selftest *run, const struct target *target,
                   const struct finding *findings, size_t count);
void selftest_json_end(const struct selftest *run);

/* ---- tests, by what they are about ---- */

void selftest_answers(struct play *play);
void selftest_relay(struct play *play);
void selftest_unknown(struct play *play);
void selftest_postmaster(struct play *play);
void selftest_vrfy(struct play *play);
void selftest_clean(struct play *play);
void selftest_malware(struct play *play);
void selftest_attachment(struct play *play);
void selftest_smuggling(struct play *play);
void selftest_login(struct play *play);
void selftest_injection(struct play *play);
void selftest_old_tls(struct play *play);
void selftest_certificate(struct play *play);

#endif
