/* SPDX-License-Identifier: ISC */
#include "common/milter.h"

#include <string.h>

void milter_pack_client(struct buf *out, const struct milter_client *client)
{
    pack_u8(out, client->ip.family);
    pack_slice(out, (struct slice){(const char *)client->ip.bytes, sizeof client->ip.bytes});
    pack_u32(out, client->port);
    pack_u8(out, client->granted);
}

bool milter_unpack_client(struct slice payload, struct milter_client *client)
{
    struct unpack in = {.left = payload};
    *client = (struct milter_client){.ip = {.family = unpack_u8(&in)}};
    struct slice bytes = unpack_slice(&in);
    uint32_t port = unpack_u32(&in);
    uint8_t granted = unpack_u8(&in);
    uint8_t family = client->ip.family;
    if (!unpack_done(&in) || bytes.len != sizeof client->ip.bytes || port > UINT16_MAX ||
        (family != 4 && family != 6))
        return false;
    memcpy(client->ip.bytes, bytes.ptr, family == 6 ? 16 : 4);
    client->port = (uint16_t)port;
    client->granted = granted;
    return true;
}

const char *milter_word(enum milter_word word)
{
    static const char *const words[MILTER_WORDS] = {
        [MILTER_PASS] = "pass",   [MILTER_TAKEN] = "taken",   [MILTER_DROP] = "drop",
        [MILTER_ADD] = "add",     [MILTER_SENDER] = "sender", [MILTER_SET] = "set",
        [MILTER_ERASE] = "erase", [MILTER_FRONT] = "front",   [MILTER_BODY] = "body"};
    return words[word];
}

void milter_write_value(struct buf *out, struct slice value)
{
    for (size_t i = 0; i < value.len; i++)
        switch (value.ptr[i]) {
        case '\r':
        case '\0':
            break;
        case '\n':
            buf_cstr(out, "\\n");
            break;
        case '\\':
            buf_cstr(out, "\\\\");
            break;
        default:
            buf_char(out, value.ptr[i]);
        }
}

bool milter_read_value(char *text)
{
    char *to = text;
    for (; *text; text++) {
        if (*text != '\\') {
            *to++ = *text;
            continue;
        }
        text++;
        if (*text != 'n' && *text != '\\')
            return false;
        *to++ = *text == 'n' ? '\n' : '\\';
    }
    *to = '\0';
    return true;
}
