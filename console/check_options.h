/* SPDX-License-Identifier: ISC
 * What `check` and `policy explain` are told on the command line. */
#ifndef CONSOLE_CHECK_OPTIONS_H
#define CONSOLE_CHECK_OPTIONS_H

#include "console/trial.h"

struct check_options {
    bool json;
    const char *batch;           /* a file, "-", or NULL */
    const char *config;          /* NULL: the shipped policy */
    bool shipped;                /* which was asked for */
    const char *dns;             /* a file with the DNS's answers, or NULL */
    bool live;                   /* ask the DNS itself */
    const char *record;          /* write what it said to this file, or NULL */
    struct name_server resolver; /* ask there; port 0: where the configuration says */
    bool has_envelope;           /* something of it was given */
    struct envelope envelope;
    struct slice *recipients; /* owned */
    char **files;             /* in argv */
    size_t file_count;
};

/* False when the arguments are wrong; why was said on stderr. check_options_free either way. */
bool check_options_parse(int argc, char *argv[], struct check_options *out);
/* The address of a name server, for --resolver. False: it is none. */
bool check_options_resolver(const char *text, struct name_server *server);
void check_options_free(struct check_options *options);

#endif
