/* SPDX-License-Identifier: ISC
 * A whole configuration, checked: what every process works by. Immutable once loaded, all in one
 * arena. The texts come through a loader, so that the parent reads files and the jailed processes
 * read what the parent read. */
#ifndef POLICY_CONFIG_H
#define POLICY_CONFIG_H

#include "base/domain_name.h"
#include "base/mmdb.h"
#include "base/zone.h"
#include "policy/policy.h"
#include "policy/source.h"

struct token;
struct table; /* a named set of texts, domains, addresses or networks */

enum login_mechanism {
#define MECHANISM(id, name) MECHANISM_##id,
#include "policy/mechanisms.def"
#undef MECHANISM
    MECHANISMS
};
const char *mechanism_name(enum login_mechanism mechanism);

/* server_name "pop.b.example" backend b   users vips backend c: who logs in elsewhere than at the
 * listener's own backend. */
struct login_route {
    struct slice server_name;  /* as SNI says it, lower case; empty: any */
    const struct table *users; /* NULL: whoever */
    const struct backend *backend;
};

/* foreign_tls pass: TLS that we could not end, as no certificate of ours is for the server that the client wants. */
enum foreign_tls { FOREIGN_TLS_UNSAID, FOREIGN_TLS_REFUSE, FOREIGN_TLS_PASS };

/* destination "10.0.0.5" backend b: who wanted to go there is led to b. */
struct destination {
    const struct table *networks;
    const struct backend *backend;
};

/* Words of EHLO that can be hidden; the bit of one is 1 << KEYWORD_x. */
enum keyword {
#define KEYWORD(id, word) KEYWORD_##id,
#include "policy/keywords.def"
#undef KEYWORD
    KEYWORDS
};
const char *keyword_word(enum keyword keyword);

/* hide "CHUNKING" "DSN" from old_scanners: who is not offered them. */
struct hiding {
    unsigned keywords; /* bits */
    const struct table *from;
};

/* listen smtp "name" on "0.0.0.0:25" { starttls }   listen smtps on "[::]:465"
 * listen smtp "out" on "10.0.0.1:2525" { outbound from { "10.0.0.5" }  relay smarthost }
 * listen pop3 on "0.0.0.0:110" { starttls  require_tls  backend exchange }
 * listen imap on "[::]:10143" { transparent  starttls  backend exchange } */
struct listener {
    struct slice name; /* the protocol's word when not given */
    enum protocol protocol;
    bool implicit_tls;    /* "smtps" instead of "smtp" */
    bool submission;      /* "submission" instead of "smtp": users log in, to send (RFC 6409) */
    struct slice address; /* "0.0.0.0:25" */
    struct ip ip;
    uint16_t port;
    struct slice path; /* of a milter's local socket, with neither of those; else empty */
    bool ipv6_only;    /* said of "::" */
    bool takes_ipv4;   /* "::", and no listener has this port with an IPv4 address */
    bool starttls;     /* offer it; never with implicit TLS */
    bool require_tls;  /* refuse MAIL, or logins, before it */
    bool
        transparent; /* clients are led here on their way to a server (TPROXY): the address that they
                        * have reached is that server's */
    struct destination *destinations; /* by that address; only where it is transparent */
    size_t destination_count;
    enum foreign_tls foreign_tls; /* only where it is transparent and has no starttls */
    enum direction direction;
    const struct table
        *balancers; /* who says whose each connection is (PROXY protocol); NULL: nobody */
    const struct table *trusted; /* who may send to anywhere from here; NULL: nobody */
    const struct backend *relay; /* where all that comes in here goes; NULL: by its domain, or, of
                                  * submission, where its sender has logged in */
    const struct table *senders; /* pairs: who else may send as whom; NULL: nobody */
    struct slice banner;         /* text after 220 and the host name; default "ESMTP" */
    struct span at;              /* its address */
    struct slice file;           /* where it stands */
    unsigned line;
    struct hiding *hidings; /* each SMTP client may be in several */
    size_t hiding_count;
    /* Where users log in: */
    const struct backend *backend; /* of users whom nothing else sends elsewhere; NULL: nowhere */
    bool login_by_imap;            /* whether who sends is right is asked by IMAP; he has a relay */
    struct slice login_domain;     /* of users who log in without one; empty: none */
    unsigned mechanisms;           /* a bit for each that clients are offered */
    struct login_route *routes;
    size_t route_count;
};

enum backend_tls {
    BACKEND_TLS_NONE,
    BACKEND_TLS_OPPORTUNISTIC,
    BACKEND_TLS_REQUIRED,
    BACKEND_TLS_VERIFY
};

/* smtp "10.0.0.5:25" tls opportunistic priority 10
 * smtp "192.0.2.25:587" tls verify "smart.example" login "gatepost" password_file "relay.password" */
/* How a server is told whose connection it is. */
enum client_by { CLIENT_BY_NOTHING, CLIENT_BY_XCLIENT, CLIENT_BY_PROXY_PROTOCOL };

struct server {
    /* As written: "10.0.0.5:25" or "[2001:db8::5]:25";
     * addresses only, names are resolved by nobody here. */
    struct slice address;
    struct ip ip;
    uint16_t port;
    enum protocol protocol;
    bool implicit_tls; /* "smtps" instead of "smtp" */
    bool lmtp;         /* "lmtp" instead of "smtp": RFC 2033 */
    bool submission;   /* "submission" instead of "smtp": users log in there themselves */
    enum backend_tls tls;
    /* tls verify "exchange.example.com": the name its certificate must bear */
    struct slice tls_name;
    unsigned priority;       /* lower first; equal ones share by least in use */
    struct slice login_user; /* as whom we log in; empty: we do not */
    struct slice login_password_file;
    bool original; /* it is where the client wanted to go; without an address of its own */
    enum client_by client_by;
    struct span at, login_at, client_by_at; /* its address; its login; how it is told of clients */
};

/* The password in what a password file holds: one line, whose end does not count. False: it is none. */
enum { SERVER_PASSWORD_MAX = 1024 };
bool server_password(struct slice *content);

/* Connections to it begin with a PROXY header. */
static inline bool server_is_introduced(const struct server *server)
{
    return server->client_by == CLIENT_BY_PROXY_PROTOCOL;
}

/* No TLS is spoken to it. */
static inline bool server_stays_plain(const struct server *server)
{
    return server->tls == BACKEND_TLS_NONE && !server->implicit_tls;
}

/* What holds the mailboxes. */
enum server_profile {
#define PROFILE(id, ...) PROFILE_##id,
#include "policy/profiles.def"
#undef PROFILE
    PROFILES
};
const char *profile_word(enum server_profile profile);

/* backend exchange { smtp ...  connections 10  recipient_check on  source "10.0.0.1" }
 * backend anywhere { smtp original  imap original  source client } */
struct backend {
    struct slice name;
    struct server *servers;
    size_t server_count;
    unsigned connections; /* most at once to one server, over all proxies */
    bool has_connections; /* that was said */
    bool recipient_check; /* ask it live at RCPT */
    bool probe;           /* at start, try a random recipient and warn when it is accepted */
    bool has_profile;     /* else its greeting tells */
    enum server_profile profile;
    bool has_source;
    struct ip source;      /* local address to connect from */
    bool source_client;    /* connections to it come from their clients' own addresses */
    struct span source_at; /* where that stands, or the first server without an address */
};

/* domain "example.com" { backend exchange  recipients from file "users.txt" };
 * "*.example.com" takes subdomains */
struct domain {
    struct domain_name name; /* without "*." */
    bool subdomains;
    const struct backend *backend;
    const struct table *recipients; /* NULL: any local part (the backend is asked) */
    int64_t held_age;               /* milliseconds that its mail is held; 0: as all */
    uint64_t held_size;             /* octets that it may have held; 0: any number */
};

/* quarantine { policy { "spam" helpdesk } }: who may release what is held under that word. */
struct held_policy {
    struct slice why;
    bool helpdesk; /* and admins; else admins alone, as for what is not listed */
};

/* certificate "mail.example.com" { chain "mail.pem"  key "mail.key" }: names, "*.x" allowed; the
 * first is the default */
struct certificate {
    struct slice *names;
    size_t name_count;
    struct slice chain_path, key_path; /* resolved against the configuration file's folder */
    struct span *names_at, chain_at, key_at;
};

/* dkim "example.com" "*.example.org" { selector "2026a" key "2026a.pem"  selector ... }: mail that
 * leaves is signed for the domain in From; for what lies below one as that domain. */
struct signing_key {
    struct slice selector; /* A-labels, lower case */
    struct slice path;     /* resolved against the folder of the file that names it */
    struct span selector_at, path_at;
};
struct signing_domain {
    struct domain_name name; /* without "*." */
    bool subdomains;
    struct span at;
    size_t first, count; /* of config.signing_keys */
};

enum { SIGNING_KEYS_MAX = 8 /* of one domain */ };

/* blocklist "zen.example" { "127.0.0.2".."127.0.0.11" weight 5 }   allowlist ... { ... }
 * blocklist domain "dbl.example" { ... }
 * An answer lies in a range when each of its four numbers does: "127.0.2.3".."127.0.20.3" are
 * those that end with 3. */
struct blocklist_code {
    struct ip low, high; /* IPv4, in 127.0.0.0/8 */
    uint8_t bits;        /* of the last octet, one of which must be set; 0: any */
    double weight;
};

enum { BLOCKLISTS_MAX = 64 };
enum {
    MILTER_LISTENERS_MAX = 16,
    LISTENERS_MAX = 256 /* sockets of them: "[::]" with IPv4 has two */
};

struct blocklist {
    struct slice zone; /* lower case */
    bool domains;      /* of domains, not of addresses */
    bool allow;        /* weights count against */
    struct blocklist_code *codes;
    size_t code_count;
    /* Names below the zone that must and must not be listed; standard: RFC 5782 5. */
    struct slice test_listed, test_unlisted;
};

/* resolver { forward "192.0.2.53" "[2001:db8::53]:53"  stub "example.com" "192.0.2.54:5353" } */
struct name_server {
    struct slice zone; /* of a stub; empty: a forwarder */
    struct ip ip;
    uint16_t port;
};

/* redis { sentinel "192.0.2.7:26379" "192.0.2.8:26379" } */
struct redis_sentinel {
    struct ip ip;
    uint16_t port;
};

enum { REDIS_SENTINELS_MAX = 16 };

/* The blocks `limits`, `timeouts`, `tls`, `antivirus`, `scan`, `log`, `process`: every row of
 * settings.def is a member. Sizes in bytes, durations in milliseconds. */
struct settings {
#define SETTING_NUMBER(block, word, standard, low, high, doc) unsigned block##_##word;
#define SETTING_SIZE(block, word, standard, low, high, doc) uint64_t block##_##word;
#define SETTING_DURATION(block, word, standard, low, high, doc) int64_t block##_##word;
#define SETTING_BOOL(block, word, standard, doc) bool block##_##word;
#define SETTING_TEXT(block, word, standard, doc) struct slice block##_##word;
#define SETTING_PATH(block, word, standard, doc) struct slice block##_##word;
#include "policy/settings.def"
#undef SETTING_NUMBER
#undef SETTING_SIZE
#undef SETTING_DURATION
#undef SETTING_BOOL
#undef SETTING_TEXT
#undef SETTING_PATH
};

/* impersonation { people TABLE }: Anna Example <anna@example.com> */
struct person {
    struct slice name;    /* as it was written */
    struct slice address; /* in its one spelling */
};

/* impersonation { partners TABLE  brands TABLE  people TABLE  freemail TABLE }: whom others might
 * pass for. In the order of the tables. */
struct impersonation {
    struct domain_name *partners, *brands; /* without "*." */
    size_t partner_count, brand_count;
    struct person *people;
    size_t person_count;
    struct table *freemail; /* domains; NULL: none */
};

enum { IMPERSONATION_MAX = 1000 }; /* entries of partners, brands or people */

/* learn { trap TABLE  report_spam TABLE  report_good TABLE  report_from TABLE }: whose mail is learnt
 * from and delivered to nobody. NULL: there are none. */
struct teachers {
    struct table *traps, *spam_reports, *good_reports; /* addresses */
    struct table *reporters;                           /* networks that reports are taken from */
};

/* What mail to an address teaches. */
enum teaching { TEACHES_NOTHING, TEACHES_TRAP, TEACHES_SPAM, TEACHES_GOOD };

/* reload { automatic certificates }: which changed files are taken up by themselves. */
enum automatic_reload { RELOAD_ON, RELOAD_CERTIFICATES, RELOAD_OFF };

struct config {
    struct arena *arena; /* owns everything here */
    /* hostname "mx.example.com": banner, EHLO, Received; given by the loader when not set */
    struct slice hostname;
    struct settings settings;
    struct listener *listeners;
    size_t listener_count;
    struct backend *backends;
    size_t backend_count;
    struct domain *domains;
    size_t domain_count;
    struct certificate *certificates;
    size_t certificate_count;
    struct signing_key *signing_keys;
    size_t signing_key_count;
    struct signing_domain *signing_domains; /* sorted */
    size_t signing_domain_count;
    struct blocklist *blocklists;
    size_t blocklist_count;
    struct ip *addresses; /* addresses "192.0.2.1" "2001:db8::1": ours, as the Internet sees us */
    size_t address_count;
    struct name_server *name_servers;
    size_t name_server_count;
    struct redis_sentinel *redis_sentinels;
    size_t redis_sentinel_count;
    struct held_policy *held_policy; /* quarantine { policy { ... } } */
    size_t held_policy_count;
    struct zone zone;                 /* settings.time_zone */
    struct mmdb *geo_country;         /* settings.geo_country, NULL: none */
    struct mmdb *geo_asn;             /* settings.geo_asn, NULL: none */
    struct table *greylist_exempt;    /* greylist { exempt TABLE }: recipients; NULL: none */
    struct table *bare_newlines_from; /* smtp { bare_newlines_from TABLE }: networks; NULL: none */
    struct table *unshared;           /* limits { unshared TABLE }: networks; NULL: private ones */
    struct impersonation impersonation;
    struct teachers teachers;
    enum automatic_reload reload_automatic;
    struct policy *policy;
    const struct sources *sources;      /* what it was read from: see place.h */
    const struct token *settings_given; /* the value of each row of settings.def; NULL: none */
};

/* Gives the bytes of a file by the path that the configuration names
 * (already joined with the folder of the file that names it).
 * The slice must live as long as the config. False: *reason says why. */
struct loader {
    bool (*read)(void *ctx, struct slice path, struct slice *content, const char **reason);
    void *ctx;
    /* The same of a file of any size, which is looked into and not read. NULL: as `read`. */
    bool (*map)(void *ctx, struct slice path, struct slice *content, const char **reason);
    /* The same of a table's file, of up to TABLE_FILE_MAX. NULL: as `read`. */
    bool (*table)(void *ctx, struct slice path, struct slice *content, const char **reason);
    const struct table_guard *guard; /* NULL: nothing was served before */
    /* The index of a text that `table` gave, up to its end (policy/table_file.h). NULL, false: there
     * is none. */
    bool (*index)(void *ctx, struct slice text, struct slice *index);
    /* Keeps a copy of such an index with the text, which has none yet; *index is the copy. NULL: it
     * keeps none. False: memory. */
    bool (*keep_index)(void *ctx, struct slice text, struct slice made, struct slice *index);
    bool checked; /* whoever made the indices has loaded all of this without an error */
};

enum {
    TABLE_FILE_MAX = 256 * 1024 * 1024,
    TABLE_FILE_LARGE = 256 * 1024, /* octets; what is larger is worth a memfd of its own */
};

/* A table whose file has lost most of what it had. */
struct shrunk_table {
    struct slice name; /* the path, where it has none */
    struct slice path;
    size_t before, now; /* entries */
};

/* Whoever knows what was served before may have it served on. */
struct table_guard {
    void *ctx;
    /* What was in this file then. False: unknown. */
    bool (*former)(void *ctx, struct slice path, struct slice *content);
    /* True: from now on the loader gives the former content of table->path. */
    bool (*keeps)(void *ctx, const struct shrunk_table *table);
};

/* Loads and checks `path`. NULL when there are errors: *report says why, printable, several a run,
 * with "did you mean" where that helps, each
 *
 *     FILE:LINE:COL: error: what, expected what
 *         the line
 *         ^
 *
 * Warnings go there as well. `hostname` is used when the file names none. */
struct config *config_load(struct slice path, const struct loader *loader, struct slice hostname,
                           struct buf *report);
void config_free(struct config **config);

/* Whether it listens there; `path` is empty but for a local socket. */
bool listener_has_place(const struct listener *listener, const struct ip *ip, uint16_t port,
                        struct slice path);

/* Mail comes without TLS too: whoever fails at TLS may send in plaintext. */
bool listener_may_be_plain(const struct listener *listener);

/* The keywords that this client is not offered, bits. */
unsigned listener_hides(const struct listener *listener, const struct ip *client);

/* Whether it has servers that speak that; those for users who send are apart. */
bool backend_speaks(const struct backend *backend, enum protocol protocol);

/* Whether it takes mail for anywhere: all of its SMTP servers speak SMTP, and none LMTP. */
bool backend_relays(const struct backend *backend);

/* Whether users log in there, to read or to send. */
bool listener_logs_in(const struct listener *listener);

/* Whether it has servers for those who log in there. */
bool backend_serves(const struct backend *backend, const struct listener *listener);

/* Whether users log in anywhere to read their mail. */
bool config_reads_mail(const struct config *config);

/* Whether what comes in by this listener may be led to this backend: a relay has all of it, else it is
 * the listener's own, that of a route, or that of a domain. */
bool config_leads(const struct config *config, const struct listener *listener,
                  const struct backend *backend);

/* The same of those who log in there, whatever way their mail goes. */
bool config_logs_in(const struct config *config, const struct listener *listener,
                    const struct backend *backend);
/* Whether its servers that speak that are the ones that those logins are told. */
bool config_asks(const struct config *config, const struct listener *listener,
                 const struct backend *backend, enum protocol protocol);

/* What leads to a mailbox, beside the listener. */
struct mailbox_way {
    struct slice user, server_name; /* that TLS asked for; empty: none */
    const struct backend *led_to;   /* by where the client wanted to go (listener_destination) */
};
/* Where this user's mailbox is: by the destination, the listener's tables of users, the domain's backend,
 * the name that TLS asked for, the listener's own backend. NULL: nobody knows. The arena is
 * for scratch. */
const struct backend *config_mailbox(const struct config *config, struct arena *arena,
                                     const struct listener *listener,
                                     const struct mailbox_way *way);

/* Where those go who wanted to reach this address. NULL: it says nothing. */
const struct backend *listener_destination(const struct listener *listener, const struct ip *ip);

/* The server `original` that a client who wanted to reach this address is to be passed on to as he is; NULL: it does
 * not go there. */
struct original_server {
    const struct backend *backend;
    const struct server *server;
};
struct original_server listener_original(const struct listener *listener, const struct ip *ip);

/* Whether each session has a connection of its own to its servers, which is made for its client alone. */
bool backend_is_own(const struct backend *backend);

/* The most connections at once to one of its SMTP servers, over all proxies: as said, or as many as there may be
 * sessions where each has its own. */
unsigned backend_connections(const struct config *config, const struct backend *backend);

/* Whether one of them is where the client wanted to go. */
bool backend_is_original(const struct backend *backend);

/* Whether connections somewhere come from clients' addresses. */
bool config_sources_clients(const struct config *config);

/* Who takes mail for this domain, most specific first.
 * NULL: nobody (relaying denied), for the empty name too. */
const struct domain *config_domain(const struct config *config, struct domain_name domain);

/* What mail to this address (in its one spelling) teaches. Postmaster's teaches nothing. */
enum teaching config_teaches(const struct config *config, struct slice recipient);

/* Whether reports are taken from there. */
bool config_takes_reports(const struct config *config, const struct ip *client);

/* Who signs what bears this domain in From, most specific first. NULL: nobody. */
const struct signing_domain *config_signing(const struct config *config, struct domain_name domain);

/* The blocklist or allowlist of that zone (ASCII case folded); NULL: there is none. */
const struct blocklist *config_blocklist(const struct config *config, struct slice zone);

/* Membership, as `x in table` decides it: without regard to ASCII case; an entry "*.example.com"
 * holds whatever ends with
 * ".example.com", an entry "@example.com" every address at example.com. */
bool table_holds_text(const struct table *table, struct slice text);

/* Runs the `test` blocks. Appends a line for each failure to report; returns the number that
 * failed, *total how many ran. */
unsigned config_run_tests(const struct config *config, unsigned *total, struct buf *report);

#endif
