/* SPDX-License-Identifier: ISC
 * Telling the server whose a connection is (`client_by`): by a PROXY header before anything else, which holds for good,
 * or by XCLIENT before its first job, and when more is known of the client. */
#include "proxy/smtp/smtp_upstream_internal.h"
#include "proxy/upstream/proxy_introduction.h"

#include <stdio.h>
#include <string.h>

/* ---- PROXY ---- */

static struct told_client owner_client(const struct smtp_upstream *c)
{
    struct told_client nobody = {.port = 0};
    return c->callbacks->whose ? c->callbacks->whose(c->owner) : nobody;
}

void smtp_upstream_introduce(struct smtp_upstream *c)
{
    char header[PROXY_INTRODUCTION_MAX];
    struct told_client client;
    if (!server_is_introduced(c->conf))
        return;
    client = owner_client(c);
    size_t len = proxy_introduction(&client, server_stays_plain(c->conf), header);
    stream_write(c->stream, (struct slice){header, len});
    stream_flush_whole(c->stream);
}

/* ---- XCLIENT ---- */

static void not_told(struct smtp_upstream *c, const char *why)
{
    upstream_server_not_told(c->setup.server, why);
    c->tells_not = true;
}

/* Servers take what EHLO says for the client's, whatever XCLIENT has told. */
static void learn_helo(struct smtp_upstream *c, struct slice helo)
{
    bool may_be_said = helo.len > 0;
    for (size_t i = 0; i < helo.len; i++)
        may_be_said = may_be_said && helo.ptr[i] > ' ' && helo.ptr[i] < 0x7f;
    if (!may_be_said || !slice_to_text(helo, c->helo, sizeof c->helo))
        *c->helo = '\0';
}

static bool say(struct smtp_upstream *c, const struct told_client *client)
{
    smtp_xclient_line(client, c->can.xclient, c->telling);
    if (strcmp(c->telling, c->told) == 0)
        return false;
    learn_helo(c, client->helo);
    c->state = UPSTREAM_TELLING;
    smtp_upstream_say(c, c->telling);
    return true;
}

static bool tell(struct smtp_upstream *c, const struct told_client *client)
{
    if (c->conf->client_by != CLIENT_BY_XCLIENT || c->tells_not || client->ip.family == 0)
        return false;
    if (c->can.xclient)
        return say(c, client);
    if (!*c->told) /* else it does not let the client that it takes us for tell it more */
        not_told(c, "it does not offer XCLIENT");
    return false;
}

bool smtp_upstream_tell_job(struct smtp_upstream *c)
{
    return c->job->client && !c->setup.passes_login && tell(c, c->job->client);
}

bool smtp_upstream_tell_owner(struct smtp_upstream *c)
{
    const struct told_client client = owner_client(c);
    return !*c->told && tell(c, &client);
}

static void go_on(struct smtp_upstream *c)
{
    if (c->job)
        smtp_upstream_begin_envelope(c);
    else
        smtp_upstream_await_login(c);
}

/* What goes on is the mail: how the server is told is not the sender's matter. */
static void refused(struct smtp_upstream *c, const struct smtp_reply *reply)
{
    char why[64];
    snprintf(why, sizeof why, "it answers XCLIENT with %u %.*s", reply->code,
             reply->enhanced.len < 16 ? (int)reply->enhanced.len : 0, reply->enhanced.ptr);
    not_told(c, why);
    go_on(c);
}

void smtp_upstream_got_told(struct smtp_upstream *c, const struct smtp_reply *reply)
{
    if (c->behind || reply->code == 421) {
        smtp_upstream_failed(c, c->behind ? "reply without a command" : "421 from the server");
    } else if (reply->code / 100 == 2) {
        memcpy(c->told, c->telling, sizeof c->told);
        upstream_server_told(c->setup.server);
        smtp_upstream_ehlo(c);
    } else {
        refused(c, reply);
    }
}
