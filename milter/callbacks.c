/* SPDX-License-Identifier: ISC */
#include "milter/callbacks.h"

#include "milter/asked.h"
#include "milter/client.h"
#include "milter/complaints.h"
#include "milter/content.h"
#include "milter/envelope.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
    NEEDED = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_DELRCPT,
    WELCOME = SMFIF_CHGBODY | SMFIF_ADDRCPT | SMFIF_ADDRCPT_PAR | SMFIF_CHGFROM,
};

static unsigned most_open;
static atomic_uint open_count;

/* ---- who may ask ---- */

static uint8_t granted(unsigned long actions)
{
    return (uint8_t)((actions & SMFIF_CHGBODY ? MILTER_MAY_BODY : 0) |
                     (actions & SMFIF_ADDRCPT ? MILTER_MAY_ADD : 0) |
                     (actions & SMFIF_CHGFROM ? MILTER_MAY_SENDER : 0));
}

/* False: it is one too many. */
static bool take_place(void)
{
    if (atomic_fetch_add(&open_count, 1) < most_open)
        return true;
    atomic_fetch_sub(&open_count, 1);
    complain(COMPLAINT_TOO_MANY);
    return false;
}

static struct asked *admit(SMFICTX *ctx, unsigned long actions, unsigned long steps)
{
    struct asked *a = take_place() ? calloc(1, sizeof *a) : NULL;
    if (!a)
        return NULL;
    a->talk.fd = -1;
    a->client.granted = granted(actions);
    a->leading_blanks = steps & SMFIP_HDR_LEADSPC;
    if (smfi_setpriv(ctx, a) == MI_SUCCESS)
        return a;
    atomic_fetch_sub(&open_count, 1);
    free(a);
    return NULL;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
                             unsigned long f3, unsigned long *pf0, unsigned long *pf1,
                             unsigned long *pf2, unsigned long *pf3)
{
    (void)f2, (void)f3;
    if ((f0 & NEEDED) != NEEDED) {
        complain(COMPLAINT_NOTHING_GRANTED);
        return SMFIS_REJECT;
    }
    if (!admit(ctx, f0, f1))
        return SMFIS_REJECT;
    *pf0 = NEEDED | (f0 & WELCOME);
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
    asked_begin(a, &reply);
    if (reply.code >= 400) {
        talk_end(&a->talk);
        a->refusal = reply;
    } else {
        talk_reply_free(&reply);
    }
    return SMFIS_CONTINUE;
}

/* ---- what its client says ---- */

/* libmilter goes on with whoever has not negotiated, or has said that another client follows, as with one who has said
 * HELO: he has no conversation. */

static sfsistat on_helo(SMFICTX *ctx, char *name)
{
    return asked_of(ctx) ? envelope_on_helo(ctx, name) : SMFIS_TEMPFAIL;
}

static sfsistat on_mail(SMFICTX *ctx, char **argv)
{
    return asked_of(ctx) ? envelope_on_mail(ctx, argv) : SMFIS_TEMPFAIL;
}

static sfsistat on_recipient(SMFICTX *ctx, char **argv)
{
    return asked_of(ctx) ? envelope_on_recipient(ctx, argv) : SMFIS_TEMPFAIL;
}

static sfsistat on_field(SMFICTX *ctx, char *name, char *value)
{
    return asked_of(ctx) ? content_on_field(ctx, name, value) : SMFIS_TEMPFAIL;
}

static sfsistat on_end_of_fields(SMFICTX *ctx)
{
    return asked_of(ctx) ? content_on_end_of_fields(ctx) : SMFIS_TEMPFAIL;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *octets, size_t len)
{
    return asked_of(ctx) ? content_on_body(ctx, octets, len) : SMFIS_TEMPFAIL;
}

static sfsistat on_end(SMFICTX *ctx)
{
    return asked_of(ctx) ? content_on_end(ctx) : SMFIS_TEMPFAIL;
}

/* ---- ends ---- */

static sfsistat on_abort(SMFICTX *ctx)
{
    struct asked *a = asked_of(ctx);
    if (a)
        asked_abort(a);
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
    asked_forget(a);
    smfi_setpriv(ctx, NULL);
    free(a);
    atomic_fetch_sub(&open_count, 1);
    return SMFIS_CONTINUE;
}

unsigned callbacks_open(void)
{
    return atomic_load(&open_count);
}

struct smfiDesc callbacks_for(int queue, unsigned most, void (*deaf)(void))
{
    most_open = most;
    asked_by(queue, deaf);
    return (struct smfiDesc){.xxfi_name = (char *)(uintptr_t) "gatepost",
                             .xxfi_version = SMFI_VERSION,
                             .xxfi_flags = NEEDED | WELCOME,
                             .xxfi_connect = on_connect,
                             .xxfi_helo = on_helo,
                             .xxfi_envfrom = on_mail,
                             .xxfi_envrcpt = on_recipient,
                             .xxfi_header = on_field,
                             .xxfi_eoh = on_end_of_fields,
                             .xxfi_body = on_body,
                             .xxfi_eom = on_end,
                             .xxfi_abort = on_abort,
                             .xxfi_close = on_close,
                             .xxfi_negotiate = on_negotiate};
}
