/* SPDX-License-Identifier: ISC */
#include "proxy/login/login_guard.h"

#include "common/client_hash.h"

#include <stdio.h>
#include <string.h>

/* "CORP\joe" and " joe" are no other users than "joe". */
static struct slice account(struct slice user)
{
    size_t at = slice_rfind(user, '\\');
    return slice_trim(slice_from(user, at < user.len ? at + 1 : 0));
}

void login_guard_begin(struct login_guard *guard, struct proxy *proxy, struct arena *arena,
                       const struct ip *client, struct slice user, struct facts *facts,
                       void (*done)(void *ctx), void *ctx)
{
    struct slice name = arena_copy(arena, account(user));
    *guard = (struct login_guard){.proxy = proxy, .who = {*client, name}};
    if (proxy->wants[PRODUCER_LOGIN_FAILURES] && proxy->state && guard->who.user.ptr)
        guard->state = state_begin(proxy->state, arena, facts, done, ctx);
    guard->under_way = guard->state != NULL;
    if (guard->state)
        state_login(guard->state, &guard->who);
}

bool login_guard_waits(const struct login_guard *guard)
{
    return guard->state && state_pending(guard->state) > 0;
}

void login_guard_hurry(struct login_guard *guard)
{
    if (guard->state)
        state_cancel(guard->state);
    guard->state = NULL;
}

/* Sixteen bits of it, with a key that is made at each start and stands on no disk: enough to know
 * the same password again, and of no use to guess it by. */
static struct slice mark_of(const struct login_guard *guard, const struct credentials *credentials,
                            char room[static 5])
{
    const char *secret = credentials->response ? credentials->response : credentials->password;
    uint64_t digest = siphash(shared_key(guard->proxy->shared), slice_of(secret));
    snprintf(room, 5, "%04x", (unsigned)(digest & 0xffff));
    return (struct slice){room, 4};
}

void login_guard_over(struct login_guard *guard, enum login_end end,
                      const struct credentials *credentials)
{
    char room[5];
    if (!guard->under_way)
        return;
    guard->under_way = false;
    login_guard_hurry(guard);
    struct slice mark = end == LOGIN_FAILED ? mark_of(guard, credentials, room) : SLICE("");
    state_login_over(guard->proxy->state, &guard->who, end, mark);
}
