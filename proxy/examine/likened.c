/* SPDX-License-Identifier: ISC */
#include "proxy/examine/likened.h"

#include "filters/likeness/likeness.h"

void likened_facts(struct examination *e)
{
    if (e->proxy->likeness && e->facts.fact[FACT_FROM_LOOKALIKE].state == VALUE_PENDING)
        likeness_facts(e->proxy->likeness, e->arena, &e->facts);
}
