/* SPDX-License-Identifier: ISC
 * What gatepost-milter and proxies tell each other: clients, and values of fields, which come back as they were. */
#include "common/milter.h"
#include "tests/fuzz/target.h"

#include <stdlib.h>
#include <string.h>

static void read_client(struct slice in)
{
    struct milter_client client;
    char room[64];
    struct buf out = buf_over(room, sizeof room);
    if (!milter_unpack_client(in, &client))
        return;
    require(client.ip.family == 4 || client.ip.family == 6);
    milter_pack_client(&out, &client);
    require(!out.failed && buf_len(&out) == in.len);
}

static void read_value(struct slice in)
{
    char *text = malloc(in.len + 1);
    require(text != NULL);
    memcpy(text, in.ptr, in.len);
    text[in.len] = '\0';
    size_t len = strlen(text);
    if (milter_read_value(text))
        require(strlen(text) <= len);
    free(text);
}

static void write_value(struct slice in)
{
    struct buf out = buf_init(2 * in.len + 1);
    milter_write_value(&out, in);
    require(buf_char(&out, '\0'));
    char *text = buf_take(&out), *at = text;
    require(text && !strpbrk(text, "\r\n") && milter_read_value(text));
    for (size_t i = 0; i < in.len; i++)
        if (in.ptr[i] != '\r' && in.ptr[i] != '\0')
            require(*at++ == in.ptr[i]);
    require(*at == '\0');
    free(text);
}

FUZZ(in)
{
    read_client(in);
    read_value(in);
    write_value(in);
}
