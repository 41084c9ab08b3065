/* SPDX-License-Identifier: ISC */
#include "common/imap_capabilities.h"

static const struct slice relayed[] = {
    SLICE("ACL"),
    SLICE("ACL2=UNION"),
    SLICE("APPENDLIMIT"),
    SLICE("CHILDREN"),
    SLICE("CONDSTORE"),
    SLICE("CREATE-SPECIAL-USE"),
    SLICE("ENABLE"),
    SLICE("ESEARCH"),
    SLICE("ID"),
    SLICE("IDLE"),
    SLICE("IMAP4"),
    SLICE("IMAP4REV1"),
    SLICE("LIST-EXTENDED"),
    SLICE("LIST-MYRIGHTS"),
    SLICE("LIST-STATUS"),
    SLICE("LITERAL+"),
    SLICE("LITERAL-"),
    SLICE("METADATA"),
    SLICE("METADATA-SERVER"),
    SLICE("MOVE"),
    SLICE("MULTIAPPEND"),
    SLICE("NAMESPACE"),
    SLICE("OBJECTID"),
    SLICE("QRESYNC"),
    SLICE("QUOTA"),
    SLICE("QUOTASET"),
    SLICE("SAVEDATE"),
    SLICE("SEARCH=FUZZY"),
    SLICE("SEARCHRES"),
    SLICE("SORT"),
    SLICE("SORT=DISPLAY"),
    SLICE("SPECIAL-USE"),
    SLICE("STATUS=SIZE"),
    SLICE("UIDPLUS"),
    SLICE("UNSELECT"),
    SLICE("UTF8=ACCEPT"),
    SLICE("UTF8=ONLY"),
    SLICE("WITHIN"),
    SLICE("X-GM-EXT-1"),
    SLICE("XLIST"),
};
/* With whatever value. */
static const struct slice relayed_families[] = {
    SLICE("APPENDLIMIT="), SLICE("I18NLEVEL="), SLICE("QUOTA="), SLICE("RIGHTS="), SLICE("THREAD="),
};

static bool is_space(char c)
{
    return ascii_blank(c) || c == '\r' || c == '\n';
}

bool imap_capability(struct slice *list, struct slice *out)
{
    size_t from = 0;
    while (from < list->len && is_space(list->ptr[from]))
        from++;
    size_t to = from;
    while (to < list->len && !is_space(list->ptr[to]))
        to++;
    *out = slice_sub(*list, from, to);
    *list = slice_from(*list, to);
    return out->len > 0;
}

static bool is_value(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!ascii_alpha(c) && !ascii_digit(c) && c != '-' && c != '.' && c != '_')
            return false;
    }
    return text.len > 0;
}

bool imap_is_relayed_capability(struct slice capability)
{
    for (size_t i = 0; i < sizeof relayed / sizeof *relayed; i++)
        if (slice_ieq(capability, relayed[i]))
            return true;
    for (size_t i = 0; i < sizeof relayed_families / sizeof *relayed_families; i++)
        if (slice_istarts(capability, relayed_families[i]))
            return is_value(slice_from(capability, relayed_families[i].len));
    return false;
}
