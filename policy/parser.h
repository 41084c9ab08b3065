/* SPDX-License-Identifier: ISC
 * What all sentences share: looking at the next token, taking it, saying what was expected, and
 * starting again after a mistake. A function that returns false has reported an error; the sentence
 * is then given up. */
#ifndef POLICY_PARSER_H
#define POLICY_PARSER_H

#include "policy/config.h"
#include "policy/lexer.h"
#include "policy/name_index.h"
#include "policy/names.h"

struct syntax_named;
struct syntax_rule;
struct syntax_test;

struct named_table {
    struct token name; /* TOKEN_END for one without a name */
    struct table *table;
    bool used;
    struct value *members; /* its entries, where a condition goes through them */
    size_t member_count;
};

/* Names in a `domain` block, which may stand before what they name. */
struct domain_names {
    struct token at, backend, recipients; /* TOKEN_END: not given */
    struct domain_name name;              /* of at, without "*." */
    struct table *own;                    /* recipients { ... } or from file */
    int64_t held_age;
    uint64_t held_size;
};

/* Names in a `listen` block, which may stand before what they name. */
struct route_names {
    struct token server_name, users, backend; /* TOKEN_END: not given */
    struct table *own;                        /* users { ... } or from file */
};
struct hiding_names {
    struct span at;
    struct token from; /* TOKEN_END: a table without a name */
    struct table *own;
};
struct destination_names {
    struct span at;
    struct token networks, backend; /* networks: TOKEN_END: a table without a name, */
    struct table *own;              /* this one */
};

struct listener_names {
    struct span at;
    struct token word, backend;
    bool has_direction, has_banner;
    struct token relay, trusted; /* TOKEN_END: none, or a table without a name */
    struct table *trusted_own;
    struct token balancers; /* the same */
    struct table *balancers_own;
    struct span senders_at;
    struct token senders; /* the same */
    struct table *senders_own;
    bool allow_cleartext;
    struct span login_by;         /* where it stands, if logins are checked by IMAP */
    struct hiding_names *hidings; /* as many as the listener's */
    struct route_names *routes;   /* as many as the listener's */
    struct destination_names *destinations;
    struct span foreign_tls; /* where it stands */
};

/* Where a `backend` block says what it says. */
struct backend_places {
    struct span name, profile; /* profile: where it is given */
};

/* Tables of the `impersonation` block, which may stand before those that they name. */
enum impersonation_table {
    TABLE_PARTNERS,
    TABLE_BRANDS,
    TABLE_PEOPLE,
    TABLE_FREEMAIL,
    IMPERSONATION_TABLES
};
struct impersonation_tables {
    struct token names[IMPERSONATION_TABLES]; /* TOKEN_END: none, or a table without a name */
    struct table *tables[IMPERSONATION_TABLES];
};

/* Tables of the `learn` block, likewise. */
enum teachers_table {
    TABLE_TRAPS,
    TABLE_SPAM_REPORTS,
    TABLE_GOOD_REPORTS,
    TABLE_REPORTERS,
    TEACHERS_TABLES
};
struct teachers_tables {
    struct token names[TEACHERS_TABLES]; /* the word's place, or a table's name; empty: none */
    struct table *tables[TEACHERS_TABLES];
};

enum { INCLUDE_DEPTH_MAX = 16 };

struct parser {
    struct sources *sources;
    struct config *config;
    struct lexer lexer;
    struct token token;    /* the next one */
    struct token previous; /* the one before it */
    bool incomplete;       /* some sentences could not be read */
    struct slice *lost;    /* what they may have defined */
    size_t lost_count;
    bool lost_any;         /* and what is in files that could not be read */
    unsigned depth, links; /* of the condition that is being read */
    unsigned include_depth;
    uint16_t include_path[INCLUDE_DEPTH_MAX]; /* files that are open */
    /* what is looked up when all has been read */
    struct span sentinel_at; /* the first redis { sentinel ... } */
    struct named_table **tables;
    size_t table_count;
    struct name_index table_names, condition_names, rule_names; /* by their indices */
    struct domain_names *domain_names;
    struct listener_names *listener_names;
    struct backend_places *backend_places;
    struct token *settings_given; /* the value of each setting that was given */
    /* A table's name; TOKEN_END: none, or a table without a name. */
    struct token greylist_exempt, bare_newlines_from, unshared;
    struct token reload_automatic; /* its word; TOKEN_END: not given */
    struct syntax_named *named;    /* conditions */
    size_t named_count;
    struct impersonation_tables impersonation;
    struct teachers_tables teachers;
    struct syntax_rule *rules;
    size_t rule_count;
    struct syntax_test *tests;
    size_t test_count;
    void *larger; /* see PARSER_PUSH */
};

void parser_next(struct parser *parser);

/* A place in the text, to come back to after something else was read. */
struct parser_mark {
    struct lexer lexer;
    struct token token, previous;
};
struct parser_mark parser_mark(const struct parser *parser);
void parser_return(struct parser *parser, const struct parser_mark *mark);

bool at_word(const struct parser *parser, const char *word);
bool at_punct(const struct parser *parser, char c);
bool at_kind(const struct parser *parser, enum token_kind kind);
bool accept_word(struct parser *parser, const char *word);
bool accept_punct(struct parser *parser, char c);

/* "expected WHAT, found ..." at the next token; always false. */
bool fail_expected(struct parser *parser, const char *what);

/* "unknown KIND 'word'; did you mean 'near'?" at `token`,
 * `near` taken from what was offered; always false. */
bool fail_unknown(struct parser *parser, const struct token *token, const char *kind,
                  const struct nearest *near);

/* A sentence that begins there cannot be read: what it may have defined is not missed. */
void lose_sentence(struct parser *parser, uint32_t from);
bool may_be_lost(const struct parser *parser, struct slice name);

/* fail_unknown of what a sentence may have defined; nothing is said of what may be lost. */
bool fail_missing(struct parser *parser, const struct token *token, const char *kind,
                  const struct nearest *near);

bool expect_word(struct parser *parser, const char *word);
bool expect_punct(struct parser *parser, char c);
bool expect_kind(struct parser *parser, enum token_kind kind, const char *what, struct token *out);
bool expect_string(struct parser *parser, const char *what, struct token *out);

/* A number without a fraction from low to high. */
bool expect_integer(struct parser *parser, int64_t low, int64_t high, const char *what,
                    int64_t *out);

/* One of the words of a NULL-terminated list; its index. */
bool expect_choice(struct parser *parser, const char *const *words, const char *kind,
                   unsigned *out);

/* { item item ... }: calls `item` at the first token of each until the closing brace; an item that
 * fails is skipped, and what follows it is read. */
bool parse_block(struct parser *parser, bool (*item)(struct parser *parser, void *ctx), void *ctx);

/* After a mistake: whether the next token begins an unindented line and a sentence, or is the end;
 * skips to such a one. */
bool may_restart(const struct parser *parser);
void parser_recover(struct parser *parser);

/* Room for one more in an array in the arena; see source_grow. NULL: memory; the array stays. */
#define PARSER_PUSH(parser, array, count)                                                          \
    (((parser)->larger = grown((parser), (array), (count), sizeof *(array))) != NULL               \
         ? ((array) = (parser)->larger, &(array)[(count)++])                                       \
         : NULL)
void *grown(struct parser *parser, void *array, size_t count, size_t size);

/* Sentences, each called after its first word has been taken. */
bool parse_listen(struct parser *parser);
bool parse_backend(struct parser *parser);
bool parse_domain(struct parser *parser);
bool parse_certificate(struct parser *parser);
bool parse_dkim(struct parser *parser);
bool parse_table(struct parser *parser);
bool parse_blocklist(struct parser *parser, bool allow);
bool parse_addresses(struct parser *parser);

/* Of a listener where users log in: backend, login_domain, mechanisms, server_name, users. */
enum login_option {
    LOGIN_BACKEND,
    LOGIN_DOMAIN,
    LOGIN_MECHANISMS,
    LOGIN_SERVER_NAME,
    LOGIN_USERS,
};
bool parse_login_option(struct parser *parser, enum login_option option, struct listener *listener,
                        struct listener_names *names);
void finish_logins(struct parser *parser, struct listener *listener,
                   const struct listener_names *names);
/* Users' passwords go to that server: whether they go in the clear. */
void check_passwords(struct parser *parser, const struct server *server);
/* The same of those that are asked by IMAP about who sends, whatever leads there. */
void check_login_servers(struct parser *parser);

/* What may follow the word outbound, and relay NAME, of a listener; `listener->direction` is the caller's. */
bool parse_outbound(struct parser *parser, struct listener_names *names);
bool parse_relay(struct parser *parser, struct listener_names *names);
/* Of listeners where users log in to send: senders TABLE, allow_cleartext, login_by imap | submission. */
bool parse_senders(struct parser *parser, struct listener *listener, struct listener_names *names);
bool parse_cleartext(struct parser *parser, const struct listener *listener,
                     struct listener_names *names);
bool parse_login_by(struct parser *parser, struct listener *listener, struct listener_names *names);
void finish_outbound(struct parser *parser, struct listener *listener,
                     const struct listener_names *names);

/* destination NETWORKS backend NAME, of a listener that is transparent. */
bool parse_destination(struct parser *parser, struct listener *listener,
                       struct listener_names *names);
/* foreign_tls pass | refuse, of such a listener. */
bool parse_foreign_tls(struct parser *parser, struct listener *listener,
                       struct listener_names *names);
void finish_transparent(struct parser *parser, struct listener *listener,
                        const struct listener_names *names);
/* Once all are read: whether only transparent listeners lead to servers that need them. */
void check_transparency(struct parser *parser);

/* hide "CHUNKING" from TABLE, of a listener. */
bool parse_hide(struct parser *parser, struct listener *listener, struct listener_names *names);
void finish_hidings(struct parser *parser, struct listener *listener,
                    const struct listener_names *names);

bool parse_settings(struct parser *parser, struct slice block);
bool parse_named_condition(struct parser *parser);
bool parse_rule(struct parser *parser, bool observe);
bool parse_test(struct parser *parser);

/* `{ "a" "b" }`, `from file "f"`, or the name of a table, which may stand further down. */
bool parse_table_choice(struct parser *parser, struct token *name, struct table **own);

/* The same behind "from", of which "from file" is a table too. */
bool parse_from_table(struct parser *parser, struct token *name, struct table **own);

/* The same where it may be given once: *name and *own are empty until it has been. */
bool parse_table_once(struct parser *parser, struct token *name, struct table **own);

/* The table that was chosen so, now that all are read; NULL: none, or reported. */
struct table *chosen_table(struct parser *parser, const struct token *name, struct table *own);

/* Everything in the source that was opened last, with what it includes. */
void parse_file(struct parser *parser);

/* Whether the next token is the first of a sentence. */
bool begins_sentence(const struct parser *parser);

bool is_settings_block(struct slice word);
void settings_standard(struct settings *settings);
void offer_settings_blocks(struct nearest *near);

/* "a" "b" ...: at least one, `what` each. NULL: reported. */
struct token *parse_names(struct parser *parser, const char *what, size_t *count);
/* "example.com", or "*.example.com": *below. False: reported. */
bool read_domain(struct parser *parser, const struct token *token, struct domain_name *name,
                 bool *below);

/* When all is read: names are looked up, doubles and what does not fit together is refused. */
void finish_domains(struct parser *parser);
/* Only looks names up, where not all could be read. */
void check_domain_names(struct parser *parser);
void check_listener_names(struct parser *parser);
void finish_listeners(struct parser *parser);
void finish_dkim(struct parser *parser);
void finish_backends(struct parser *parser);
void finish_settings_items(struct parser *parser);
void finish_zone(struct parser *parser); /* config_zone.c */
void finish_geo(struct parser *parser);  /* config_geo.c */

/* The value of a setting that was given; NULL: none, or an empty text. */
const struct token *setting_given(const struct parser *parser, const char *block, const char *word);
void finish_impersonation(struct parser *parser);
void finish_teachers(struct parser *parser); /* config_teachers.c */
/* Where a rule asks who a message pretends to be, and no table says who there is. */
void warn_of_nobody_known(struct parser *parser, enum fact fact, struct span at);

/* Of servers that take fewer connections from the gateway than it takes sessions for them. */
void warn_of_narrow_backends(struct parser *parser);

/* With ASCII letters made small; ptr NULL: out of memory. */
struct slice lower_copy(struct parser *parser, struct slice s);

/* The words that tell how mail is moved: first those of listeners and servers, then those of servers
 * alone, then those of listeners alone; `port` is the standard one. */
enum service {
    SERVICE_SMTP,
    SERVICE_SMTPS,
    SERVICE_SUBMISSION,
    SERVICE_SUBMISSIONS,
    SERVICE_POP3,
    SERVICE_POP3S,
    SERVICE_IMAP,
    SERVICE_IMAPS,
    SERVICES_COMMON,
    SERVICE_LMTP = SERVICES_COMMON,
    SERVICES_SERVED,
    SERVICE_MILTER = SERVICES_SERVED,
    SERVICES
};
struct service_info {
    const char *word;
    enum protocol protocol;
    bool implicit_tls, lmtp, submission;
    uint16_t port;
};
struct service_info service_info(enum service service);
/* Whether users log in there to read their mail. */
bool protocol_reads(enum protocol protocol);

/* The backend of that name. NULL: there is none, and that is reported. */
const struct backend *find_backend(struct parser *parser, const struct token *name);

/* "10.0.0.5:25", "[2001:db8::5]:25", "10.0.0.5" with a standard port. */
bool parse_endpoint(struct parser *parser, const struct token *token, uint16_t standard,
                    struct ip *ip, uint16_t *port);

#endif
