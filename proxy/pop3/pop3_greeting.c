/* SPDX-License-Identifier: ISC
 * What a server says until it is ready. */
#include "proxy/pop3/pop3_response.h"

#include <stdio.h>

enum {
    INPUT_MAX = 16 * 1024,
    OUTPUT_MAX = 32 * 1024,
};

static size_t answer(const struct reader_upstream *c, struct slice bytes,
                     struct upstream_answer *out)
{
    struct pop3_line line;
    size_t used = pop3_status_line(bytes, &line);
    if (used == 0)
        return 0;
    bool yes = line.status == POP3_OK, thrown_away = c->step == STEP_UPGRADE && yes;
    if (!line.why && !thrown_away && !pop3_stands_alone(&line))
        line.why = pop3_more_behind;
    out->said = line.why ? SAID_NONSENSE : yes ? SAID_YES : SAID_NO;
    out->text = line.text;
    out->why = line.why;
    return used;
}

static void introduce(char line[static INTRODUCTION_MAX], const char *address, unsigned port)
{
    snprintf(line, INTRODUCTION_MAX, "XCLIENT ADDR=%s PORT=%u\r\n", address, port);
}

/* Dovecot greets those in login_trusted_networks with "[XCLIENT]". */
const struct upstream_dialect pop3_dialect = {
    .size = sizeof(struct pop3_upstream),
    .input_max = INPUT_MAX,
    .output_max = OUTPUT_MAX,
    .answer = answer,
    .upgrade = "STLS\r\n",
    .not_upgraded = "server has no STLS, but the configuration demands TLS",
    .takes_client = "[XCLIENT]",
    .introduce = introduce,
};
