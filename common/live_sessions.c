/* SPDX-License-Identifier: ISC */
#include "common/live_sessions.h"

#include <stdatomic.h>
#include <string.h>

enum { WORDS = (sizeof(struct live_session) + 7) / 8, TAKEN_WORDS = LIVE_SESSIONS_MAX / 64 };

struct place {
    /* Odd while it is written, and never what it was before: who reads meanwhile sees that it has
     * changed. */
    _Atomic uint64_t version;
    _Atomic uint64_t words[WORDS];
};

static const struct live_session nothing;

struct live_sessions {
    _Atomic uint64_t taken[TAKEN_WORDS];
    uint64_t next; /* the word where the search for a free place begins */
    struct place places[LIVE_SESSIONS_MAX];
};

_Static_assert(sizeof(struct live_sessions) <= LIVE_SESSIONS_ROOM, "there is room for all");

int live_session_begin(struct live_sessions *live)
{
    for (unsigned i = 0; i < TAKEN_WORDS; i++) {
        unsigned at = (unsigned)(live->next + i) % TAKEN_WORDS;
        uint64_t taken = atomic_load_explicit(&live->taken[at], memory_order_relaxed);
        if (!~taken)
            continue;
        unsigned bit = (unsigned)__builtin_ctzll(~taken), place = at * 64 + bit;
        live->next = at;
        live_session_put(live, (int)place, &nothing); /* of whom it was before */
        atomic_store(&live->taken[at], taken | UINT64_C(1) << bit);
        return (int)place;
    }
    return -1;
}

void live_session_put(struct live_sessions *live, int place, const struct live_session *session)
{
    uint64_t words[WORDS] = {0};
    if (place < 0)
        return;
    struct place *p = &live->places[place];
    uint64_t version = atomic_load_explicit(&p->version, memory_order_relaxed) | 1;
    memcpy(words, session, sizeof *session);
    atomic_store(&p->version, version);
    atomic_thread_fence(memory_order_release);
    for (size_t i = 0; i < WORDS; i++)
        atomic_store_explicit(&p->words[i], words[i], memory_order_relaxed);
    atomic_store_explicit(&p->version, version + 1, memory_order_release);
}

void live_session_end(struct live_sessions *live, int place)
{
    if (place < 0)
        return;
    _Atomic uint64_t *taken = &live->taken[place / 64];
    atomic_store(taken, atomic_load(taken) & ~(UINT64_C(1) << place % 64));
}

/* False: it is being written, or nothing was yet. */
static bool read_place(const struct place *p, struct live_session *session)
{
    uint64_t words[WORDS];
    uint64_t version = atomic_load_explicit(&p->version, memory_order_acquire);
    if (version == 0 || version % 2)
        return false;
    for (size_t i = 0; i < WORDS; i++)
        words[i] = atomic_load_explicit(&p->words[i], memory_order_relaxed);
    atomic_thread_fence(memory_order_acquire);
    memcpy(session, words, sizeof *session);
    return session->id[0] && atomic_load_explicit(&p->version, memory_order_relaxed) == version;
}

bool live_session_next(const struct live_sessions *live, unsigned *at, struct live_session *session)
{
    enum { TRIES = 3 };
    while (*at < LIVE_SESSIONS_MAX) {
        unsigned place = (*at)++;
        if (!(atomic_load(&live->taken[place / 64]) >> place % 64 & 1))
            continue;
        for (int i = 0; i < TRIES; i++)
            if (read_place(&live->places[place], session))
                return true;
    }
    return false;
}

void live_text(char *to, size_t room, struct slice text)
{
    size_t len = text.len < room ? text.len : room;
    if (len)
        memcpy(to, text.ptr, len);
    if (len < room)
        memset(to + len, 0, room - len);
}

struct slice live_slice(const char *text, size_t room)
{
    return (struct slice){text, strnlen(text, room)};
}
