/* SPDX-License-Identifier: ISC
 * listen smtp "out" on "10.0.0.1:2525" {
 *   outbound from { "10.0.0.5" "10.0.1.0/24" }
 *   relay smarthost
 * }
 * listen submission on "0.0.0.0:587" {
 *   starttls  backend exchange  senders { "sales@example.com" -> "ann, joe" }  allow_cleartext
 *   login_by imap  relay smarthost
 * }
 * At a milter's listener the mail server says who may send; the relay there is for what is released. */
#include "policy/pairs.h"
#include "policy/parser.h"
#include "policy/table.h"
#include "policy/table_entries.h"

/* ---- read ---- */

bool parse_outbound(struct parser *parser, struct listener_names *names)
{
    return !at_word(parser, "from") ||
           parse_from_table(parser, &names->trusted, &names->trusted_own);
}

bool parse_relay(struct parser *parser, struct listener_names *names)
{
    return expect_kind(parser, TOKEN_WORD, "the name of a backend", &names->relay);
}

static void check_is_for_senders(struct parser *parser, const struct listener *listener)
{
    if (!listener->submission)
        source_error(parser->sources, parser->previous.at,
                     "'%.*s' is for listeners where users log in to send, such as submission",
                     SHOWN(parser->previous.text));
}

bool parse_senders(struct parser *parser, struct listener *listener, struct listener_names *names)
{
    names->senders_at = parser->previous.at;
    check_is_for_senders(parser, listener);
    return parse_table_choice(parser, &names->senders, &names->senders_own);
}

bool parse_cleartext(struct parser *parser, const struct listener *listener,
                     struct listener_names *names)
{
    names->allow_cleartext = true;
    check_is_for_senders(parser, listener);
    return true;
}

bool parse_login_by(struct parser *parser, struct listener *listener, struct listener_names *names)
{
    enum { BY_SUBMISSION, BY_IMAP };
    static const char *const words[] = {[BY_SUBMISSION] = "submission", [BY_IMAP] = "imap", NULL};
    unsigned word;
    check_is_for_senders(parser, listener);
    if (!expect_choice(parser, words, "way to ask who logs in (submission, imap)", &word))
        return false;
    listener->login_by_imap = listener->submission && word == BY_IMAP;
    names->login_by = parser->previous.at;
    return true;
}

/* ---- looked up ---- */

static bool names_logins(const struct table *table)
{
    const struct type *type = pairs_type(table);
    return type && type->kind == TYPE_TEXT;
}

static void check_servers(struct parser *parser, const struct backend *relay,
                          const struct token *name)
{
    if (!backend_relays(relay))
        source_error(
            parser->sources, name->at,
            "mail for anywhere leaves by SMTP; expected a backend with smtp servers alone");
}

static void find_relay(struct parser *parser, struct listener *listener,
                       const struct listener_names *names)
{
    listener->relay = find_backend(parser, &names->relay);
    if (listener->relay)
        check_servers(parser, listener->relay, &names->relay);
}

static void find_trusted(struct parser *parser, struct listener *listener,
                         const struct listener_names *names)
{
    struct table *table = chosen_table(parser, &names->trusted, names->trusted_own);
    if (!table || !table_take_networks(parser->sources, table, names->at))
        return;
    if (table_holds_all(table))
        source_error(parser->sources, names->at,
                     "everybody could send to anywhere through here; expected the networks of your "
                     "own servers");
    listener->trusted = table;
}

/* Those who log in may send; their mail goes by the relay, or where they have logged in. */
static void finish_submission(struct parser *parser, struct listener *listener,
                              const struct listener_names *names)
{
    listener->direction = DIRECTION_OUTBOUND;
    listener->require_tls = !names->allow_cleartext;
    listener->senders = chosen_table(parser, &names->senders, names->senders_own);
    if (listener->senders && !names_logins(listener->senders))
        source_error(
            parser->sources, names->senders_at,
            "expected who may send as whom: senders { \"sales@example.com\" -> \"ann, joe\" }");
    if (!listener->starttls && !listener->implicit_tls && listener->require_tls)
        source_error(parser->sources, names->at,
                     "passwords would go in the clear; expected { starttls }, or the word "
                     "submissions");
    if (listener->login_by_imap && names->relay.kind == TOKEN_END)
        source_error(parser->sources, names->login_by,
                     "an IMAP server takes no mail, so nothing says by which way it leaves; "
                     "expected 'relay NAME' beside it, the name of a backend");
}

void finish_outbound(struct parser *parser, struct listener *listener,
                     const struct listener_names *names)
{
    bool trusts = names->trusted_own || names->trusted.kind != TOKEN_END;
    bool relays = names->relay.kind != TOKEN_END;
    bool asked = listener->protocol == PROTOCOL_MILTER;
    if (listener->submission)
        finish_submission(parser, listener, names);
    else if (relays && listener->direction != DIRECTION_OUTBOUND)
        source_error(parser->sources, names->relay.at,
                     "a relay is for mail that leaves; expected 'outbound from { \"10.0.0.5\" }' "
                     "beside it");
    else if (asked && trusts)
        source_error(parser->sources, names->at,
                     "who may send is for the mail server to say that asks here; expected "
                     "'outbound' without 'from'");
    else if (asked && listener->direction == DIRECTION_OUTBOUND && !relays)
        source_error(parser->sources, names->at,
                     "what is held on its way out could never leave; expected 'relay NAME' behind "
                     "'outbound'");
    else if (relays && !trusts && !asked)
        source_error(parser->sources, names->relay.at,
                     "nobody may send through here; expected who does: outbound from { "
                     "\"10.0.0.5\" }");
    else if (trusts && !relays)
        source_error(parser->sources, names->at,
                     "nothing says by which way mail leaves; expected 'relay NAME', the name of a "
                     "backend");
    if (relays)
        find_relay(parser, listener, names);
    if (trusts)
        find_trusted(parser, listener, names);
}
