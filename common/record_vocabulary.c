/* SPDX-License-Identifier: ISC */
#include "common/record_vocabulary.h"

#include "common/record_fields.h"

#include <string.h>

enum { WORDS_MAX = 4096, TYPE_MAX = 8192 };

static const char *const kinds[] = {
    [KIND_TEXT] = "text ", [KIND_NUMBER] = "number ", [KIND_COST] = "cost "};
static const struct slice fact_word = {"fact ", 5};

/* ---- types ---- */

static void write_type(struct buf *out, const struct type *type)
{
    static const char *const names[] = {
        [TYPE_BOOL] = "bool",       [TYPE_NUMBER] = "number",     [TYPE_TEXT] = "text",
        [TYPE_ADDRESS] = "address", [TYPE_DOMAIN] = "domain",     [TYPE_IP] = "ip",
        [TYPE_NETWORK] = "network", [TYPE_DURATION] = "duration", [TYPE_SIZE] = "size",
        [TYPE_TIME] = "time",       [TYPE_ENUM] = "enum(",        [TYPE_LIST] = "list(",
        [TYPE_RECORD] = "record("};
    buf_cstr(out, names[type->kind]);
    if (type->kind == TYPE_LIST)
        write_type(out, type->element);
    for (size_t i = 0; type->kind == TYPE_ENUM && i < type->words->count; i++)
        buf_printf(out, "%s%s", i ? "," : "", type->words->words[i]);
    for (size_t i = 0; type->kind == TYPE_RECORD && i < type->record->count; i++) {
        buf_printf(out, "%s%s:", i ? "," : "", type->record->fields[i].name);
        write_type(out, &type->record->fields[i].type);
    }
    if (type->kind >= TYPE_ENUM)
        buf_char(out, ')');
}

/* Where in a type: a bit for each open bracket, the innermost lowest, set when an enumeration's. */
static uint64_t brackets(uint64_t open, struct slice type, size_t at)
{
    if (type.ptr[at] == '(')
        return open << 1 | slice_iends(slice_sub(type, 0, at), SLICE("enum"));
    return type.ptr[at] == ')' ? open >> 1 : open;
}

/* Values are read alike when the types are the same, but for words that an enumeration has got
 * since, at its end. */
static bool is_readable(struct slice then, struct slice now)
{
    size_t n = 0;
    uint64_t open = 0;
    for (size_t t = 0; t < then.len; t++, n++) {
        if (n < now.len && (open & 1) && then.ptr[t] == ')' && now.ptr[n] == ',')
            n += slice_find(slice_from(now, n), ')');
        if (n >= now.len || then.ptr[t] != now.ptr[n])
            return false;
        open = brackets(open, then, t);
    }
    return n == now.len;
}

/* ---- writing ---- */

void record_vocabulary_write(struct buf *out)
{
    for (size_t i = 0; i < record_field_count; i++)
        buf_printf(out, "%s%s\n", kinds[record_fields[i].kind], record_fields[i].name);
    for (int i = 0; i < FACT_COUNT; i++) {
        buf_printf(out, "fact %s ", fact_info((enum fact)i)->name);
        write_type(out, &fact_info((enum fact)i)->type);
        buf_char(out, '\n');
    }
}

/* ---- reading ---- */

static size_t find_field(enum record_kind kind, struct slice name)
{
    for (size_t i = 0; i < record_field_count; i++)
        if (record_fields[i].kind == kind && slice_eq(name, slice_of(record_fields[i].name)))
            return i;
    return record_field_count;
}

static enum fact find_fact(struct slice name, struct slice type)
{
    char room[TYPE_MAX];
    struct buf now = buf_over(room, sizeof room);
    enum fact fact;
    if (!fact_by_name(name, &fact))
        return FACT_COUNT;
    write_type(&now, &fact_info(fact)->type);
    return !now.failed && is_readable(type, buf_slice(&now)) ? fact : FACT_COUNT;
}

static bool read_field(struct slice line, struct record_vocabulary *out)
{
    for (unsigned kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        struct slice word = slice_of(kinds[kind]);
        if (!slice_starts(line, word))
            continue;
        size_t mine = find_field((enum record_kind)kind, slice_from(line, word.len));
        out->fields[out->field_count++] = (struct vocabulary_field){kind, mine};
        return true;
    }
    return false;
}

static bool read_line(struct slice line, struct record_vocabulary *out)
{
    struct slice name, type;
    if (!slice_starts(line, fact_word))
        return out->fact_count == 0 && read_field(line, out);
    if (!slice_cut(slice_from(line, fact_word.len), ' ', &name, &type))
        return false;
    out->facts[out->fact_count++] = find_fact(name, type);
    return true;
}

bool record_vocabulary_read(struct slice text, struct arena *arena, struct record_vocabulary *out)
{
    *out = (struct record_vocabulary){.fields = arena_array(arena, WORDS_MAX, sizeof *out->fields),
                                      .facts = arena_array(arena, WORDS_MAX, sizeof *out->facts)};
    if (!out->fields || !out->facts)
        return false;
    while (text.len) {
        struct slice line;
        if (out->field_count == WORDS_MAX || out->fact_count == WORDS_MAX ||
            !slice_cut(text, '\n', &line, &text) || !read_line(line, out))
            return false;
    }
    return true;
}
