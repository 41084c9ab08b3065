/* SPDX-License-Identifier: ISC
 * Open addressing; hashed from the end of a text to its front,
 * so that one walk gives the hash of every ending. */
#include "policy/table.h"

#include "policy/letters.h"
#include "policy/table_entries.h"
#include "policy/table_file.h"

#include <string.h>

struct network_slot {
    struct network network; /* family 0: empty */
};

struct table {
    struct table_file file;             /* what was read from one, without values */
    struct slice *slots; /* all else */ /* lower case; ptr NULL: empty */
    uint32_t *numbers;                  /* of the slots; NULL: none has one */
    size_t size, count;                 /* size: a power of two */
    bool has_endings;                   /* an entry begins with "*." or "@" */
    struct network *networks;
    size_t network_size;
    uint8_t lengths4[33], lengths6[129]; /* prefix lengths in use */
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

/* Stands for the slot of an entry that is in the file: it has none, and no number. */
static struct slice in_file;

/* The slot, filled. NULL: memory. */
static struct slice *add(struct sources *sources, struct table *table, struct slice entry)
{
    if (table->count * 2 >= table->size && !enlarge(sources, table))
        return NULL;
    if (table_file_holds(&table->file, table_hash(entry), SLICE(""), entry))
        return &in_file;
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

static struct slice *slot_for(const struct table *table, uint64_t hash, struct slice prefix,
                              struct slice ending)
{
    struct slice *slot = find_slot(table->slots, table->size, hash, prefix, ending);
    if (slot->ptr)
        return slot;
    return table_file_holds(&table->file, hash, prefix, ending) ? &in_file : NULL;
}

/* The longest ".ending" (as "*.ending") or "@ending" of the text that is there. */
static struct slice *slot_for_ending(const struct table *table, struct slice text)
{
    uint64_t hash = TABLE_HASH_START;
    struct slice *longest = NULL, *found;
    for (size_t i = text.len; i-- > 0;) {
        hash = table_hash_more(hash, text.ptr[i]);
        struct slice ending = slice_from(text, i);
        if (text.ptr[i] == '.' && i > 0 &&
            (found = slot_for(table, table_hash_more(hash, '*'), SLICE("*"), ending)))
            longest = found;
        if (text.ptr[i] == '@' && (found = slot_for(table, hash, SLICE(""), ending)))
            longest = found;
    }
    return longest;
}

static struct slice *slot_for_name(const struct table *table, struct slice text)
{
    struct slice *slot = slot_for(table, table_hash(text), SLICE(""), text);
    return slot || !(table->has_endings || table->file.has_endings) ? slot
                                                                    : slot_for_ending(table, text);
}

bool table_holds_text(const struct table *table, struct slice text)
{
    return slot_for_name(table, text) != NULL;
}

static size_t number_of(const struct table *table, const struct slice *slot)
{
    return slot && table->numbers ? table->numbers[slot - table->slots] : 0;
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
    return slot_for_name(table, folded) || (table->beyond && slot_for_name(table->beyond, folded));
}

size_t table_number_for(const struct table *table, struct slice text, bool letters)
{
    char room[FOLDED];
    struct slice folded = letters ? fold(text, room) : text;
    size_t number = number_of(table, slot_for_name(table, folded));
    if (number > 0 || !letters || !table->beyond)
        return number;
    return number_of(table->beyond, slot_for_name(table->beyond, folded));
}

size_t table_number_of(const struct table *table, struct slice entry)
{
    return number_of(table, slot_for(table, table_hash(entry), SLICE(""), entry));
}

struct pairs *table_pairs(const struct table *table)
{
    return table->pairs;
}

void table_set_pairs(struct table *table, struct pairs *pairs)
{
    table->pairs = pairs;
}

static struct ip masked(const struct ip *ip, uint8_t length)
{
    struct ip out = {.family = ip->family};
    memcpy(out.bytes, ip->bytes, length / 8);
    if (length % 8)
        out.bytes[length / 8] = ip->bytes[length / 8] & (uint8_t)(0xff00 >> length % 8);
    return out;
}

static struct network *network_slot(const struct table *table, const struct network *network)
{
    struct slice bytes = {(const char *)network->base.bytes, sizeof network->base.bytes};
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < bytes.len; i++)
        hash = (hash ^ (unsigned char)bytes.ptr[i]) * 0x100000001b3u;
    size_t i =
        slot_of(hash ^ network->length ^ (uint64_t)network->base.family << 8, table->network_size);
    for (; table->networks[i].base.family; i = (i + 1) & (table->network_size - 1))
        if (memcmp(&table->networks[i], network, sizeof *network) == 0)
            break;
    return &table->networks[i];
}

static void add_network(struct table *table, const struct network *network)
{
    struct network whole = {masked(&network->base, network->length), network->length};
    *network_slot(table, &whole) = whole;
    (whole.base.family == 4 ? table->lengths4 : table->lengths6)[whole.length] = 1;
}

bool table_as_networks(struct sources *sources, struct table *table, struct slice *bad)
{
    *bad = SLICE("");
    if (table->networks)
        return true;
    struct slice entry;
    table->network_size = size_for(table_count(table));
    table->networks = source_alloc(sources, table->network_size, sizeof *table->networks);
    if (!table->networks)
        return false;
    for (size_t at = 0; own_each(table, &at, &entry);) {
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
    const uint8_t *lengths = ip->family == 4 ? table->lengths4 : table->lengths6;
    unsigned longest = ip->family == 4 ? 32 : 128;
    for (unsigned length = 0; table->networks && ip->family && length <= longest; length++) {
        if (!lengths[length])
            continue;
        struct network network = {masked(ip, (uint8_t)length), (uint8_t)length};
        if (network_slot(table, &network)->base.family)
            return true;
    }
    return false;
}

bool table_holds_all(const struct table *table)
{
    return table->lengths4[0] || table->lengths6[0];
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

bool table_read(struct sources *sources, struct table *table, struct slice text)
{
    struct slice entry;
    if (!table_file_read(sources, &table->file, text))
        return false;
    while (table->file.beyond_ascii && table_line(&text, &entry))
        if (!slice_is_ascii(entry) && !add_beyond(sources, table, entry, 0))
            return false;
    return true;
}

bool table_is_plain(const struct table *table)
{
    return table->file.plain && table->count == 0;
}

struct table_origin *table_origin(const struct table *table)
{
    return table->origin;
}
