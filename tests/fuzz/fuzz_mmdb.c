/* SPDX-License-Identifier: ISC
 * A MaxMind DB file: whatever it is, addresses are looked up in it within its bounds. The first octets
 * are the address. */
#include "base/mmdb.h"
#include "tests/fuzz/target.h"

static const char *const country[] = {"country", "iso_code", NULL}, *const number[] = {
                                                                        "autonomous_system_number",
                                                                        NULL};

static bool lies_in(struct slice part, struct slice whole)
{
    return part.len == 0 || (part.ptr >= whole.ptr && part.len <= whole.len &&
                             (size_t)(part.ptr - whole.ptr) <= whole.len - part.len);
}

static void look_up(const struct mmdb *db, const uint8_t *address, size_t octets, struct slice file)
{
    size_t record;
    struct slice text;
    uint64_t value;
    if (!mmdb_find(db, address, octets, &record))
        return;
    require(record < db->records.len);
    if (mmdb_text(db, record, country, &text))
        require(lies_in(text, file));
    mmdb_number(db, record, number, &value);
}

FUZZ(file)
{
    struct mmdb db;
    const char *reason;
    uint8_t address[16] = {0};
    for (size_t i = 0; i < sizeof address; i++)
        address[i] = fuzz_octet(&file);
    if (!mmdb_open(file, &db, &reason))
        return;
    require(lies_in(db.tree, file) && lies_in(db.records, file) && lies_in(db.type, file));
    look_up(&db, address, 4, file);
    look_up(&db, address, 16, file);
    mmdb_has(&db, country);
}
