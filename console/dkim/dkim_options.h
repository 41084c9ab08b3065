/* SPDX-License-Identifier: ISC
 * What the subcommands of `gatepostctl dkim` are told. */
#ifndef CONSOLE_DKIM_DKIM_OPTIONS_H
#define CONSOLE_DKIM_DKIM_OPTIONS_H

#include "console/configuration.h"
#include "filters/sender/dkim_key.h"

struct dkim_options {
    const char *config; /* NULL: the gateway's own, where there is one */
    const char *domain; /* NULL: none was given */
    const char *selector, *folder, *message;
    bool json, has_algorithm;
    enum dkim_algorithm algorithm;
    unsigned bits;               /* of RSA */
    struct name_server resolver; /* port 0: where the configuration says */
};

/* `letters`: the options that this subcommand has, of c j s f a b r m. False: they are wrong. */
bool dkim_options_read(int argc, char *argv[], const char *letters, struct dkim_options *out);

/* The configuration that they name. False: what is wrong was said. */
bool dkim_options_open(const struct dkim_options *options, struct configuration *configuration);

#endif
