/* SPDX-License-Identifier: ISC */
#include "console/learn/unmarked_copy.h"

#include "base/sealed_map.h"
#include "console/message_copy.h"
#include "filters/unmarked.h"

#include <unistd.h>

static bool add(void *ctx, struct slice octets)
{
    return message_copy_more(ctx, octets);
}

static int copy_of(struct slice octets, const struct policy *policy)
{
    static struct message_copy copy;
    int made = message_copy_begin(&copy, octets.len) && unmarked(octets, policy, add, &copy)
                   ? message_copy_end(&copy)
                   : -1;
    if (made < 0)
        message_copy_drop(&copy);
    return made;
}

int unmarked_copy(int message, const struct policy *policy)
{
    struct slice octets = sealed_map(message, SIZE_MAX / 4);
    int made = message;
    if (octets.ptr && is_marked(octets, policy)) {
        made = copy_of(octets, policy);
        close(message);
    }
    sealed_unmap(octets);
    return made;
}
