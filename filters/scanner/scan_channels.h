/* SPDX-License-Identifier: ISC
 * Where scanners answer: a lasting channel to each proxy, known by the proxy's row, and by a serial that
 * tells it from those of former proxies in that row. The parent makes them; heads hear of them from
 * it, and workers from their head or at their birth. Many write to a channel, so an answer bears the
 * number of its job, which was drawn at random and is known to the worker alone that took the job. */
#ifndef FILTERS_SCANNER_SCAN_CHANNELS_H
#define FILTERS_SCANNER_SCAN_CHANNELS_H

#include "base/slice.h"

/* Rows, and milliseconds that the writer on one waits for a proxy that does not read. */
enum { SCAN_CHANNELS = 320, SCAN_CHANNEL_PATIENCE = 2000 };

struct scan_channel {
    int sock; /* -1: none */
    uint32_t serial;
    bool deaf; /* nobody waits for it again until it takes something */
};

struct scan_channels {
    struct scan_channel of[SCAN_CHANNELS];
};

/* A job on its way: its number (0: it has a socket of its own for its answer) and its channel. */
struct scan_address {
    uint64_t number;
    uint32_t row, serial;
};

void scan_channels_init(struct scan_channels *channels);

/* A pair for a row: the end that a proxy reads, and the one that scanners write to, both the caller's.
 * 0, or -1 with errno. */
int scan_channel_pair(int out[static 2]);

/* Takes over `sock`; the channel that the row had before is closed. False: there is no such row (then
 * `sock` is closed). */
bool scan_channels_put(struct scan_channels *channels, uint32_t row, uint32_t serial, int sock);

/* Closes it. */
void scan_channels_drop(struct scan_channels *channels, uint32_t row);

/* NULL: it is not known, or is another's by now. */
struct scan_channel *scan_channels_find(struct scan_channels *channels,
                                        const struct scan_address *address);

/* Of one that is not known: whether it may be a later one, whose word is on its way. Serials grow. */
bool scan_channels_may_come(const struct scan_channels *channels,
                            const struct scan_address *address);

/* Tells the other end of `sock` of a channel, which stays the caller's. False: it does not listen. */
bool scan_channel_tell(int sock, uint16_t type, uint32_t row, const struct scan_channel *channel);
/* What was told so: takes the descriptor over. False: nonsense. */
struct ipc_message;
bool scan_channels_take(struct scan_channels *channels, struct ipc_message *message);

/* To whom it may concern: whoever took this job is dead. Never waits. */
void scan_channels_tell_death(struct scan_channels *channels, const struct scan_address *address);

#endif
