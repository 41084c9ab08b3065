/* SPDX-License-Identifier: ISC
 * Open addressing; hashed from the end of a text to its front,
 * so that one walk gives the hash of every ending. */
#include "policy/table.h"

#include "policy/table_entries.h"

#include <string.h>

struct network_slot {
    struct network network; /* family 0: empty */
};

struct table {
    struct slice *slots; /* lower case; ptr NULL: empty */
    size_t size, count;  /* size: a power of two */
    bool has_endings;    /* an entry begins with "*." or "@" */
    struct network *networks;
    size_t network_size;
    uint8_t lengths4[33], lengths6[129]; /* prefix lengths in use */
    struct table_origin *origin;
};

static uint64_t hash_more(uint64_t hash, char c)
{
    return (hash ^ (unsigned char)ascii_lower(c)) * 0x100000001b3u;
}

static const uint64_t HASH_START = 0xcbf29ce484222325u;

static uint64_t hash_whole(struct slice s)
{
    uint64_t hash = HASH_START;
    for (size_t i = s.len; i > 0; i--)
        hash = hash_more(hash, s.ptr[i - 1]);
    return hash;
}

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
    if (!slots)
        return false;
    for (size_t i = 0; i < table->size; i++)
        if (table->slots[i].ptr)
            *find_slot(slots, size, hash_whole(table->slots[i]), SLICE(""), table->slots[i]) =
                table->slots[i];
    table->slots = slots;
    table->size = size;
    return true;
}

bool table_add(struct sources *sources, struct table *table, struct slice entry)
{
    if (table->count * 2 >= table->size && !enlarge(sources, table))
        return false;
    struct slice *slot = find_slot(table->slots, table->size, hash_whole(entry), SLICE(""), entry);
    if (slot->ptr)
        return true;
    char *copy = source_alloc(sources, entry.len + 1, 1);
    if (!copy)
        return false;
    for (size_t i = 0; i < entry.len; i++)
        copy[i] = ascii_lower(entry.ptr[i]);
    *slot = (struct slice){copy, entry.len};
    table->count++;
    table->has_endings |= slice_starts(entry, SLICE("*.")) || slice_starts(entry, SLICE("@"));
    return true;
}

size_t table_count(const struct table *table)
{
    return table->count;
}

static bool holds(const struct table *table, uint64_t hash, struct slice prefix,
                  struct slice ending)
{
    return find_slot(table->slots, table->size, hash, prefix, ending)->ptr != NULL;
}

/* Every ".ending" (as "*.ending") and "@ending" of the text. */
static bool holds_ending(const struct table *table, struct slice text)
{
    uint64_t hash = HASH_START;
    for (size_t i = text.len; i-- > 0;) {
        hash = hash_more(hash, text.ptr[i]);
        struct slice ending = slice_from(text, i);
        if (text.ptr[i] == '.' && i > 0 && holds(table, hash_more(hash, '*'), SLICE("*"), ending))
            return true;
        if (text.ptr[i] == '@' && holds(table, hash, SLICE(""), ending))
            return true;
    }
    return false;
}

bool table_holds_text(const struct table *table, struct slice text)
{
    return holds(table, hash_whole(text), SLICE(""), text) ||
           (table->has_endings && holds_ending(table, text));
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
    table->network_size = size_for(table->count);
    table->networks = source_alloc(sources, table->network_size, sizeof *table->networks);
    if (!table->networks)
        return false;
    for (size_t i = 0; i < table->size; i++) {
        struct network network;
        if (!table->slots[i].ptr)
            continue;
        if (!network_parse(table->slots[i], &network)) {
            *bad = table->slots[i];
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
    while (table_line(&text, &entry))
        if (!table_add(sources, table, entry))
            return false;
    return true;
}

struct table_origin *table_origin(const struct table *table)
{
    return table->origin;
}
