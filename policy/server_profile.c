/* SPDX-License-Identifier: ISC */
#include "policy/server_profile.h"

#include <string.h>

enum { TEXTS = 3 };

static const struct {
    const char *greeting[TEXTS]; /* any of these stands in it */
    const char *put_off[TEXTS];
    const char *advice;
    bool learns_clients; /* told of by us, it counts their addresses instead of ours */
} profiles[] = {
    [PROFILE_GENERIC] = {.greeting = {NULL}},
    [PROFILE_EXCHANGE] = {{"Microsoft Exchange", "Microsoft Exchange Server"},
                          {"Server Unavailable"},
                          "all users come from this gateway's address; NTLM and GSSAPI fail where "
                          "ExtendedProtectionPolicy is Require",
                          false},
    [PROFILE_DOMINO] = {{"Notes POP3", "Domino"}, {"mail file is in use", NULL}, NULL, false},
    [PROFILE_DOVECOT] =
        {{"Dovecot"},
         {"Maximum number of connections"},
         "all users come from this gateway's address: name that in login_trusted_networks, and "
         "it is told theirs",
         true},
    [PROFILE_COURIER] =
        {{"Hello there", "Courier"},
         {"Maximum connection limit", "Temporary problem"},
         "all users come from this gateway's address: let that have as many connections as there "
         "may be sessions",
         false},
    [PROFILE_CYRUS] =
        {{"Cyrus"},
         {"temporary failure"},
         "where maxlogins_per_host is set, all users come from this gateway's address",
         false},
};

static bool holds(struct slice line, const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i + len <= line.len; i++)
        if (slice_ieq(slice_sub(line, i, i + len), (struct slice){text, len}))
            return true;
    return false;
}

static bool holds_any(struct slice line, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (texts[i] && holds(line, texts[i]))
            return true;
    return false;
}

enum server_profile profile_by_greeting(struct slice greeting)
{
    for (int i = PROFILE_GENERIC + 1; i < PROFILES; i++)
        if (holds_any(greeting, profiles[i].greeting, TEXTS))
            return (enum server_profile)i;
    return PROFILE_GENERIC;
}

bool profile_puts_off(enum server_profile profile, struct slice line)
{
    /* the last are Exchange's words, whose greeting may have been changed */
    static const char *const codes[] = {
        "[IN-USE]",      "[SYS/TEMP]", "[SYS/PERM]",  "[LOGIN-DELAY]",
        "[UNAVAILABLE]", "[LIMIT]",    "[SERVERBUG]", "authenticated but not connected"};
    return holds_any(line, codes, sizeof codes / sizeof *codes) ||
           holds_any(line, profiles[profile].put_off, TEXTS);
}

const char *profile_advice(enum server_profile profile, bool told)
{
    return told && profiles[profile].learns_clients ? NULL : profiles[profile].advice;
}

/* ---- its messages ---- */

static const struct {
    enum expected stay, exact;
} messages[] = {
#define PROFILE(id, word, stay, exact) [PROFILE_##id] = {EXPECTED_##stay, EXPECTED_##exact},
#include "policy/profiles.def"
#undef PROFILE
};

enum expected profile_messages_stay(enum server_profile profile)
{
    return messages[profile].stay;
}

enum expected profile_sizes_exact(enum server_profile profile)
{
    return messages[profile].exact;
}
