/* SPDX-License-Identifier: ISC */
#include "filters/scanner/scan_channels.h"

#include "base/ipc.h"
#include "filters/scanner/scan_packets.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { TOLD_BYTES = 8, MS_IN_S = 1000 };

void scan_channels_init(struct scan_channels *channels)
{
    for (size_t i = 0; i < SCAN_CHANNELS; i++)
        channels->of[i] = (struct scan_channel){.sock = -1};
}

int scan_channel_pair(int out[static 2])
{
    static const struct timeval patience = {SCAN_CHANNEL_PATIENCE / MS_IN_S,
                                            SCAN_CHANNEL_PATIENCE % MS_IN_S * 1000L};
    if (ipc_pair(out) != 0)
        return -1;
    setsockopt(out[1], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return 0;
}

void scan_channels_drop(struct scan_channels *channels, uint32_t row)
{
    if (row >= SCAN_CHANNELS)
        return;
    if (channels->of[row].sock >= 0)
        close(channels->of[row].sock);
    channels->of[row] = (struct scan_channel){.sock = -1};
}

bool scan_channels_put(struct scan_channels *channels, uint32_t row, uint32_t serial, int sock)
{
    if (row >= SCAN_CHANNELS) {
        close(sock);
        return false;
    }
    scan_channels_drop(channels, row);
    channels->of[row] = (struct scan_channel){.sock = sock, .serial = serial};
    return true;
}

struct scan_channel *scan_channels_find(struct scan_channels *channels,
                                        const struct scan_address *address)
{
    struct scan_channel *channel =
        address->row < SCAN_CHANNELS ? &channels->of[address->row] : NULL;
    return channel && channel->sock >= 0 && channel->serial == address->serial ? channel : NULL;
}

bool scan_channels_may_come(const struct scan_channels *channels,
                            const struct scan_address *address)
{
    if (address->row >= SCAN_CHANNELS)
        return false;
    const struct scan_channel *known = &channels->of[address->row];
    return known->sock < 0 || (int32_t)(address->serial - known->serial) > 0;
}

bool scan_channel_tell(int sock, uint16_t type, uint32_t row, const struct scan_channel *channel)
{
    char room[TOLD_BYTES];
    struct buf payload = buf_over(room, sizeof room);
    pack_u32(&payload, row);
    pack_u32(&payload, channel->serial);
    return ipc_send(sock, type, buf_slice(&payload), &channel->sock, 1, false) == 1;
}

bool scan_channels_take(struct scan_channels *channels, struct ipc_message *message)
{
    struct unpack in = {.left = message->payload};
    uint32_t row = unpack_u32(&in), serial = unpack_u32(&in);
    if (!unpack_done(&in) || message->fd_count != 1)
        return false;
    message->fd_count = 0;
    return scan_channels_put(channels, row, serial, message->fds[0]);
}

void scan_channels_tell_death(struct scan_channels *channels, const struct scan_address *address)
{
    const struct scan_channel *channel = scan_channels_find(channels, address);
    char room[NUMBER_BYTES];
    struct buf payload = buf_over(room, sizeof room);
    pack_u64(&payload, address->number);
    if (address->number && channel)
        ipc_send(channel->sock, SCAN_DIED, buf_slice(&payload), NULL, 0, false);
}
