/* SPDX-License-Identifier: ISC */
#include "policy/table_entries.h"

#include "policy/pairs.h"
#include "policy/spelling.h"
#include "policy/table_file.h"

#include <stdio.h>

/* A file of the wrong kind is wrong in each line. */
enum { REPORTED_MAX = 5 };

bool table_add_token(struct parser *parser, struct table *table, const struct token *token)
{
    struct table_origin *origin = table_origin(table);
    struct token *place = PARSER_PUSH(parser, origin->entries, origin->count);
    if (place)
        *place = *token;
    return place && table_add(parser->sources, table, token->text);
}

struct span table_place(const struct table *table)
{
    return table_origin(table)->at;
}

static bool is_checked(const struct sources *sources, const struct table_origin *origin)
{
    return sources->loader->checked && origin->in_file &&
           table_file_is_indexed(sources, sources->files[origin->at.file]->text);
}

bool table_first_check(const struct sources *sources, const struct table *table)
{
    struct table_origin *origin = table_origin(table);
    bool first = !origin->checked;
    origin->checked = true;
    return first && !is_checked(sources, origin);
}

struct table_walk table_walk(struct sources *sources, const struct table *table)
{
    struct table_walk walk = {.origin = table_origin(table)};
    if (walk.origin->in_file)
        walk.file = walk.rest = sources->files[walk.origin->at.file]->text;
    walk.pairs = pairs_type(table) != NULL;
    return walk;
}

bool table_walk_next(struct table_walk *walk, struct slice *entry, struct span *at)
{
    if (walk->next < walk->origin->count) {
        const struct token *token = &walk->origin->entries[walk->next++];
        *entry = token->text;
        *at = token->at;
        return true;
    }
    if (!table_line(&walk->rest, entry))
        return false;
    if (walk->pairs)
        *entry = pairs_key(*entry);
    uint32_t from = (uint32_t)(entry->ptr - walk->file.ptr);
    *at = (struct span){from, from + (uint32_t)entry->len, walk->origin->at.file};
    return true;
}

struct use {
    char text[256]; /* " (used in t.conf:3)", or nothing */
};

/* A sentence that names the table's file is named beside each of its errors (source.h). */
static struct use use_of(const struct sources *sources, const struct table *table, struct span user)
{
    struct use use = {""};
    const struct source *entries = sources->files[table_origin(table)->at.file];
    unsigned line = source_line(sources, user);
    if (!table_origin(table)->in_file || entries->named_in != user.file ||
        entries->named_at != line)
        snprintf(use.text, sizeof use.text, " (used in %.*s:%u)",
                 SLICE_ARGS(sources->files[user.file]->path), line);
    return use;
}

bool table_check(struct sources *sources, const struct table *table, table_judge *judge,
                 struct span user)
{
    struct table_walk walk = table_walk(sources, table);
    struct use used = use_of(sources, table, user);
    struct slice entry;
    struct span at;
    unsigned faults = 0;
    while (faults < REPORTED_MAX && table_walk_next(&walk, &entry, &at)) {
        const char *fault = judge(entry);
        if (!fault)
            continue;
        faults++;
        source_error(sources, at, "the entry \"%.*s\" %s%s%s", SHOWN(entry), fault, used.text,
                     faults == REPORTED_MAX ? "; what follows was not looked at" : "");
    }
    return faults == 0;
}

const char *entry_fault(struct slice entry)
{
    if (slice_starts(entry, SLICE("\xef\xbb\xbf")))
        return "begins with a byte order mark; expected it at the start of the file alone (were "
               "files put together?)";
    if (entry.len > TABLE_ENTRY_MAX)
        return "is longer than 1000 octets";
    for (size_t i = 0; i < entry.len; i++)
        if (((unsigned char)entry.ptr[i] < ' ' && entry.ptr[i] != '\t') || entry.ptr[i] == 127)
            return "holds a control character; expected one entry a line, each line ended by LF "
                   "or CR LF";
    return NULL;
}

const char *network_fault(struct slice entry)
{
    struct network network;
    return network_parse(entry, &network) ? NULL : "is neither an address nor a network";
}

/* Another spelling than names have beside case, which the table does not count. */
static bool spelled_otherwise(struct slice entry)
{
    return entry.len && (!slice_is_ascii(entry) || entry.ptr[entry.len - 1] == '.');
}

static bool add_spelled(struct sources *sources, struct table *table, struct slice entry,
                        struct span at, struct slice spelled)
{
    size_t number = table_number_of(table, entry), other = table_number_of(table, spelled);
    if (number > 0 && other > 0 && other != number)
        source_error(sources, at, "\"%.*s\" is the domain in line %u again", SHOWN(entry),
                     source_line(sources, pairs_place(table, other)));
    return number ? table_add_numbered(sources, table, spelled, number)
                  : table_add(sources, table, spelled);
}

/* https://evil.example/x, evil.example/x: reported. */
static bool holds_url(struct sources *sources, struct slice entry, struct span at)
{
    const struct slice mark = SLICE("://");
    size_t scheme = slice_search(entry, mark);
    struct slice name = scheme < entry.len ? slice_from(entry, scheme + mark.len) : entry;
    size_t slash = slice_find(name, '/');
    if (name.len == entry.len && (slash == name.len || slice_find(entry, '@') < entry.len))
        return false;
    name = slice_sub(name, 0, slash);
    name = slice_sub(name, 0, slice_find(name, ':'));
    source_error(sources, at, "\"%.*s\" is a URL, and no domain is; expected \"%.*s\"",
                 SHOWN(entry), SHOWN(name));
    return true;
}

void table_take_names(struct sources *sources, struct table *table)
{
    struct table_walk walk = table_walk(sources, table);
    struct slice entry;
    struct span at;
    if (table_origin(table)->named)
        return;
    table_origin(table)->named = true;
    if (table_is_plain(table))
        return;
    while (table_walk_next(&walk, &entry, &at)) {
        if (holds_url(sources, entry, at) || !spelled_otherwise(entry))
            continue;
        const char *flaw = spelling_flaw(sources->arena, entry);
        struct slice spelled = spell_entry(sources->arena, entry);
        sources->no_memory |= !spelled.ptr;
        if (flaw)
            source_error(sources, at,
                         "no domain can be in \"%.*s\": %s; expected one such as \"example.com\"",
                         SHOWN(entry), flaw);
        else if (!spelled.ptr || !add_spelled(sources, table, entry, at, spelled))
            return;
    }
}

bool table_take_networks(struct sources *sources, struct table *table, struct span user)
{
    struct slice bad;
    if (table_as_networks(sources, table, &bad))
        return true;
    if (bad.len > 0)
        table_check(sources, table, network_fault, user);
    return false;
}
