/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "proxy/reader/reader.h"
#include "proxy/reader/reader_foreign.h"
#include "proxy/reader/reader_upstream.h"
#include "proxy/session/session_facts.h"

void reader_begins_login(struct session *base)
{
    reader_refer(reader_of(base));
}

void reader_session_facts(struct session *base, struct facts *facts)
{
    session_facts(base, facts);
    session_tls_facts(base, reader_of(base)->mail, facts);
}

void reader_record_login(struct session *base, struct slice reply, const struct verdict *rules)
{
    reader_record_refusal(reader_of(base), reply, rules);
}

bool reader_is_connected(const struct session *base)
{
    return ((const struct reader *)base)->upstream;
}

void reader_gives_up(struct session *base)
{
    struct reader *r = reader_of(base);
    reader_upstream_free(&r->upstream);
    r->protocol->forget(r);
}

struct slice reader_mailbox(struct reader *r)
{
    return reader_is_logged_in(r) ? r->mailbox : login_address(r->base.login);
}

void reader_facts(struct reader *r, struct slice user, struct facts *facts)
{
    reader_session_facts(&r->base, facts);
    login_facts(r->mail, user, r->mechanism, facts);
}

/* What was for the login alone is given back: an idle session holds little. */
bool reader_enters(struct reader *r)
{
    char address[46];
    r->login = arena_copy(r->base.arena, login_user(r->base.login));
    r->mailbox = arena_copy(r->base.arena, reader_mailbox(r));
    r->mechanism = r->base.login->mechanism;
    login_close(&r->base, LOGIN_SUCCEEDED);
    client_study_free(&r->base.study);
    stream_reads_secrets(r->base.stream, false);
    arena_release(r->mail);
    if (!r->login.ptr || !r->mailbox.ptr) {
        r->protocol->login->refuse(&r->base, LOGIN_NOT_NOW, SLICE("out of memory"));
        session_hang_up(&r->base);
        return false;
    }
    ip_text(&r->base.client, address);
    log_at(LEVEL_INFO, r->base.id, "login", field_str("client", address),
           field_text("user", r->login), field_str("mechanism", r->mechanism->fact),
           field_text("backend", r->backend->name));
    return true;
}

void reader_close(struct reader *r)
{
    reader_record_rest(r);
    if (r->base.login)
        login_close(&r->base, login_unanswered(r->base.login));
    reader_upstream_free(&r->upstream);
    reader_foreign_free(r);
    arena_free(&r->mail);
}
