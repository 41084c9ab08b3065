/* SPDX-License-Identifier: ISC */
#include "proxy/reader/reader_upstream.h"

#include "proxy/session/session_told.h"
#include "proxy/upstream/proxy_introduction.h"

static const struct settings *settings_of(const struct reader_upstream *c)
{
    return &c->setup.session->proxy->config->settings;
}

static const struct server *conf_of(const struct reader_upstream *c)
{
    return upstream_server_conf(c->server);
}

static void await(struct reader_upstream *c, enum upstream_step step)
{
    c->step = step;
    reader_upstream_expect(c, settings_of(c)->timeouts_backend);
}

static void say(struct reader_upstream *c, enum upstream_step step, const char *line)
{
    reader_upstream_send(c, slice_of(line));
    await(c, step);
}

/* ---- ready ---- */

static void be_ready(struct reader_upstream *c)
{
    c->step = STEP_READY;
    reader_upstream_expect(c, 0);
    upstream_server_answered(c->server);
    c->setup.hears->ready(c->setup.owner);
}

/* A Dovecot that trusts us then counts, logs and judges by the client's address instead of ours. */
static void become_ready(struct reader_upstream *c)
{
    char line[INTRODUCTION_MAX], address[46];
    if (!c->takes_client || server_is_introduced(conf_of(c))) {
        be_ready(c);
        return;
    }
    ip_text(&c->setup.session->client, address);
    c->setup.dialect->introduce(line, address, c->setup.session->client_port);
    say(c, STEP_INTRODUCED, line);
}

/* ---- TLS ---- */

/* What came in plaintext behind the answer is thrown away (stream_secure). */
static void begin_tls(struct reader_upstream *c)
{
    SSL *ssl = upstream_server_tls(c->server, &c->way);
    if (!ssl) {
        reader_upstream_fail(c, "out of memory for TLS");
        return;
    }
    c->step = STEP_HANDSHAKE;
    stream_secure(c->stream, ssl);
    stream_deadline(c->stream, settings_of(c)->timeouts_connect);
}

static bool wants_tls(const struct reader_upstream *c)
{
    enum backend_tls tls = conf_of(c)->tls;
    return !c->secured && tls != BACKEND_TLS_NONE &&
           !(tls == BACKEND_TLS_OPPORTUNISTIC && upstream_server_without_tls(c->server, &c->way));
}

/* By a PROXY header, which stands before all else. */
static void introduce(struct reader_upstream *c)
{
    char header[PROXY_INTRODUCTION_MAX];
    const struct told_client client = session_told_client(c->setup.session);
    size_t len = proxy_introduction(&client, server_stays_plain(conf_of(c)), header);
    reader_upstream_send(c, (struct slice){header, len});
}

void reader_ready_connected(struct reader_upstream *c)
{
    if (server_is_introduced(conf_of(c)))
        introduce(c);
    if (conf_of(c)->implicit_tls)
        begin_tls(c);
    else
        await(c, STEP_GREETING);
}

void reader_ready_secured(struct reader_upstream *c)
{
    c->secured = true;
    if (conf_of(c)->implicit_tls)
        await(c, STEP_GREETING);
    else
        become_ready(c);
}

/* ---- what it says ---- */

static void learn(struct reader_upstream *c, struct slice greeting)
{
    const char *word = c->setup.dialect->takes_client;
    bool takes = !word || slice_search(greeting, slice_of(word)) < greeting.len;
    c->profile = upstream_server_profile(c->server, greeting, takes);
    c->takes_client = takes && c->profile == PROFILE_DOVECOT;
}

static void greeted(struct reader_upstream *c, const struct upstream_answer *answer)
{
    if (answer->said != SAID_YES) {
        c->turned_away = true;
        reader_upstream_fail(c, answer->why ? answer->why : "refused by its greeting");
        return;
    }
    learn(c, answer->text);
    if (wants_tls(c))
        say(c, STEP_UPGRADE, c->setup.dialect->upgrade);
    else
        become_ready(c);
}

static void answered_upgrade(struct reader_upstream *c, bool yes)
{
    if (yes)
        begin_tls(c);
    else if (conf_of(c)->tls == BACKEND_TLS_OPPORTUNISTIC)
        become_ready(c);
    else
        reader_upstream_fail(c, c->setup.dialect->not_upgraded);
}

static void heard(struct reader_upstream *c, const struct upstream_answer *answer)
{
    if (answer->said == SAID_NONSENSE)
        reader_upstream_out_of_step(c, answer->why);
    else if (c->step == STEP_GREETING)
        greeted(c, answer);
    else if (answer->said == SAID_GOODBYE)
        reader_upstream_fail(c, answer->why);
    else if (answer->said == SAID_NOTHING)
        return;
    else if (c->step == STEP_UPGRADE)
        answered_upgrade(c, answer->said == SAID_YES);
    else
        be_ready(c); /* if it would not hear it, it has our address */
}

size_t reader_ready_take(struct reader_upstream *c, struct slice bytes)
{
    struct upstream_answer answer = {.said = SAID_NOTHING};
    size_t used = c->setup.dialect->answer(c, bytes, &answer);
    if (used)
        heard(c, &answer);
    return used;
}
