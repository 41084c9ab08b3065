/* SPDX-License-Identifier: ISC
 * geo { country "GeoLite2-Country.mmdb"  asn "GeoLite2-ASN.mmdb" }: the files are the
 * configuration's, so that processes which can open none look into them as well. */
#include "policy/geo.h"
#include "policy/parser.h"

const char *const geo_country_path[] = {"country", "iso_code", NULL};
const char *const geo_asn_path[] = {"autonomous_system_number", NULL};
const char *const geo_as_name_path[] = {"autonomous_system_organization", NULL};

static bool map(const struct loader *loader, struct slice path, struct slice *content,
                const char **reason)
{
    return (loader->map ? loader->map : loader->read)(loader->ctx, path, content, reason);
}

/* `tells`: what it is wanted for, under that path of its records. */
static struct mmdb *open_file(struct parser *parser, const struct token *given, struct slice path,
                              const char *tells, const char *const *where)
{
    struct sources *sources = parser->sources;
    struct slice content;
    const char *reason = "it cannot be read";
    struct mmdb *db = source_alloc(sources, 1, sizeof *db);
    if (!db)
        return NULL;
    if (!map(sources->loader, path, &content, &reason))
        source_error(sources, given->at, "\"%.*s\": %s", SHOWN(path), reason);
    else if (!mmdb_open(content, db, &reason))
        source_error(sources, given->at, "\"%.*s\" is no MaxMind DB file: %s", SHOWN(path), reason);
    else if (!mmdb_has(db, where))
        source_error(sources, given->at, "\"%.*s\" tells no %s: it is of the kind \"%.*s\"",
                     SHOWN(path), tells, SHOWN(db->type));
    return db;
}

void finish_geo(struct parser *parser)
{
    struct config *config = parser->config;
    const struct settings *settings = &config->settings;
    const struct token *country = setting_given(parser, "geo", "country"),
                       *asn = setting_given(parser, "geo", "asn");
    if (country)
        config->geo_country =
            open_file(parser, country, settings->geo_country, "countries", geo_country_path);
    if (asn)
        config->geo_asn =
            open_file(parser, asn, settings->geo_asn, "autonomous systems", geo_asn_path);
}

const char *geo_untold(const struct config *config, enum fact fact)
{
    bool of_asn = fact == FACT_CLIENT_ASN || fact == FACT_CLIENT_AS_NAME;
    return fact == FACT_CLIENT_COUNTRY && !config->geo_country ? "geo country"
           : of_asn && !config->geo_asn                        ? "geo asn"
                                                               : NULL;
}
