/* SPDX-License-Identifier: ISC */
#include "filters/mime/malformation.h"

static const struct {
    const char *name;
    enum malformation_grade grade;
    const char *meaning;
} table[] = {
#define MALFORMATION(id, name, grade, meaning) {name, GRADE_##grade, meaning},
#include "filters/mime/malformations.def"
#undef MALFORMATION
};

void malformations_add(struct malformations *set, enum malformation m)
{
    set->bits[m / 64] |= UINT64_C(1) << (m % 64);
}

void malformations_remove(struct malformations *set, enum malformation m)
{
    set->bits[m / 64] &= ~(UINT64_C(1) << (m % 64));
}

bool malformations_has(const struct malformations *set, enum malformation m)
{
    return set->bits[m / 64] >> (m % 64) & 1;
}

void malformations_merge(struct malformations *into, const struct malformations *from)
{
    for (size_t i = 0; i < sizeof into->bits / sizeof *into->bits; i++)
        into->bits[i] |= from->bits[i];
}

enum malformation_grade malformations_worst(const struct malformations *set)
{
    enum malformation_grade worst = GRADE_HARMLESS;
    for (int m = 0; m < MALFORMATION_COUNT; m++)
        if (malformations_has(set, (enum malformation)m) && table[m].grade > worst)
            worst = table[m].grade;
    return worst;
}

const char *malformation_name(enum malformation m)
{
    return table[m].name;
}

const char *malformation_meaning(enum malformation m)
{
    return table[m].meaning;
}

enum malformation_grade malformation_grade(enum malformation m)
{
    return table[m].grade;
}

const char *malformation_grade_name(enum malformation_grade grade)
{
    static const char *const names[] = {"harmless", "odd", "hiding"};
    return names[grade];
}
