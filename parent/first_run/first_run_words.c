/* SPDX-License-Identifier: ISC */
#include "parent/first_run/first_run_words.h"

#include <time.h>

enum { MESSAGE_SIZE = 50 << 20 /* that Gatepost takes unless it is told otherwise */ };

/* What it said may be anything, and this may be a terminal. */
static const char *harmless(const char *text)
{
    static char out[4][WIRE_TEXT];
    static unsigned turn;
    char *to = out[turn++ % 4];
    size_t n = 0;
    for (; n < WIRE_TEXT - 1 && text[n]; n++)
        to[n] = text[n] >= ' ' && text[n] < 127 ? text[n] : '?';
    to[n] = '\0';
    return to;
}

static bool is_yes(const struct wire_reply *reply)
{
    return reply->code / 100 == 2;
}

bool wire_accepts_any(const struct wire_findings *findings)
{
    for (size_t i = 0; i < findings->asked; i++)
        if (is_yes(&findings->nobody[i]))
            return true;
    return false;
}

bool wire_knows_recipients(const struct wire_findings *findings)
{
    bool knows = findings->asked > 0;
    for (size_t i = 0; i < findings->asked; i++)
        knows = knows && findings->nobody[i].code / 100 == 5 && is_yes(&findings->postmaster[i]);
    return knows;
}

/* ---- TLS ---- */

static void say_certificate(const struct wire_findings *findings, FILE *out)
{
    char ends[32] = "an unknown day";
    time_t when = (time_t)findings->certificate_ends;
    struct tm day;
    if (findings->certificate_ends && gmtime_r(&when, &day))
        strftime(ends, sizeof ends, "%Y-%m-%d", &day);
    fprintf(out, "    Its certificate is for %s, until %s; ", harmless(findings->certificate),
            ends);
    if (*findings->distrust)
        fprintf(out, "nobody can be sure of it: %s.\n", harmless(findings->distrust));
    else
        fputs("it can be verified (--server-tls verify=NAME).\n", out);
}

static void say_tls(const struct answers *answers, const struct wire_findings *findings, FILE *out)
{
    if (findings->encrypted) {
        fprintf(out, "  - The connection is encrypted with %s.\n", harmless(findings->tls_version));
        say_certificate(findings, out);
    } else if (*findings->tls_trouble) {
        fprintf(out, "  - It offers STARTTLS, but TLS fails: %s. Mail would go to it in clear.\n",
                harmless(findings->tls_trouble));
    } else if (answers->tls == BACKEND_TLS_NONE) {
        fprintf(out, "  - Mail will go to it in clear, as asked for%s.\n",
                findings->offers_starttls ? ", though it offers STARTTLS" : "");
    } else if (!findings->offers_starttls) {
        fputs("  - It does not offer STARTTLS: mail will go to it in clear.\n", out);
    }
}

/* ---- recipients ---- */

static void say_recipients(struct slice domain, const struct wire_reply *nobody,
                           const struct wire_reply *postmaster, FILE *out)
{
    fprintf(out, "  - %.*s: ", SLICE_ARGS(domain));
    if (is_yes(nobody))
        fprintf(out, "it takes an address that does not exist (%s), and so would any.\n",
                harmless(nobody->text));
    else if (nobody->code / 100 == 4)
        fprintf(out,
                "it puts off an address that does not exist (%s): whether it knows who exists is "
                "not to be seen.\n",
                harmless(nobody->text));
    else if (is_yes(postmaster))
        fprintf(out, "it refuses an address that does not exist (%s), and takes postmaster.\n",
                harmless(nobody->text));
    else
        fprintf(out, "it refuses postmaster as well (%s): does it take mail for this domain?\n",
                harmless(postmaster->text));
}

/* ---- all of it ---- */

static void say_size(const struct wire_findings *findings, FILE *out)
{
    if (findings->size && findings->size < MESSAGE_SIZE)
        fprintf(out,
                "  - It takes messages of %llu MiB at most; limits { message_size } is 50MiB until "
                "you write less.\n",
                (unsigned long long)(findings->size >> 20));
}

static const char *what_failed(enum wire_state state)
{
    switch (state) {
    case WIRE_UNREACHED:
        return "It is not reached";
    case WIRE_UNGREETED:
        return "It does not do as a mail server";
    case WIRE_UNSAFE:
        return "It cannot be talked to as safely as asked for";
    case WIRE_REFUSED:
        return "It does not take mail from this machine";
    case WIRE_UNTRIED:
    case WIRE_WELL:
        break;
    }
    return "It could not be asked";
}

void wire_words(const struct answers *answers, const struct wire_findings *findings, FILE *out)
{
    fprintf(out, "The server at %.*s:\n", SLICE_ARGS(answers->server));
    if (*findings->greeting) {
        fprintf(out, "  - It greets: %s\n", harmless(findings->greeting));
        say_tls(answers, findings, out);
    }
    say_size(findings, out);
    for (size_t i = 0; i < findings->asked; i++)
        say_recipients(answers->domains[i], &findings->nobody[i], &findings->postmaster[i], out);
    if (findings->asked && findings->asked < answers->domain_count)
        fprintf(out, "  - The other %zu domains were not asked about.\n",
                answers->domain_count - findings->asked);
    if (findings->state != WIRE_WELL)
        fprintf(out, "  - %s: %s.\n", what_failed(findings->state), harmless(findings->why));
}

void wire_advice(FILE *out)
{
    fputs("A server that takes any address cannot be asked who exists: what is for nobody is "
          "taken, and bounced or\n"
          "thrown away afterwards. List who exists in a file, one address a line, and give it with "
          "--recipients.\n"
          "On Exchange, in its Management Shell:\n"
          "    Get-Recipient -ResultSize Unlimited | ForEach-Object { $_.EmailAddresses } | "
          "ForEach-Object { \"$_\" } |\n"
          "      Where-Object { $_ -like 'smtp:*' } | ForEach-Object { $_.Substring(5) } |\n"
          "      Set-Content -Encoding utf8 recipients.txt\n",
          out);
}
