/* SPDX-License-Identifier: ISC */
#include "base/mmdb.h"

#include "base/mmdb_record.h"

enum { SEPARATOR = 16, METADATA_MOST = 128 * 1024, IPV4_AT = 96, SAMPLES = 2000 };

static const struct slice marker = {"\xab\xcd\xefMaxMind.com", 14};

/* ---- what a file says of itself ---- */

/* The last one counts: data may look like it. */
static bool find_marker(struct slice file, size_t *at)
{
    size_t least = file.len > METADATA_MOST ? file.len - METADATA_MOST : 0;
    for (size_t i = file.len; i > least + marker.len;) {
        i--;
        *at = i - marker.len;
        if (slice_starts(slice_from(file, *at), marker))
            return true;
    }
    return false;
}

static bool number_of(struct slice metadata, const char *key, uint64_t most, uint64_t *out)
{
    const char *const path[] = {key, NULL};
    struct mmdb_value value;
    bool is = mmdb_record_value(metadata, 0, path, &value) && value.kind == MMDB_NUMBER &&
              value.number <= most;
    *out = is ? value.number : 0;
    return is;
}

static struct slice type_of(struct slice metadata)
{
    static const char *const path[] = {"database_type", NULL};
    struct mmdb_value value;
    bool is = mmdb_record_value(metadata, 0, path, &value) && value.kind == MMDB_TEXT;
    return is ? value.text : SLICE("");
}

static bool read_metadata(struct slice metadata, struct mmdb *out)
{
    uint64_t nodes = 0, bits = 0, version = 0, format = 0;
    bool ok = number_of(metadata, "node_count", UINT32_MAX, &nodes) &&
              number_of(metadata, "record_size", 32, &bits) &&
              number_of(metadata, "ip_version", 6, &version) &&
              number_of(metadata, "binary_format_major_version", UINT16_MAX, &format);
    out->nodes = (uint32_t)nodes;
    out->bits = (unsigned)bits;
    out->six = version == 6;
    out->type = type_of(metadata);
    return ok && format == 2 && (bits == 24 || bits == 28 || bits == 32) &&
           (version == 4 || version == 6) && nodes > 0;
}

/* ---- the tree ---- */

static uint32_t octet(struct slice octets, size_t at)
{
    return (unsigned char)octets.ptr[at];
}

static uint32_t three(struct slice octets, size_t at)
{
    return octet(octets, at) << 16 | octet(octets, at + 1) << 8 | octet(octets, at + 2);
}

/* In nodes of 7 octets the one in the middle has the highest bits of both. */
static uint32_t branch(const struct mmdb *db, uint32_t node, bool right)
{
    size_t size = db->bits / 4, at = node * size;
    switch (db->bits) {
    case 24:
        return three(db->tree, at + (right ? 3 : 0));
    case 28:
        return three(db->tree, at + (right ? 4 : 0)) |
               (octet(db->tree, at + 3) >> (right ? 0 : 4) & 15) << 24;
    default:
        at += right ? 4 : 0;
        return octet(db->tree, at) << 24 | three(db->tree, at + 1);
    }
}

/* From a branch on, along the bits of an address. */
static uint32_t descend(const struct mmdb *db, uint32_t from, const uint8_t *address, size_t bits)
{
    for (size_t i = 0; i < bits && from < db->nodes; i++)
        from = branch(db, from, address[i / 8] >> (7 - i % 8) & 1);
    return from;
}

static bool is_record(const struct mmdb *db, uint32_t branch, size_t *record)
{
    uint64_t first = (uint64_t)db->nodes + SEPARATOR;
    *record = branch >= first ? branch - first : 0;
    return branch >= first && *record < db->records.len;
}

bool mmdb_open(struct slice file, struct mmdb *out, const char **reason)
{
    static const uint8_t zeros[IPV4_AT / 8];
    size_t end;
    *out = (struct mmdb){.nodes = 0};
    *reason = "it does not end as such a file does";
    if (!find_marker(file, &end))
        return false;
    *reason = "it does not say what is in it";
    if (!read_metadata(slice_from(file, end + marker.len), out))
        return false;
    *reason = "it is shorter than it says";
    uint64_t size = (uint64_t)out->nodes * (out->bits / 4);
    if (size + SEPARATOR > end)
        return false;
    out->tree = slice_sub(file, 0, (size_t)size);
    out->records = slice_sub(file, (size_t)size + SEPARATOR, end);
    out->four = out->six ? descend(out, 0, zeros, IPV4_AT) : 0;
    return true;
}

/* What lies in ::/96 is IPv4 by the tree, and no address that anybody has. */
static bool is_of_ipv4(const uint8_t *address)
{
    for (size_t i = 0; i < IPV4_AT / 8; i++)
        if (address[i])
            return false;
    return true;
}

bool mmdb_find(const struct mmdb *db, const uint8_t *address, size_t octets, size_t *record)
{
    if (octets != 4 && (!db->six || is_of_ipv4(address)))
        return false;
    return is_record(db, descend(db, octets == 4 ? db->four : 0, address, 8 * octets), record);
}

/* ---- records ---- */

bool mmdb_text(const struct mmdb *db, size_t record, const char *const *path, struct slice *out)
{
    struct mmdb_value value;
    bool is = mmdb_record_value(db->records, record, path, &value) && value.kind == MMDB_TEXT;
    *out = is ? value.text : SLICE("");
    return is;
}

bool mmdb_number(const struct mmdb *db, size_t record, const char *const *path, uint64_t *out)
{
    struct mmdb_value value;
    bool is = mmdb_record_value(db->records, record, path, &value) && value.kind == MMDB_NUMBER;
    *out = is ? value.number : 0;
    return is;
}

static bool node_has(const struct mmdb *db, uint32_t node, const char *const *path)
{
    size_t record;
    struct mmdb_value value;
    for (int right = 0; right < 2; right++)
        if (is_record(db, branch(db, node, right), &record) &&
            mmdb_record_value(db->records, record, path, &value))
            return true;
    return false;
}

bool mmdb_has(const struct mmdb *db, const char *const *path)
{
    uint32_t step = db->nodes / SAMPLES + 1;
    for (uint64_t node = 0; node < db->nodes; node += step)
        if (node_has(db, (uint32_t)node, path))
            return true;
    return false;
}
