/* SPDX-License-Identifier: ISC */
#include "proxy/session/upload_clock.h"

enum {
    MINUTE_MS = 60000,
    SILENCE_COUNTED_MS = 10000, /* of one between two pieces, at most */
};

void upload_begin(struct upload_clock *clock, int64_t now)
{
    *clock = (struct upload_clock){.heard = now};
}

bool upload_came(struct upload_clock *clock, int64_t now, size_t octets, uint64_t rate)
{
    int64_t silence = now - clock->heard;
    clock->heard = now;
    clock->counted += silence < SILENCE_COUNTED_MS ? silence : SILENCE_COUNTED_MS;
    clock->came += octets;
    if (clock->counted < MINUTE_MS)
        return true;
    bool fast = clock->came * 1000 >= rate * (uint64_t)clock->counted;
    clock->counted = 0;
    clock->came = 0;
    return fast;
}

int64_t upload_patience(const struct upload_clock *clock, int64_t now, int64_t most)
{
    int64_t left = clock->heard + most - now;
    return left > 0 ? left : 0;
}
