/* SPDX-License-Identifier: ISC
 * What gateways, accounts and labels are called where labels are shared. */
#include "keeper/labels_shared_internal.h"

#include "base/siphash.h"

#include <string.h>

bool labels_shared_has_gateway(const struct labels *l)
{
    static const unsigned char none[LABELS_GATEWAY];
    return memcmp(l->shared.state.gateway, none, sizeof none) != 0;
}

bool labels_shared_await_names(const struct labels *l)
{
    return !l->shared.known && labels_shared_has_gateway(l);
}

void labels_share_no_more(struct labels *l, const struct sharing_keys *keys)
{
    l->shared.keys = *keys;
    l->shared.known = true;
}

static uint64_t name_of(const struct labels *l, sqlite3_stmt *row)
{
    char room[ACCOUNT_DIGEST + LABEL_MESSAGE + 16];
    struct buf text = buf_over(room, sizeof room);
    pack_slice(&text, database_text(row, 1));
    pack_slice(&text, database_octets(row, 2));
    return siphash(l->shared.keys.names, buf_slice(&text));
}

struct label_name *labels_names(struct labels *l, size_t *count)
{
    struct buf names = buf_init((size_t)LEARN_LABELS_MOST * sizeof(struct label_name));
    sqlite3_stmt *each = l->shared.statements[SHARED_ALL_NAMES];
    sqlite3_reset(l->statements[LABELS_VECTOR]);
    while (sqlite3_step(each) == SQLITE_ROW) {
        struct label_name name = {(uint64_t)sqlite3_column_int64(each, 0), name_of(l, each)};
        buf_append(&names, (struct slice){(const char *)&name, sizeof name});
    }
    sqlite3_reset(each);
    *count = buf_len(&names) / sizeof(struct label_name);
    return (struct label_name *)(void *)buf_take(&names);
}
