/* SPDX-License-Identifier: ISC */
#include "base/domain_name.h"

#include "base/utf8.h"

#include <idn2.h>
#include <string.h>

static const char no_memory[] = "out of memory";

static bool host_octet(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '-' || c == '_';
}

/* What keeps ASCII text from being a name; NULL: nothing. */
static const char *flaw_of(struct slice name)
{
    size_t label = 0;
    if (name.len > DOMAIN_NAME_MAX)
        return "it is longer than 253 octets";
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (c == '.' ? label == 0 : !host_octet(c))
            return c == '.' ? "a label is empty" : "it holds what no name of a host may";
        label = c == '.' ? 0 : label + 1;
        if (label > DOMAIN_LABEL_MAX)
            return "a label is longer than 63 octets";
    }
    return label == 0 ? "a label is empty" : NULL;
}

bool domain_name_is_plain(struct slice name)
{
    return flaw_of(name) == NULL;
}

/* Without the check that a label which is an A-label already decodes: there is no such check for
 * names that are ASCII as a whole, and a label means the same beside any other. */
static const char *to_a_labels(struct arena *arena, struct slice spelling, struct slice *out)
{
    static const int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL | IDN2_NO_ALABEL_ROUNDTRIP;
    uint8_t *ascii = NULL;
    char *text = arena_cstr(arena, spelling);
    if (!text)
        return no_memory;
    if (strlen(text) != spelling.len || !utf8_valid(spelling))
        return "it is no UTF-8 text";
    int result = idn2_lookup_u8((const uint8_t *)text, &ascii, flags);
    if (result == IDN2_OK)
        *out = arena_copy(arena, slice_of((const char *)ascii));
    idn2_free(ascii);
    if (result != IDN2_OK)
        return idn2_strerror(result);
    return out->ptr ? NULL : no_memory;
}

static const char *to_lower(struct arena *arena, struct slice name, struct domain_name *out)
{
    char *lower = arena_cstr(arena, name);
    if (!lower)
        return no_memory;
    for (size_t i = 0; i < name.len; i++)
        lower[i] = ascii_lower(lower[i]);
    out->text = (struct slice){lower, name.len};
    return NULL;
}

const char *domain_name_make(struct arena *arena, struct slice spelling, struct domain_name *out)
{
    struct slice name = spelling;
    *out = (struct domain_name){.text = {"", 0}};
    if (spelling.len > DOMAIN_SPELLING_MAX)
        return "it is longer than 253 octets";
    const char *flaw = slice_is_ascii(spelling) ? NULL : to_a_labels(arena, spelling, &name);
    if (flaw)
        return flaw;
    if (name.len && name.ptr[name.len - 1] == '.')
        name.len--;
    flaw = flaw_of(name);
    return flaw ? flaw : to_lower(arena, name, out);
}
