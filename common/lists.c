/* SPDX-License-Identifier: ISC */
#include "common/lists.h"

#include "base/sealed_map.h"

#include <stdlib.h>

enum { TABLE_MOST = 256 * 1024 * 1024, LINE_MOST = 2 * LIST_TEXT_MOST + 16 };

const char *list_word(enum list_kind kind)
{
    return kind == LIST_ALLOWED ? "allowed" : "blocked";
}

/* ---- entries ---- */

void list_entry_pack(struct buf *out, const struct list_entry *e)
{
    pack_u64(out, e->number);
    pack_u8(out, (uint8_t)e->kind);
    pack_slice(out, e->sender);
    pack_slice(out, e->scope);
    pack_slice(out, e->reason);
    pack_slice(out, e->author);
    pack_u64(out, (uint64_t)e->added);
    pack_u64(out, (uint64_t)e->until);
}

bool list_entry_unpack(struct slice octets, struct list_entry *e)
{
    struct unpack in = {.left = octets};
    e->number = unpack_u64(&in);
    unsigned kind = unpack_u8(&in);
    e->kind = (enum list_kind)kind;
    e->sender = unpack_slice(&in);
    e->scope = unpack_slice(&in);
    e->reason = unpack_slice(&in);
    e->author = unpack_slice(&in);
    e->added = (int64_t)unpack_u64(&in);
    e->until = (int64_t)unpack_u64(&in);
    return unpack_done(&in) && kind <= LIST_BLOCKED && e->sender.len <= LIST_TEXT_MOST &&
           e->scope.len <= LIST_TEXT_MOST && e->reason.len <= LIST_REASON_MOST;
}

static bool has_controls(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 127)
            return true;
    return false;
}

bool list_entry_fits(const struct list_entry *e)
{
    return e->sender.len > 0 && !has_controls(e->sender) && !has_controls(e->scope);
}

/* ---- the table ---- */

struct lists {
    struct slice table;
};

static void append_small(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        buf_char(out, ascii_lower(text.ptr[i]));
}

void list_line(struct buf *out, enum list_kind kind, struct slice scope, struct slice sender)
{
    buf_char(out, *list_word(kind));
    buf_char(out, '\t');
    append_small(out, scope);
    buf_char(out, '\t');
    append_small(out, sender);
}

struct lists *lists_map(int fd)
{
    struct slice table = sealed_map(fd, TABLE_MOST);
    struct lists *lists = table.ptr ? calloc(1, sizeof *lists) : NULL;
    if (lists)
        lists->table = table;
    else
        sealed_unmap(table);
    return lists;
}

void lists_free(struct lists **lists)
{
    if (!*lists)
        return;
    sealed_unmap((*lists)->table);
    free(*lists);
    *lists = NULL;
}

/* The line in the midst of `table`, and where it begins. */
static struct slice line_at(struct slice table, size_t middle, size_t *begin)
{
    *begin = middle;
    while (*begin > 0 && table.ptr[*begin - 1] != '\n')
        --*begin;
    struct slice rest = slice_from(table, *begin);
    return slice_sub(rest, 0, slice_find(rest, '\n'));
}

static bool has_line(struct slice table, struct slice line)
{
    while (table.len > 0) {
        size_t begin;
        struct slice middle = line_at(table, table.len / 2, &begin);
        int order = slice_cmp(line, middle);
        if (order == 0)
            return true;
        table = order < 0 ? slice_sub(table, 0, begin) : slice_from(table, begin + middle.len + 1);
    }
    return false;
}

static bool holds(const struct lists *lists, enum list_kind kind, struct slice scope,
                  struct slice above, struct slice sender)
{
    char room[LINE_MOST];
    struct buf line = buf_over(room, sizeof room);
    list_line(&line, kind, scope, above);
    append_small(&line, sender);
    return !line.failed && has_line(lists->table, buf_slice(&line));
}

static bool holds_for(const struct lists *lists, enum list_kind kind, struct slice scope,
                      struct slice sender)
{
    struct slice none = SLICE(""), domain = slice_from(sender, slice_rfind(sender, '@') + 1);
    if (holds(lists, kind, scope, none, sender) || holds(lists, kind, scope, none, domain))
        return true;
    for (size_t dot; (dot = slice_find(domain, '.')) < domain.len;) {
        domain = slice_from(domain, dot + 1);
        if (holds(lists, kind, scope, SLICE("*."), domain))
            return true;
    }
    return false;
}

bool lists_hold(const struct lists *lists, enum list_kind kind, struct slice sender,
                struct slice recipient)
{
    if (!lists || lists->table.len == 0 || sender.len == 0)
        return false;
    return holds_for(lists, kind, SLICE(""), sender) ||
           holds_for(lists, kind, slice_from(recipient, slice_rfind(recipient, '@') + 1), sender) ||
           holds_for(lists, kind, recipient, sender);
}
