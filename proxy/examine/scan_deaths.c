/* SPDX-License-Identifier: ISC */
#include "proxy/examine/scan_deaths.h"

#include "base/clock.h"
#include "common/client_hash.h"

#include <string.h>

/* What is hashed; of "any" the digest is zeros. */
struct death_key {
    char what[16];
    uint64_t kind, reign;
    unsigned char digest[SCAN_DIGEST];
};

static const unsigned char any[SCAN_DIGEST];

uint64_t scan_deaths_reign(const struct proxy *proxy, enum scanner_kind kind)
{
    return shared_family_changes(proxy->shared, kind);
}

static uint64_t hash_of(const struct proxy *proxy, enum scanner_kind kind,
                        const unsigned char digest[static SCAN_DIGEST])
{
    struct death_key key = {
        .what = "scan deaths", .kind = kind, .reign = scan_deaths_reign(proxy, kind)};
    memcpy(key.digest, digest, SCAN_DIGEST);
    return siphash(shared_key(proxy->shared), (struct slice){(const char *)&key, sizeof key});
}

unsigned scan_deaths(const struct proxy *proxy, enum scanner_kind kind,
                     const unsigned char digest[static SCAN_DIGEST])
{
    uint32_t count = 0;
    bool known = notes_get(shared_notes(proxy->shared), shared_key(proxy->shared),
                           hash_of(proxy, kind, digest), &count, sizeof count, clock_ms());
    return known ? count : 0;
}

bool scan_deaths_any(const struct proxy *proxy, enum scanner_kind kind)
{
    return scan_deaths(proxy, kind, any) > 0;
}

static void note(const struct proxy *proxy, enum scanner_kind kind,
                 const unsigned char digest[static SCAN_DIGEST], uint32_t count)
{
    notes_put(shared_notes(proxy->shared), shared_key(proxy->shared), hash_of(proxy, kind, digest),
              &count, sizeof count, clock_ms() + NOTE_LIFE_MAX);
}

void scan_deaths_note(const struct proxy *proxy, enum scanner_kind kind,
                      const unsigned char digest[static SCAN_DIGEST])
{
    unsigned before = scan_deaths(proxy, kind, digest);
    note(proxy, kind, digest, before < SCAN_DEATHS_MOST ? before + 1 : SCAN_DEATHS_MOST);
    note(proxy, kind, any, 1);
}
