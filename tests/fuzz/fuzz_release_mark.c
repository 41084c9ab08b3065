/* SPDX-License-Identifier: ISC
 * Marks on released messages, in any message; and a message that is marked bears its mark. */
#include "filters/release_mark.h"
#include "tests/fuzz/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

FUZZ(message)
{
    static const unsigned char key[RELEASE_MARK_KEY] = {1, 2, 3};
    static const char before[] = "X-Gatepost-Released: a.1; held; mark=",
                      after[] = ";\r\n\tdate\r\n";
    char mark[RELEASE_MARK_TEXT + 1];
    struct released released;
    released_read(message, &released);
    require(released.count <= RELEASE_MARKS_MOST);
    require(!released_to(&released, key, SLICE("user@example.com")));
    require(release_mark(key, message, SLICE("user@example.com"), mark));
    size_t room = sizeof before + sizeof after + sizeof mark + message.len, len;
    char *marked = malloc(room);
    len = (size_t)snprintf(marked, room, "%s%s%s", before, mark, after);
    if (message.len)
        memcpy(marked + len, message.ptr, message.len);
    struct slice whole = {marked, len + message.len};
    released_read(whole, &released);
    require(released.count >= 1);
    free(marked);
}
