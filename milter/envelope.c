/* SPDX-License-Identifier: ISC */
#include "milter/envelope.h"

#include "milter/asked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- HELO ---- */

static const char *macro(SMFICTX *ctx, const char *name)
{
    const char *value = smfi_getsymval(ctx, (char *)(uintptr_t)name);
    return value ? value : "";
}

static void look_at_tls(SMFICTX *ctx, struct asked *a)
{
    const char *version = macro(ctx, "{tls_version}"), *cipher = macro(ctx, "{cipher}");
    if (*version && *cipher)
        snprintf(a->tls, sizeof a->tls, "%.15s %.63s", version, cipher);
    else
        a->tls[0] = '\0';
}

sfsistat envelope_on_helo(SMFICTX *ctx, char *name)
{
    struct asked *a = asked_of(ctx);
    struct talk_reply reply;
    if (a->refusal.code)
        return asked_pass_on(ctx, &a->refusal);
    asked_abort(a);
    snprintf(a->helo, sizeof a->helo, "%s", name);
    look_at_tls(ctx, a);
    if (!talk_goes_on(&a->talk))
        asked_begin(a, &reply);
    else
        reply = (struct talk_reply){.code = 220};
    if (reply.code / 100 == 2) {
        talk_reply_free(&reply);
        asked_say_helo(a, &reply);
    }
    return asked_pass_on_and_free(ctx, &reply);
}

/* ---- MAIL and RCPT ---- */

static bool is_one_of(const char *parameter, const char *const *words)
{
    for (; *words; words++) {
        size_t len = strlen(*words);
        if (strncasecmp(parameter, *words, len) == 0 &&
            ((*words)[len - 1] == '=' || parameter[len] == '\0'))
            return true;
    }
    return false;
}

/* Behind a path. A mail server has checked them all, and delivers: a proxy hears of these. */
static void add_parameters(char *line, size_t size, char **argv, const char *const *wanted)
{
    for (size_t i = 1; argv[i]; i++) {
        size_t len = strlen(line);
        if (is_one_of(argv[i], wanted) && len + strlen(argv[i]) + 2 <= size)
            snprintf(line + len, size - len, " %s", argv[i]);
    }
}

static void write_path(char *line, size_t size, const char *path)
{
    snprintf(line, size, *path == '<' ? "%s" : "<%s>", path);
}

sfsistat envelope_on_mail(SMFICTX *ctx, char **argv)
{
    static const char *const wanted[] = {"SIZE=", "SMTPUTF8", NULL};
    struct asked *a = asked_of(ctx);
    struct talk_reply reply;
    char line[TALK_LINE_MAX + 2];
    if (a->refusal.code)
        return asked_pass_on(ctx, &a->refusal);
    asked_abort(a);
    if (asked_go_on(a, &reply)) {
        write_path(line, sizeof line, argv[0]);
        add_parameters(line, sizeof line, argv, wanted);
        talk_ask(&a->talk, "MAIL FROM:", line, &reply);
        a->in_transaction = reply.code / 100 == 2;
    }
    return asked_pass_on_and_free(ctx, &reply);
}

/* With the parameters that he is to keep if he is named anew. False: out of memory. */
static bool keep_tag(struct asked *a, const char *tag, char **argv)
{
    static const char *const kept[] = {"NOTIFY=", "ORCPT=", NULL};
    size_t len = strlen(argv[0]);
    struct tagged *one = malloc(sizeof *one + len + 1);
    if (!one || strlen(tag) >= sizeof one->tag) {
        free(one);
        return false;
    }
    one->next = a->tagged;
    snprintf(one->tag, sizeof one->tag, "%s", tag);
    one->parameters[0] = '\0';
    add_parameters(one->parameters, sizeof one->parameters, argv, kept);
    memcpy(one->address, argv[0], len + 1);
    a->tagged = one;
    return true;
}

sfsistat envelope_on_recipient(SMFICTX *ctx, char **argv)
{
    struct asked *a = asked_of(ctx);
    struct talk_reply reply;
    char line[TALK_LINE_MAX + 2];
    write_path(line, sizeof line, argv[0]);
    talk_ask(&a->talk, "RCPT TO:", line, &reply);
    if (reply.code / 100 == 2 && !keep_tag(a, reply.text, argv)) {
        talk_reply_free(&reply);
        asked_abort(a);
        return SMFIS_TEMPFAIL;
    }
    return asked_pass_on_and_free(ctx, &reply);
}
