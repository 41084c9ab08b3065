/* SPDX-License-Identifier: ISC */
#include "parent/first_run/first_run_answers.h"

#include "base/domain_name.h"
#include "parent/own_address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SMTP_PORT = 25, SMTPS_PORT = 465 };

static const struct topic_words words[TOPIC_COUNT] = {
    [TOPIC_HOSTNAME] = {"hostname", "NAME", "what this gateway is called in the DNS",
                        "What is this gateway called in the DNS"},
    [TOPIC_DOMAIN] = {"domain", "NAME", "a domain that mail is accepted for; once for each",
                      "Which domains is mail accepted for"},
    [TOPIC_SERVER] = {"server", "ADDRESS[:PORT]", "the mail server behind",
                      "At which address is the mail server behind (ADDRESS or ADDRESS:PORT)"},
    [TOPIC_TLS] = {"server-tls", "MODE",
                   "none, opportunistic (the standard), required, verify or verify=NAME",
                   "TLS to it (none, opportunistic, required, verify=NAME)"},
    [TOPIC_CERTIFICATE] = {"certificate", "FILE", "the certificate chain, in PEM; or none",
                           "In which file is the certificate chain (or none)"},
    [TOPIC_KEY] = {"key", "FILE", "the private key of the certificate, in PEM",
                   "In which file is its private key"},
    [TOPIC_RECIPIENTS] =
        {"recipients", "FILE",
         "the addresses that exist, one a line; or ask (the server, at RCPT), or any",
         "Who exists (a FILE of addresses, ask for asking the server, any)"},
};

const struct topic_words *topic_words(enum topic topic)
{
    return &words[topic];
}

static const char *keep(struct answers *answers, struct slice text, struct slice *out)
{
    *out = arena_copy(answers->arena, text);
    return out->ptr ? NULL : "out of memory";
}

/* ---- names ---- */

static const char *take_name(struct answers *answers, struct slice text, struct slice *out)
{
    struct domain_name name;
    const char *fault = domain_name_make(answers->arena, text, &name);
    if (!fault && slice_find(name.text, '.') == name.text.len)
        fault = "expected a name with a dot in it, such as mail.example.com";
    if (!fault)
        *out = name.text;
    return fault;
}

static bool has_domain(const struct answers *answers, struct slice name)
{
    for (size_t i = 0; i < answers->domain_count; i++)
        if (slice_eq(answers->domains[i], name))
            return true;
    return false;
}

static const char *take_domains(struct answers *answers, struct slice text)
{
    struct slice rest = text;
    while (rest.len > 0) {
        struct slice name;
        size_t length = 0;
        while (length < rest.len && rest.ptr[length] != ',' && !ascii_blank(rest.ptr[length]))
            length++;
        struct slice spelling = slice_sub(rest, 0, length);
        rest = slice_from(rest, length + 1);
        if (spelling.len == 0)
            continue;
        const char *fault = take_name(answers, spelling, &name);
        if (fault)
            return fault;
        if (has_domain(answers, name))
            continue;
        if (answers->domain_count == FIRST_DOMAINS_MAX)
            return "more than 100 domains: write the others into the configuration";
        answers->domains[answers->domain_count++] = name;
    }
    return answers->domain_count ? NULL : "expected a domain";
}

/* ---- the server ---- */

static const char *take_server(struct answers *answers, struct slice text)
{
    if (!endpoint_parse(text, SMTP_PORT, &answers->ip, &answers->port))
        return "expected an address such as 192.0.2.5 or [2001:db8::5]:25 (no names: nothing in a "
               "gateway "
               "resolves them; `getent hosts NAME` tells the address)";
    if ((answers->port == SMTP_PORT || answers->port == SMTPS_PORT) &&
        address_is_ours(&answers->ip))
        return "that is this machine, where Gatepost itself will listen on that port; the server "
               "behind needs another";
    return keep(answers, text, &answers->server);
}

static const char *take_tls(struct answers *answers, struct slice text)
{
    static const char *const modes[] = {"none", "opportunistic", "required", "verify"};
    struct slice mode, name;
    bool named = slice_cut(text, '=', &mode, &name);
    for (int i = 0; i < 4; i++) {
        if (!slice_eq(mode, slice_of(modes[i])) || (named && i != BACKEND_TLS_VERIFY))
            continue;
        answers->tls = (enum backend_tls)i;
        answers->tls_name = (struct slice){NULL, 0};
        return named ? take_name(answers, name, &answers->tls_name) : NULL;
    }
    return "expected none, opportunistic, required, verify or verify=NAME";
}

/* ---- files ---- */

/* Links stay as they are: what they point to may change at each renewal. */
static const char *take_file(struct answers *answers, struct slice text, struct slice *out)
{
    static char complaint[320];
    char folder[PATH_MAX], path[PATH_MAX];
    struct stat status;
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 127)
            return "expected a path without control characters";
    bool whole = text.len > 0 && text.ptr[0] == '/';
    if (text.len == 0 || (!whole && !getcwd(folder, sizeof folder)))
        return "expected the path of a file";
    struct slice full =
        whole ? text : ARENA_JOIN(answers->arena, slice_of(folder), SLICE("/"), text);
    if (!full.ptr)
        return "out of memory";
    bool there = slice_to_path(full, path) && stat(path, &status) == 0;
    if (there && S_ISREG(status.st_mode))
        return keep(answers, full, out);
    snprintf(complaint, sizeof complaint, "%.*s: %s", (int)(full.len < 200 ? full.len : 200),
             full.ptr, there ? "not a file" : strerror(errno));
    return complaint;
}

static const char *take_certificate(struct answers *answers, struct slice text)
{
    answers->chain = (struct slice){NULL, 0};
    return slice_eq(text, SLICE("none")) ? NULL : take_file(answers, text, &answers->chain);
}

static const char *take_recipients(struct answers *answers, struct slice text)
{
    answers->from = slice_eq(text, SLICE("ask"))   ? FROM_SERVER
                    : slice_eq(text, SLICE("any")) ? FROM_NOWHERE
                                                   : FROM_FILE;
    return answers->from == FROM_FILE ? take_file(answers, text, &answers->recipients) : NULL;
}

/* ---- all of them ---- */

static const char *take(struct answers *answers, enum topic topic, struct slice text)
{
    switch (topic) {
    case TOPIC_HOSTNAME:
        return take_name(answers, text, &answers->hostname);
    case TOPIC_DOMAIN:
        return take_domains(answers, text);
    case TOPIC_SERVER:
        return take_server(answers, text);
    case TOPIC_TLS:
        return take_tls(answers, text);
    case TOPIC_CERTIFICATE:
        return take_certificate(answers, text);
    case TOPIC_KEY:
        return take_file(answers, text, &answers->key);
    case TOPIC_RECIPIENTS:
        return take_recipients(answers, text);
    case TOPIC_COUNT:
        break;
    }
    return "no such topic";
}

const char *answer_take(struct answers *answers, enum topic topic, const char *text)
{
    const char *fault = take(answers, topic, slice_trim(slice_of(text)));
    if (!fault)
        answers->given[topic] = true;
    return fault;
}

bool answer_wanted(const struct answers *answers, enum topic topic)
{
    if (answers->given[topic] || topic == TOPIC_TLS)
        return false;
    return topic != TOPIC_KEY || !answers->given[TOPIC_CERTIFICATE] || answers->chain.len > 0;
}
