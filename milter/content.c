/* SPDX-License-Identifier: ISC */
#include "milter/content.h"

#include "milter/asked.h"

#include <string.h>

static sfsistat open_message(SMFICTX *ctx)
{
    struct asked *a = asked_of(ctx);
    struct talk_reply reply;
    if (a->in_data)
        return SMFIS_CONTINUE;
    talk_ask(&a->talk, "DATA", "", &reply);
    a->in_data = reply.code == 354;
    a->in_body = false;
    a->text = (struct text){.line_start = true};
    if (reply.code == 354 || reply.code >= 400)
        return asked_pass_on_and_free(ctx, &reply);
    talk_reply_free(&reply);
    return SMFIS_TEMPFAIL;
}

sfsistat content_on_field(SMFICTX *ctx, char *name, char *value)
{
    struct asked *a = asked_of(ctx);
    sfsistat answer = open_message(ctx);
    if (answer != SMFIS_CONTINUE)
        return answer;
    milter_put_text(&a->text, &a->talk, name, strlen(name));
    milter_put_text(&a->text, &a->talk, a->leading_blanks ? ":" : ": ", a->leading_blanks ? 1 : 2);
    milter_put_value(&a->text, &a->talk, value);
    milter_put_text(&a->text, &a->talk, "\r\n", 2);
    return SMFIS_CONTINUE;
}

sfsistat content_on_end_of_fields(SMFICTX *ctx)
{
    struct asked *a = asked_of(ctx);
    sfsistat answer = open_message(ctx);
    if (answer == SMFIS_CONTINUE && !a->in_body)
        milter_put_text(&a->text, &a->talk, "\r\n", 2);
    a->in_body = true;
    return answer;
}

/* What a proxy takes for the body is what the mail server does: its first empty line is ours. */
sfsistat content_on_body(SMFICTX *ctx, unsigned char *octets, size_t len)
{
    struct asked *a = asked_of(ctx);
    sfsistat answer = a->in_body ? SMFIS_CONTINUE : content_on_end_of_fields(ctx);
    if (answer == SMFIS_CONTINUE)
        milter_put_text(&a->text, &a->talk, (const char *)octets, len);
    return answer;
}

/* ---- the end ---- */

static bool still(void *ctx)
{
    return smfi_progress(ctx) == MI_SUCCESS;
}

static bool replace_body(void *ctx, const char *octets, size_t len)
{
    return smfi_replacebody(ctx, (unsigned char *)(uintptr_t)octets, (int)len) == MI_SUCCESS;
}

/* A body that was given in part is forgotten by the mail server, as any answer but 2xx is a refusal here. */
static sfsistat conclude(SMFICTX *ctx, struct asked *a)
{
    struct talk_reply reply;
    const struct talk_wait wait = {still, replace_body, ctx};
    sfsistat answer = SMFIS_TEMPFAIL;
    talk_hear(&a->talk, &reply, &wait);
    if (reply.code / 100 != 2)
        answer = asked_pass_on(ctx, &reply);
    else if (buf_char(&reply.lines, '\0'))
        answer = changes_follow(ctx, (char *)(uintptr_t)buf_slice(&reply.lines).ptr, a->tagged);
    talk_reply_free(&reply);
    return answer;
}

sfsistat content_on_end(SMFICTX *ctx)
{
    struct asked *a = asked_of(ctx);
    if (a->in_data && !a->in_body)
        content_on_end_of_fields(ctx);
    if (!a->text.line_start)
        milter_put_text(&a->text, &a->talk, "\r\n", 2);
    talk_put(&a->talk, ".\r\n", 3);
    sfsistat answer = conclude(ctx, a);
    asked_forget(a);
    return answer;
}
