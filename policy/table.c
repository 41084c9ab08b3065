/* SPDX-License-Identifier: ISC
 * Open addressing; hashed from the end of a text to its front,
 * so that one walk gives the hash of every ending. */
#include "policy/table.h"

#include "policy/letters.h"
#include "policy/table_entries.h"
#include "policy/table_file.h"

#include <string.h>

struct table {
    struct table_file file;             /* what was read from one */
    struct slice *slots; /* all else */ /* lower case; ptr NULL: empty */
    uint32_t *numbers;                  /* of the slots; NULL: none has one */
    size_t size, count;                 /* size: a power of two */
    bool has_endings;                   /* an entry begins with "*." or "@" */
    struct network *networks;           /* of the slots; family 0: empty */
    size_t network_size;
    struct network_lengths lengths;
    struct table_origin *origin;
    struct pairs *pairs;
    struct table *beyond; /* the entries beyond ASCII, folded, for texts; NULL: there are none */
};

static size_t slot_of(uint64_t hash, size_t size)
{
    return (size_t)(hash ^ hash >> 29) & (size - 1);
}

/* Where prefix + ending is or would be; the prefix ("*", "") is hashed already. */
static struct slice *find_slot(struct slice *slots, size_t size, uint64_t hash, struct slice prefix,
                               struct slice ending)
{
    size_t i = slot_of(hash, size);
    for (; slots[i].ptr; i = (i + 1) & (size - 1))
        if (slots[i].len == prefix.len + ending.len && slice_starts(slots[i], prefix) &&
            slice_ieq(slice_from(slots[i], prefix.len), ending))
            break;
    return &slots[i];
}

static size_t size_for(size_t count)
{
    size_t size = 16;
    while (size < count * 2)
        size *= 2;
    return size;
}

struct table *table_new(struct sources *sources, size_t expected)
{
    struct table *table = source_alloc(sources, 1, sizeof *table);
    if (!table)
        return NULL;
    table->size = size_for(expected);
    table->slots = source_alloc(sources, table->size, sizeof *table->slots);
    table->origin = source_alloc(sources, 1, sizeof *table->origin);
    return table->slots && table->origin ? table : NULL;
}

static bool enlarge(struct sources *sources, struct table *table)
{
    size_t size = table->size * 2;
    struct slice *slots = source_alloc(sources, size, sizeof *slots);
    uint32_t *numbers = table->numbers ? source_alloc(sources, size, sizeof *numbers) : NULL;
    if (!slots || (table->numbers && !numbers))
        return false;
    for (size_t i = 0; i < table->size; i++) {
        struct slice entry = table->slots[i];
        if (!entry.ptr)
            continue;
        struct slice *slot = find_slot(slots, size, table_hash(entry), SLICE(""), entry);
        *slot = entry;
        if (numbers)
            numbers[slot - slots] = table->numbers[i];
    }
    table->slots = slots;
    table->numbers = numbers;
    table->size = size;
    return true;
}

static struct slice lower_copy_of(struct sources *sources, struct slice entry)
{
    char *copy = source_alloc(sources, entry.len + 1, 1);
    for (size_t i = 0; copy && i < entry.len; i++)
        copy[i] = ascii_lower(entry.ptr[i]);
    return (struct slice){copy, entry.len};
}

/* The slot, filled. NULL: memory. */
static struct slice *add(struct sources *sources, struct table *table, struct slice entry)
{
    if (table->count * 2 >= table->size && !enlarge(sources, table))
        return NULL;
    struct slice copy = lower_copy_of(sources, entry);
    if (!copy.ptr)
        return NULL;
    struct slice *slot = find_slot(table->slots, table->size, table_hash(copy), SLICE(""), copy);
    if (slot->ptr)
        return slot;
    *slot = copy;
    table->count++;
    table->has_endings |= slice_starts(copy, SLICE("*.")) || slice_starts(copy, SLICE("@"));
    return slot;
}

static bool number_slot(struct sources *sources, struct table *table, const struct slice *slot,
                        size_t number)
{
    if (!table->numbers)
        table->numbers = source_alloc(sources, table->size, sizeof *table->numbers);
    if (table->numbers)
        table->numbers[slot - table->slots] = (uint32_t)number;
    return table->numbers != NULL;
}

static bool add_with(struct sources *sources, struct table *table, struct slice entry,
                     size_t number)
{
    if (table_file_number(&table->file, table_hash(entry), SLICE(""), entry))
        return true;
    struct slice *slot = add(sources, table, entry);
    return slot && (number == 0 || number_slot(sources, table, slot, number));
}

/* For texts, whose letters are compared in all their cases. */
static bool add_beyond(struct sources *sources, struct table *table, struct slice entry,
                       size_t number)
{
    struct buf folded = buf_init(entry.len / 2 * 3 + 2);
    letters_fold(&folded, entry);
    if (!table->beyond)
        table->beyond = table_new(sources, 0);
    bool added = table->beyond && !folded.failed &&
                 add_with(sources, table->beyond, buf_slice(&folded), number);
    sources->no_memory |= !added;
    buf_release(&folded);
    return added;
}

bool table_add(struct sources *sources, struct table *table, struct slice entry)
{
    return table_add_numbered(sources, table, entry, 0);
}

bool table_add_numbered(struct sources *sources, struct table *table, struct slice entry,
                        size_t number)
{
    return add_with(sources, table, entry, number) &&
           (slice_is_ascii(entry) || add_beyond(sources, table, entry, number));
}

size_t table_count(const struct table *table)
{
    return table->file.count + table->count;
}

/* Those of it as they were written, and in their one spelling. */
static bool own_each(const struct table *table, size_t *at, struct slice *entry)
{
    if (table_file_each(&table->file, at, entry))
        return true;
    while (*at < table->file.size + table->size) {
        *entry = table->slots[(*at)++ - table->file.size];
        if (entry->ptr)
            return true;
    }
    return false;
}

bool table_each(const struct table *table, size_t *at, struct slice *entry)
{
    if (own_each(table, at, entry))
        return true;
    size_t own = table->file.size + table->size, beyond = *at - own;
    bool more = table->beyond && table_each(table->beyond, &beyond, entry);
    *at = own + beyond;
    return more;
}

/* An entry, and its number: who has it copied says which, in a file of pairs it is the file's. */
struct found {
    bool there;
    size_t number;
};

static struct found find(const struct table *table, uint64_t hash, struct slice prefix,
                         struct slice ending)
{
    const struct slice *slot = find_slot(table->slots, table->size, hash, prefix, ending);
    if (slot->ptr)
        return (struct found){true, table->numbers ? table->numbers[slot - table->slots] : 0};
    size_t number = table_file_number(&table->file, hash, prefix, ending);
    return (struct found){number > 0, table->file.values ? number : 0};
}

/* The longest ".ending" (as "*.ending") or "@ending" of the text that is there. */
static struct found find_ending(const struct table *table, struct slice text)
{
    uint64_t hash = TABLE_HASH_START;
    struct found longest = {0}, found;
    for (size_t i = text.len; i-- > 0;) {
        hash = table_hash_more(hash, text.ptr[i]);
        struct slice ending = slice_from(text, i);
        if (text.ptr[i] == '.' && i > 0 &&
            (found = find(table, table_hash_more(hash, '*'), SLICE("*"), ending)).there)
            longest = found;
        if (text.ptr[i] == '@' && (found = find(table, hash, SLICE(""), ending)).there)
            longest = found;
    }
    return longest;
}

static struct found find_name(const struct table *table, struct slice text)
{
    struct found found = find(table, table_hash(text), SLICE(""), text);
    return found.there || !(table->has_endings || table->file.has_endings)
               ? found
               : find_ending(table, text);
}

bool table_holds_text(const struct table *table, struct slice text)
{
    return find_name(table, text).there;
}

/* Of a long text the end is enough: no entry is so long. */
enum {
    LOOKED_AT = 2 * TABLE_ENTRY_MAX,
    FOLDED = LOOKED_AT / 2 * 3 /* two octets may become three */
};

static struct slice fold(struct slice text, char room[static FOLDED])
{
    struct buf folded = buf_over(room, FOLDED);
    if (slice_is_ascii(text))
        return text;
    letters_fold(&folded, text.len > LOOKED_AT ? slice_from(text, text.len - LOOKED_AT) : text);
    return buf_slice(&folded);
}

bool table_holds_letters(const struct table *table, struct slice text)
{
    char room[FOLDED];
    struct slice folded = fold(text, room);
    return find_name(table, folded).there ||
           (table->beyond && find_name(table->beyond, folded).there);
}

size_t table_number_for(const struct table *table, struct slice text, bool letters)
{
    char room[FOLDED];
    struct slice folded = letters ? fold(text, room) : text;
    size_t number = find_name(table, folded).number;
    if (number > 0 || !letters || !table->beyond)
        return number;
    return find_name(table->beyond, folded).number;
}

size_t table_number_of(const struct table *table, struct slice entry)
{
    return find(table, table_hash(entry), SLICE(""), entry).number;
}

struct pairs *table_pairs(const struct table *table)
{
    return table->pairs;
}

void table_set_pairs(struct table *table, struct pairs *pairs)
{
    table->pairs = pairs;
}

static struct network *network_slot(const struct table *table, const struct network *network)
{
    size_t i = slot_of(network_hash(network), table->network_size);
    for (; table->networks[i].base.family; i = (i + 1) & (table->network_size - 1))
        if (memcmp(&table->networks[i], network, sizeof *network) == 0)
            break;
    return &table->networks[i];
}

static void add_network(struct table *table, const struct network *network)
{
    struct network whole = network_masked(network);
    *network_slot(table, &whole) = whole;
    network_lengths_add(&table->lengths, &whole);
}

/* What the file's index knows as networks stays there. */
bool table_as_networks(struct sources *sources, struct table *table, struct slice *bad)
{
    *bad = SLICE("");
    if (table->networks)
        return true;
    struct slice entry;
    size_t at = table->file.networks.size ? table->file.size : 0;
    table->network_size = size_for(at ? table->count : table_count(table));
    table->networks = source_alloc(sources, table->network_size, sizeof *table->networks);
    if (!table->networks)
        return false;
    while (own_each(table, &at, &entry)) {
        struct network network;
        if (!network_parse(entry, &network)) {
            *bad = entry;
            table->networks = NULL;
            return false;
        }
        add_network(table, &network);
    }
    return true;
}

bool table_holds_ip(const struct table *table, const struct ip *ip)
{
    struct network network;
    if (!table->networks)
        return false;
    if (network_places_hold(&table->file.networks, ip))
        return true;
    for (unsigned length = 0; network_lengths_next(&table->lengths, ip, &length, &network);)
        if (network_slot(table, &network)->base.family)
            return true;
    return false;
}

bool table_holds_all(const struct table *table)
{
    return network_lengths_have_all(&table->lengths) ||
           network_lengths_have_all(&table->file.networks.lengths);
}

bool table_line(struct slice *text, struct slice *entry)
{
    while (text->len > 0) {
        struct slice line, comment;
        slice_cut(*text, '\n', &line, text);
        slice_cut(line, '#', entry, &comment);
        *entry = slice_trim(*entry);
        if (entry->len > 0)
            return true;
    }
    return false;
}

bool table_take_file(struct sources *sources, struct table *table, const struct table_file *file)
{
    struct slice entry;
    table->file = *file;
    for (size_t at = 0; file->beyond_ascii && table_file_each(file, &at, &entry);)
        if (!slice_is_ascii(entry) && !add_beyond(sources, table, entry, file->values ? at : 0))
            return false;
    return true;
}

bool table_read(struct sources *sources, struct table *table, struct slice text)
{
    struct table_file file;
    return table_file_read(sources, &file, text) && table_take_file(sources, table, &file);
}

const struct table_file *table_in_file(const struct table *table)
{
    return &table->file;
}

bool table_is_plain(const struct table *table)
{
    return table->file.plain && table->count == 0;
}

struct table_origin *table_origin(const struct table *table)
{
    return table->origin;
}
