/* SPDX-License-Identifier: ISC
 * How many migrations each database of the keeper's has: FORM_HISTORY and so on (forms.def). */
#ifndef KEEPER_FORMS_H
#define KEEPER_FORMS_H

enum form {
#define FORM(id, file, migrations) FORM_##id = (migrations),
#include "keeper/forms.def"
#undef FORM
};

/* Behind the list of migrations: that the table says as many. */
#define FORM_FITS(id, migrations)                                                                  \
    _Static_assert(sizeof(migrations) / sizeof *(migrations) == FORM_##id, "keeper/forms.def")

#endif
