/* SPDX-License-Identifier: ISC */
#include "filters/org_domain.h"

#include "base/utf8.h"

#include <idn2.h>
#include <libpsl.h>
#include <string.h>

enum { INPUT_MAX = 1024, NAME_MAX_OCTETS = 253, LABEL_MAX = 63 };

static bool is_ascii(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] >= 0x80)
            return false;
    return true;
}

static bool host_octet(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '-' || c == '_';
}

static bool is_host_name(struct slice name)
{
    size_t label = 0;
    if (name.len == 0 || name.len > NAME_MAX_OCTETS)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '.') {
            if (label == 0)
                return false;
            label = 0;
        } else if (!host_octet(name.ptr[i]) || ++label > LABEL_MAX) {
            return false;
        }
    }
    return label > 0;
}

static struct slice to_a_labels(struct arena *arena, struct slice name)
{
    struct slice out = {NULL, 0};
    uint8_t *ascii = NULL;
    char *text = arena_cstr(arena, name);
    if (!text || strlen(text) != name.len || !utf8_valid(name))
        return out;
    if (idn2_lookup_u8((const uint8_t *)text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) ==
        IDN2_OK)
        out = arena_copy(arena, slice_of((const char *)ascii));
    idn2_free(ascii);
    return out;
}

bool domain_normalise(struct arena *arena, struct slice domain, struct slice *out)
{
    *out = (struct slice){"", 0};
    if (domain.len == 0 || domain.len > INPUT_MAX)
        return false;
    struct slice name = is_ascii(domain) ? domain : to_a_labels(arena, domain);
    if (name.len && name.ptr[name.len - 1] == '.')
        name.len--;
    char *lower = is_host_name(name) ? arena_cstr(arena, name) : NULL;
    if (!lower)
        return false;
    for (size_t i = 0; i < name.len; i++)
        lower[i] = ascii_lower(lower[i]);
    *out = (struct slice){lower, name.len};
    return true;
}

struct slice org_domain(struct slice domain)
{
    char text[NAME_MAX_OCTETS + 1];
    const struct slice none = {"", 0};
    if (!is_host_name(domain))
        return none;
    memcpy(text, domain.ptr, domain.len);
    text[domain.len] = '\0';
    const char *registered = psl_registrable_domain(psl_builtin(), text);
    return registered ? slice_from(domain, (size_t)(registered - text)) : none;
}
