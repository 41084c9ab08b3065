/* SPDX-License-Identifier: ISC */
#include "parent/first_run/first_run_text.h"

static void quote(struct buf *out, struct slice text)
{
    buf_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\')
            buf_char(out, '\\');
        buf_char(out, text.ptr[i]);
    }
    buf_char(out, '"');
}

static void add_names(const struct answers *answers, struct buf *out)
{
    buf_cstr(out, "# Made by gatepost --first-run. Check changes with `gatepost -n`; all words: "
                  "gatepost.conf(5).\n\n"
                  "# The name in the banner, EHLO and Received. It should be what the MX record "
                  "and the address's\n"
                  "# reverse name say.\nhostname ");
    quote(out, answers->hostname);
    buf_cstr(out, "\n\n");
}

static void add_listeners(const struct answers *answers, struct buf *out)
{
    if (answers->chain.len == 0) {
        buf_cstr(out, "# Where mail comes in: in clear, as there is no certificate yet. With one:\n"
                      "#   certificate \"mx.example.com\" { chain \"tls/fullchain.pem\"  key "
                      "\"tls/privkey.pem\" }\n"
                      "#   listen smtp on \"0.0.0.0:25\" { starttls }\n"
                      "#   listen smtps on \"0.0.0.0:465\"\n"
                      "listen smtp on \"0.0.0.0:25\"\n\n");
        return;
    }
    buf_cstr(out, "# The certificate for STARTTLS and port 465; renewed files are picked up by "
                  "themselves.\ncertificate ");
    quote(out, answers->hostname);
    buf_cstr(out, " {\n  chain ");
    quote(out, answers->chain);
    buf_cstr(out, "\n  key ");
    quote(out, answers->key);
    buf_cstr(out,
             "\n}\n\n# Where mail comes in. \"[::]:25\" is for IPv6 and IPv4.\n"
             "listen smtp on \"0.0.0.0:25\" { starttls }\nlisten smtps on \"0.0.0.0:465\"\n\n");
}

static void add_backend(const struct answers *answers, struct buf *out)
{
    static const char *const modes[] = {"none", "opportunistic", "required", "verify"};
    buf_cstr(out, "# The server behind. Give Gatepost's address a receive connector of its own "
                  "there, which does not\n"
                  "# trust it for relaying: README says how.\nbackend server {\n  smtp ");
    quote(out, answers->server);
    buf_printf(out, " tls %s", modes[answers->tls]);
    if (answers->tls_name.len) {
        buf_char(out, ' ');
        quote(out, answers->tls_name);
    }
    buf_printf(out, "\n  connections 16\n  recipient_check %s\n}\n\n",
               answers->from == FROM_SERVER ? "on" : "off");
}

static const char *about_recipients(enum recipients_from from)
{
    switch (from) {
    case FROM_FILE:
        return "# who exists is in the file, which is\n# taken up by itself when it changes.\n";
    case FROM_SERVER:
        return "# who exists is asked of the server,\n# at RCPT.\n";
    case FROM_NOWHERE:
        break;
    }
    return "# every address of theirs is taken.\n"
           "# Better: domain \"example.com\" { backend server  recipients from file "
           "\"recipients.txt\" }\n";
}

static void add_domains(const struct answers *answers, struct buf *out)
{
    buf_cstr(out, "# The domains that mail is accepted for; anything else is refused. Of them ");
    buf_cstr(out, about_recipients(answers->from) + 2);
    for (size_t i = 0; i < answers->domain_count; i++) {
        buf_cstr(out, "domain ");
        quote(out, answers->domains[i]);
        buf_cstr(out, " { backend server");
        if (answers->from == FROM_FILE) {
            buf_cstr(out, "  recipients from file ");
            quote(out, answers->recipients);
        }
        buf_cstr(out, " }\n");
    }
}

static void add_policy(const struct first_policy *policy, struct buf *out)
{
    buf_cstr(out, "\nlog { to \"syslog\" }\n");
    if (policy->blocklists.len) {
        buf_cstr(out, "\n# Blocklists: those that ask for an account, a licence or a resolver of "
                      "your own are commented out\n"
                      "# there. They answer only to a resolver of your own: resolver { forward "
                      "\"127.0.0.1:53\" }\ninclude ");
        quote(out, policy->blocklists);
        buf_char(out, '\n');
    }
    buf_cstr(out, "\n# What is refused, and why.\ninclude ");
    quote(out, policy->policy);
    buf_char(out, '\n');
}

void first_text(const struct answers *answers, const struct first_policy *policy, struct buf *out)
{
    add_names(answers, out);
    add_listeners(answers, out);
    add_backend(answers, out);
    add_domains(answers, out);
    add_policy(policy, out);
}
