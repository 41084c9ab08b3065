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

static int copy_of(struct slice octets, const struct marks *marks)
{
    static struct message_copy copy;
    int made = message_copy_begin(&copy, octets.len) && unmarked(octets, marks, add, &copy)
                   ? message_copy_end(&copy)
                   : -1;
    if (made < 0)
        message_copy_drop(&copy);
    return made;
}

int unmarked_copy(int message, const struct policy *policy)
{
    const struct marks *marks = policy_marks(policy);
    struct slice octets = sealed_map(message, SIZE_MAX / 4);
    int made = message;
    if (octets.ptr && is_marked(octets, marks)) {
        made = copy_of(octets, marks);
        close(message);
    }
    sealed_unmap(octets);
    return made;
}
