/* SPDX-License-Identifier: ISC */
#include "milter/callbacks.h"

#include "milter/changes.h"
#include "milter/client.h"
#include "milter/talk.h"
#include "milter/text.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    HELO_MAX = 512,
    NEEDED = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_DELRCPT,
    REPLY_TEXT_MAX = 980, /* of libmilter */
};

static int proxies;
static void (*go_deaf)(void);
static atomic_uint open_count;

/* One connection of a client to the mail server. */
struct asked {
    struct talk talk;
    struct milter_client client;
    bool leading_blanks;        /* values of fields come with what stands behind the colon */
    char helo[HELO_MAX];        /* empty: it has said none */
    char tls[96], told_tls[96]; /* as XTLS has it; as it was told */
    struct tagged *tagged;      /* recipients of the message */
    bool in_transaction, in_data;
    struct text text;          /* of the message so far */
    struct talk_reply refusal; /* what was said instead of a banner; its code is 0: nothing */
};

static struct asked *asked_of(SMFICTX *ctx)
{
    return smfi_getpriv(ctx);
}

/* ---- answers ---- */

/* What a reply has after its code, with '%' doubled. */
static void printable_reply(const char *text, char out[static REPLY_TEXT_MAX + 1])
{
    size_t n = 0;
    for (; *text && n + 2 <= REPLY_TEXT_MAX; text++) {
        out[n++] = *text >= ' ' && *text < 0x7f ? *text : '?';
        if (*text == '%')
            out[n++] = '%';
    }
    out[n] = '\0';
}

/* The mail server is to tell its client the same. */
static sfsistat pass_on(SMFICTX *ctx, const struct talk_reply *reply)
{
    char text[REPLY_TEXT_MAX + 1], code[4];
    if (reply->code < 400)
        return reply->code ? SMFIS_CONTINUE : SMFIS_TEMPFAIL;
    snprintf(code, sizeof code, "%03u", reply->code % 1000);
    printable_reply(reply->text, text);
    const char *enhanced = reply->enhanced[0] ? reply->enhanced : NULL;
    smfi_setreply(ctx, code, (char *)(uintptr_t)enhanced, *text ? text : NULL);
    return reply->code >= 500 ? SMFIS_REJECT : SMFIS_TEMPFAIL;
}

static sfsistat pass_on_and_free(SMFICTX *ctx, struct talk_reply *reply)
{
    sfsistat answer = pass_on(ctx, reply);
    talk_reply_free(reply);
    return answer;
}

/* ---- transactions ---- */

static void forget_message(struct asked *a)
{
    while (a->tagged) {
        struct tagged *next = a->tagged->next;
        free(a->tagged);
        a->tagged = next;
    }
    a->in_transaction = a->in_data = false;
}

/* A message that is broken off in its middle ends the conversation: the next has another. */
static void abort_message(struct asked *a)
{
    struct talk_reply reply;
    if (a->in_data) {
        talk_end(&a->talk);
    } else if (a->in_transaction) {
        talk_ask(&a->talk, "RSET", "", &reply);
        talk_reply_free(&reply);
    }
    forget_message(a);
}

/* ---- conversations ---- */

static void say_tls(struct asked *a, struct talk_reply *reply)
{
    if (strcmp(a->tls, a->told_tls) == 0)
        return;
    talk_ask(&a->talk, *a->tls ? "XTLS " : "XTLS", a->tls, reply);
    talk_reply_free(reply);
    snprintf(a->told_tls, sizeof a->told_tls, "%s", a->tls);
}

/* With the client's HELO. *reply is the caller's: of EHLO, or of none. */
static void say_helo(struct asked *a, struct talk_reply *reply)
{
    say_tls(a, reply);
    talk_ask(&a->talk, "EHLO ", a->helo, reply);
}

/* The banner is in *reply, the caller's. */
static void begin(struct asked *a, struct talk_reply *reply)
{
    talk_end(&a->talk);
    a->told_tls[0] = '\0';
    if (talk_begin(&a->talk, proxies, &a->client) < 0)
        go_deaf();
    talk_hear(&a->talk, reply, NULL);
}

/* One that goes on, or a new one in which the client has said what it had said. False: *reply, the caller's, says
 * why not. */
static bool go_on(struct asked *a, struct talk_reply *reply)
{
    if (talk_goes_on(&a->talk))
        return true;
    begin(a, reply);
    if (reply->code / 100 != 2)
        return false;
    talk_reply_free(reply);
    if (!a->helo[0])
        return true;
    say_helo(a, reply);
    if (reply->code / 100 != 2)
        return false;
    talk_reply_free(reply);
    return true;
}

/* ---- the client ---- */

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
                             unsigned long f3, unsigned long *pf0, unsigned long *pf1,
                             unsigned long *pf2, unsigned long *pf3)
{
    (void)f2, (void)f3;
    if ((f0 & NEEDED) != NEEDED)
        return SMFIS_REJECT;
    struct asked *a = calloc(1, sizeof *a);
    if (!a || smfi_setpriv(ctx, a) != MI_SUCCESS) {
        free(a);
        return SMFIS_REJECT;
    }
    a->talk.fd = -1;
    a->leading_blanks = f1 & SMFIP_HDR_LEADSPC;
    atomic_fetch_add(&open_count, 1);
    *pf0 = NEEDED;
    *pf1 = f1 & (SMFIP_HDR_LEADSPC | SMFIP_NOUNKNOWN);
    *pf2 = *pf3 = 0;
    return SMFIS_CONTINUE;
}

/* Refusals are told at the next command: libmilter has no reply to a connection. */
static sfsistat on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *address)
{
    (void)name;
    struct asked *a = asked_of(ctx);
    struct talk_reply reply;
    if (!a)
        return SMFIS_TEMPFAIL;
    client_set(&a->client, address);
    begin(a, &reply);
    if (reply.code >= 400) {
        talk_end(&a->talk);
        a->refusal = reply;
    } else {
        talk_reply_free(&reply);
    }
    return SMFIS_CONTINUE;
}

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

static sfsistat on_helo(SMFICTX *ctx, char *name)
{
    struct asked *a = asked_of(ctx);
    struct talk_reply reply;
    if (a->refusal.code)
        return pass_on(ctx, &a->refusal);
    abort_message(a);
    snprintf(a->helo, sizeof a->helo, "%s", name);
    look_at_tls(ctx, a);
    if (!talk_goes_on(&a->talk))
        begin(a, &reply);
    else
        reply = (struct talk_reply){.code = 220};
    if (reply.code / 100 == 2) {
        talk_reply_free(&reply);
        say_helo(a, &reply);
    }
    return pass_on_and_free(ctx, &reply);
}

/* ---- the envelope ---- */

/* What a proxy needs to know of MAIL's parameters: a mail server has checked the others, and delivers. */
static void add_parameters(char *line, size_t size, char **argv)
{
    for (size_t i = 1; argv[i]; i++) {
        size_t len = strlen(line);
        bool wanted = strncasecmp(argv[i], "SIZE=", 5) == 0 || strcasecmp(argv[i], "SMTPUTF8") == 0;
        if (wanted && len + strlen(argv[i]) + 2 <= size)
            snprintf(line + len, size - len, " %s", argv[i]);
    }
}

static void write_path(char *line, size_t size, const char *path)
{
    snprintf(line, size, *path == '<' ? "%s" : "<%s>", path);
}

static sfsistat on_mail(SMFICTX *ctx, char **argv)
{
    struct asked *a = asked_of(ctx);
    struct talk_reply reply;
    char line[TALK_LINE_MAX + 2];
    if (a->refusal.code)
        return pass_on(ctx, &a->refusal);
    abort_message(a);
    if (go_on(a, &reply)) {
        write_path(line, sizeof line, argv[0]);
        add_parameters(line, sizeof line, argv);
        talk_ask(&a->talk, "MAIL FROM:", line, &reply);
        a->in_transaction = reply.code / 100 == 2;
    }
    return pass_on_and_free(ctx, &reply);
}

/* False: out of memory. */
static bool keep_tag(struct asked *a, const char *tag, const char *address)
{
    struct tagged *one = malloc(sizeof *one + strlen(address) + 1);
    if (!one || strlen(tag) >= sizeof one->tag) {
        free(one);
        return false;
    }
    one->next = a->tagged;
    snprintf(one->tag, sizeof one->tag, "%s", tag);
    memcpy(one->address, address, strlen(address) + 1);
    a->tagged = one;
    return true;
}

static sfsistat on_recipient(SMFICTX *ctx, char **argv)
{
    struct asked *a = asked_of(ctx);
    struct talk_reply reply;
    char line[TALK_LINE_MAX + 2];
    write_path(line, sizeof line, argv[0]);
    talk_ask(&a->talk, "RCPT TO:", line, &reply);
    if (reply.code / 100 == 2 && !keep_tag(a, reply.text, argv[0])) {
        talk_reply_free(&reply);
        abort_message(a);
        return SMFIS_TEMPFAIL;
    }
    return pass_on_and_free(ctx, &reply);
}

/* ---- the message ---- */

static sfsistat on_data(SMFICTX *ctx)
{
    struct asked *a = asked_of(ctx);
    struct talk_reply reply;
    talk_ask(&a->talk, "DATA", "", &reply);
    a->in_data = reply.code == 354;
    a->text = (struct text){.line_start = true};
    if (reply.code == 354 || reply.code >= 400)
        return pass_on_and_free(ctx, &reply);
    talk_reply_free(&reply);
    return SMFIS_TEMPFAIL;
}

static sfsistat on_field(SMFICTX *ctx, char *name, char *value)
{
    struct asked *a = asked_of(ctx);
    if (!a->in_data) {
        sfsistat answer = on_data(ctx);
        if (answer != SMFIS_CONTINUE)
            return answer;
    }
    milter_put_text(&a->text, &a->talk, name, strlen(name));
    milter_put_text(&a->text, &a->talk, a->leading_blanks ? ":" : ": ", a->leading_blanks ? 1 : 2);
    milter_put_value(&a->text, &a->talk, value);
    milter_put_text(&a->text, &a->talk, "\r\n", 2);
    return SMFIS_CONTINUE;
}

static sfsistat on_end_of_fields(SMFICTX *ctx)
{
    struct asked *a = asked_of(ctx);
    if (!a->in_data) {
        sfsistat answer = on_data(ctx);
        if (answer != SMFIS_CONTINUE)
            return answer;
    }
    milter_put_text(&a->text, &a->talk, "\r\n", 2);
    return SMFIS_CONTINUE;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *octets, size_t len)
{
    struct asked *a = asked_of(ctx);
    milter_put_text(&a->text, &a->talk, (const char *)octets, len);
    return SMFIS_CONTINUE;
}

static void still(void *ctx)
{
    smfi_progress(ctx);
}

static sfsistat on_end(SMFICTX *ctx)
{
    struct asked *a = asked_of(ctx);
    struct talk_reply reply;
    const struct talk_wait wait = {still, ctx};
    sfsistat answer = SMFIS_TEMPFAIL;
    if (!a->text.line_start)
        milter_put_text(&a->text, &a->talk, "\r\n", 2);
    talk_put(&a->talk, ".\r\n", 3);
    talk_hear(&a->talk, &reply, &wait);
    if (reply.code / 100 != 2)
        answer = pass_on(ctx, &reply);
    else if (buf_char(&reply.lines, '\0'))
        answer = changes_follow(ctx, (char *)(uintptr_t)buf_slice(&reply.lines).ptr, a->tagged);
    talk_reply_free(&reply);
    forget_message(a);
    return answer;
}

/* ---- ends ---- */

static sfsistat on_abort(SMFICTX *ctx)
{
    struct asked *a = asked_of(ctx);
    if (a)
        abort_message(a);
    return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
    struct asked *a = asked_of(ctx);
    if (!a)
        return SMFIS_CONTINUE;
    struct talk_reply reply;
    if (!a->in_data && talk_goes_on(&a->talk)) {
        talk_ask(&a->talk, "QUIT", "", &reply);
        talk_reply_free(&reply);
    }
    talk_end(&a->talk);
    talk_reply_free(&a->refusal);
    forget_message(a);
    smfi_setpriv(ctx, NULL);
    free(a);
    atomic_fetch_sub(&open_count, 1);
    return SMFIS_CONTINUE;
}

unsigned callbacks_open(void)
{
    return atomic_load(&open_count);
}

struct smfiDesc callbacks_for(int queue, void (*deaf)(void))
{
    proxies = queue;
    go_deaf = deaf;
    return (struct smfiDesc){.xxfi_name = (char *)(uintptr_t) "gatepost",
                             .xxfi_version = SMFI_VERSION,
                             .xxfi_flags = NEEDED,
                             .xxfi_connect = on_connect,
                             .xxfi_helo = on_helo,
                             .xxfi_envfrom = on_mail,
                             .xxfi_envrcpt = on_recipient,
                             .xxfi_data = on_data,
                             .xxfi_header = on_field,
                             .xxfi_eoh = on_end_of_fields,
                             .xxfi_body = on_body,
                             .xxfi_eom = on_end,
                             .xxfi_abort = on_abort,
                             .xxfi_close = on_close,
                             .xxfi_negotiate = on_negotiate};
}
