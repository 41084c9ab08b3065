/* SPDX-License-Identifier: ISC */
#include "common/live_sessions.h"

#include <stdatomic.h>
#include <string.h>

enum { WORDS = (sizeof(struct live_session) + 7) / 8 };

struct place {
    /* Odd while it is written, and never what it was before: who reads meanwhile sees that it has
     * changed. */
    _Atomic uint64_t version;
    _Atomic uint64_t words[WORDS];
};

static const struct live_session nothing;

struct live_sessions {
    _Atomic uint32_t next;                      /* where the search for a free place begins */
    _Atomic uint32_t owners[LIVE_SESSIONS_MAX]; /* the row and one more; 0: free */
    struct place places[LIVE_SESSIONS_MAX];
};

size_t live_sessions_size(void)
{
    return sizeof(struct live_sessions);
}

int live_session_begin(struct live_sessions *live, unsigned row)
{
    uint32_t first = atomic_fetch_add(&live->next, 1);
    for (uint32_t i = 0; i < LIVE_SESSIONS_MAX; i++) {
        uint32_t place = (first + i) % LIVE_SESSIONS_MAX, nobody = 0;
        if (atomic_load_explicit(&live->owners[place], memory_order_relaxed) != 0 ||
            !atomic_compare_exchange_strong(&live->owners[place], &nobody, row + 1))
            continue;
        live_session_put(live, (int)place, &nothing); /* of whom it was before */
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
    if (place >= 0)
        atomic_store(&live->owners[place], 0);
}

void live_sessions_clear(struct live_sessions *live, unsigned row)
{
    for (size_t i = 0; i < LIVE_SESSIONS_MAX; i++)
        if (atomic_load_explicit(&live->owners[i], memory_order_relaxed) == row + 1)
            atomic_store(&live->owners[i], 0);
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
        if (atomic_load(&live->owners[place]) == 0)
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
