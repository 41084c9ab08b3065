/* SPDX-License-Identifier: ISC */
#include "console/transparent/host_missing.h"

#include <string.h>

void host_lacks(struct host_check *check, struct slice what, struct slice mend)
{
    check->count++;
    buf_cstr(check->missing, "missing: ");
    buf_append(check->missing, what);
    buf_cstr(check->missing, "; to mend it: ");
    buf_append(check->missing, mend);
    buf_char(check->missing, '\n');
}

void host_hides(struct host_check *check, const char *what)
{
    check->unseen = true;
    buf_printf(check->missing, "cannot be seen: %s\n", what);
}

bool host_text_is(const json_t *object, const char *key, const char *value)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text && strcmp(text, value) == 0;
}
