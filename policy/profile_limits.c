/* SPDX-License-Identifier: ISC
 * How many connections the programs take that hold mailboxes. */
#include "policy/server_profile.h"

enum counted { COUNTED_USER, COUNTED_ADDRESS, COUNTED_USER_AND_ADDRESS, COUNTED_ALL };

static const char *const counted_words[] = {[COUNTED_USER] = "of one user",
                                            [COUNTED_ADDRESS] = "of one address",
                                            [COUNTED_USER_AND_ADDRESS] =
                                                "of one user from one address",
                                            [COUNTED_ALL] = "in all"};

static const struct limit {
    enum server_profile profile;
    enum counted counted;
    const char *setting;
    unsigned pop3, imap; /* 0: any number */
} limits[] = {
#define LIMIT(profile, whom, setting, pop3, imap)                                                  \
    {PROFILE_##profile, COUNTED_##whom, setting, pop3, imap},
#include "policy/profile_limits.def"
#undef LIMIT
};

enum { LIMITS = sizeof limits / sizeof *limits };

static unsigned most(const struct limit *limit, enum protocol protocol)
{
    return protocol == PROTOCOL_POP3 ? limit->pop3 : limit->imap;
}

static void say(struct buf *out, unsigned number, const struct limit *limit)
{
    if (buf_len(out))
        buf_cstr(out, ", ");
    if (number)
        buf_printf(out, "%u", number);
    else
        buf_cstr(out, "any number");
    buf_printf(out, " %s (%s)", counted_words[limit->counted], limit->setting);
}

void profile_limits(enum server_profile profile, enum protocol protocol, struct buf *out)
{
    for (int i = 0; i < LIMITS; i++)
        if (limits[i].profile == profile)
            say(out, most(&limits[i], protocol), &limits[i]);
}

static bool counts_all_from_there(const struct limit *limit)
{
    return limit->counted == COUNTED_ADDRESS || limit->counted == COUNTED_ALL;
}

bool profile_takes(enum server_profile profile, enum protocol protocol, unsigned sessions)
{
    for (int i = 0; i < LIMITS; i++) {
        unsigned number = most(&limits[i], protocol);
        if (limits[i].profile == profile && counts_all_from_there(&limits[i]) && number > 0 &&
            number < sessions)
            return false;
    }
    return true;
}
