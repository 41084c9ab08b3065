/* SPDX-License-Identifier: ISC
 * The names of what can be wrong with a message, and sets of them.
 * The table is filters/mime/malformations.def. */
#ifndef FILTERS_MIME_MALFORMATION_H
#define FILTERS_MIME_MALFORMATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum malformation {
#define MALFORMATION(id, name, grade, meaning) MALFORMATION_##id,
#include "filters/mime/malformations.def"
#undef MALFORMATION
    MALFORMATION_COUNT
};

enum malformation_grade { GRADE_HARMLESS, GRADE_ODD, GRADE_HIDING };

/* A set; {0} is empty. */
struct malformations {
    uint64_t bits[(MALFORMATION_COUNT + 63) / 64];
};

void malformations_add(struct malformations *set, enum malformation m);
void malformations_remove(struct malformations *set, enum malformation m);
bool malformations_has(const struct malformations *set, enum malformation m);
void malformations_merge(struct malformations *into, const struct malformations *from);

/* The worst grade in the set; GRADE_HARMLESS for the empty set. */
enum malformation_grade malformations_worst(const struct malformations *set);

/* "base64-junk"; "hiding"; a sentence for the manual. Static text. */
const char *malformation_name(enum malformation m);
const char *malformation_meaning(enum malformation m);
enum malformation_grade malformation_grade(enum malformation m);
const char *malformation_grade_name(enum malformation_grade grade);

#endif
