/* SPDX-License-Identifier: ISC */
#include "keeper/history_words.h"

static void add(struct buf *out, struct slice text)
{
    buf_append(out, text);
    buf_char(out, '\n');
}

static void people(const struct record *r, struct buf *out)
{
    add(out, r->from);
    add(out, r->login);
    add(out, r->author);
    for (size_t i = 0; i < r->recipient_count; i++)
        add(out, r->recipients[i].address);
}

void history_words(const struct record *r, enum history_column column, struct buf *out)
{
    char client[46];
    buf_clear(out);
    switch (column) {
    case COLUMN_PEOPLE:
        people(r, out);
        break;
    case COLUMN_SUBJECT:
        add(out, r->subject);
        break;
    case COLUMN_MESSAGE_ID:
        add(out, r->message_id);
        break;
    case COLUMN_CLIENT:
        ip_text(&r->client, client);
        add(out, slice_of(r->client.family ? client : ""));
        break;
    case COLUMNS:
        break;
    }
}

void history_phrase(struct slice words, struct buf *out)
{
    buf_char(out, '"');
    for (size_t i = 0; i < words.len; i++) {
        if (words.ptr[i] == '"')
            buf_char(out, '"');
        buf_char(out, words.ptr[i] ? words.ptr[i] : ' ');
    }
    buf_char(out, '"');
}
