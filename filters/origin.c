/* SPDX-License-Identifier: ISC */
#include "filters/origin.h"

#include "base/utf8.h"
#include "policy/geo.h"

enum { NAME_MOST = 200 };

static bool find(const struct mmdb *db, const struct ip *client, size_t *record)
{
    return db && client->family &&
           mmdb_find(db, client->bytes, client->family == 4 ? 4 : 16, record);
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* ZZ: nobody knows (some makers write it for private networks). */
static struct value country(const struct mmdb *db, const struct ip *client)
{
    size_t record;
    struct slice code;
    bool told = find(db, client, &record) && mmdb_text(db, record, geo_country_path, &code) &&
                code.len == 2 && is_capital(code.ptr[0]) && is_capital(code.ptr[1]) &&
                !slice_eq(code, SLICE("ZZ"));
    return told ? value_text(code) : value_absent();
}

static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 127)
            return false;
    return text.len > 0 && text.len <= NAME_MOST && utf8_valid(text);
}

void origin_facts(const struct config *config, const struct ip *client, struct facts *facts)
{
    const struct mmdb *systems = config->geo_asn;
    struct value *fact = facts->fact;
    size_t record;
    uint64_t number;
    struct slice name;
    fact[FACT_CLIENT_COUNTRY] = country(config->geo_country, client);
    bool found = find(systems, client, &record);
    fact[FACT_CLIENT_ASN] =
        found && mmdb_number(systems, record, geo_asn_path, &number) && number <= UINT32_MAX
            ? value_number((double)number)
            : value_absent();
    fact[FACT_CLIENT_AS_NAME] =
        found && mmdb_text(systems, record, geo_as_name_path, &name) && is_plain(name)
            ? value_text(name)
            : value_absent();
}
