/* SPDX-License-Identifier: ISC */
#include "parent/parent_roles.h"

#include <grp.h>
#include <stdio.h>
#include <string.h>

static const char *const options[ROLE_COUNT] = {"--auditors", "--helpdesk", "--admins"};

bool roles_named(const struct settings *settings, struct role_names *out)
{
    const struct slice names[ROLE_COUNT] = {settings->keeper_auditors, settings->keeper_helpdesk,
                                            settings->keeper_admins};
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if (!slice_to_text(names[i], out->of[i], sizeof out->of[i]))
            return false;
    return true;
}

bool roles_same(const struct role_names *a, const struct role_names *b)
{
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if (strcmp(a->of[i], b->of[i]) != 0)
            return false;
    return true;
}

static const char *no_group(const char *name)
{
    static char text[128];
    snprintf(text, sizeof text, "control socket: no such group: %s", name);
    return text;
}

const char *roles_look_up(const struct role_names *names, struct role_options *out)
{
    out->count = 0;
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if (!names->of[i][0])
            continue;
        const struct group *group = getgrnam(names->of[i]);
        if (!group)
            return no_group(names->of[i]);
        snprintf(out->numbers[i], sizeof out->numbers[i], "%u", (unsigned)group->gr_gid);
        out->words[out->count++] = options[i];
        out->words[out->count++] = out->numbers[i];
    }
    return NULL;
}
