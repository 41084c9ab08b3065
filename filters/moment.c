/* SPDX-License-Identifier: ISC */
#include "filters/moment.h"

void moment_facts(const struct config *config, int64_t now, struct facts *facts)
{
    struct zone_time time = zone_time(&config->zone, now);
    facts->fact[FACT_TIME_HOUR] = value_number(time.hour);
    facts->fact[FACT_TIME_WEEKDAY] = value_integer(time.weekday);
    facts->fact[FACT_TIME_ZONE] = value_text(config->settings.time_zone);
}
