/* SPDX-License-Identifier: ISC
 * What a server says until it is ready. */
#include "proxy/imap/imap_session.h"
#include "proxy/reader/reader_upstream.h"

#include <stdio.h>

enum {
    OUTPUT_MAX = 256 * 1024,
    GREETING_MAX = 8192,
};

/* Who is in without a login is nobody whom we know. */
static void read_greeting(const struct imap_response *response, struct upstream_answer *out)
{
    bool greets = response->kind == IMAP_RESPONSE_UNTAGGED && response->status == IMAP_OK;
    out->said = greets ? SAID_YES : SAID_NO;
    out->text = response->rest;
    out->why = response->status == IMAP_PREAUTH ? "it lets in whoever connects" : NULL;
}

static void read_response(const struct imap_response *response, struct upstream_answer *out)
{
    bool untagged = response->kind == IMAP_RESPONSE_UNTAGGED;
    bool ours = response->kind == IMAP_RESPONSE_TAGGED && slice_eq(response->tag, SLICE("gp"));
    if (untagged && response->status == IMAP_BYE)
        *out = (struct upstream_answer){.said = SAID_GOODBYE, .why = "it said BYE"};
    else if (ours)
        out->said = response->status == IMAP_OK ? SAID_YES : SAID_NO;
    else if (!untagged)
        *out =
            (struct upstream_answer){.said = SAID_NONSENSE, .why = "a response without a command"};
}

static size_t answer(const struct reader_upstream *c, struct slice bytes,
                     struct upstream_answer *out)
{
    struct imap_text text;
    struct imap_response response;
    int found = imap_text(bytes, true, &text);
    if (found == 0 && bytes.len < GREETING_MAX)
        return 0;
    if (found != 1 || text.literal) {
        *out = (struct upstream_answer){.said = SAID_NONSENSE, .why = "a line that cannot be read"};
        return bytes.len;
    }
    imap_response(text.text, &response);
    if (c->step == STEP_GREETING)
        read_greeting(&response, out);
    else
        read_response(&response, out);
    return text.text.len;
}

static void introduce(char line[static INTRODUCTION_MAX], const char *address, unsigned port)
{
    snprintf(line, INTRODUCTION_MAX,
             "gp ID (\"x-originating-ip\" \"%s\" \"x-originating-port\" \"%u\")\r\n", address,
             port);
}

/* ID is taken from whoever is trusted, and no greeting says who is. */
const struct upstream_dialect imap_dialect = {
    .size = sizeof(struct reader_upstream),
    .input_max = IMAP_INPUT_MAX,
    .output_max = OUTPUT_MAX,
    .answer = answer,
    .upgrade = "gp STARTTLS\r\n",
    .not_upgraded = "server has no STARTTLS, but the configuration demands TLS",
    .takes_client = NULL,
    .introduce = introduce,
};
