/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_command.h"
#include "proxy/imap/imap_tokens.h"

/* "1.2.HEADER": what stands behind the numbers and their dots, of which *numbers there are; as
 * a whole when they are none. */
static struct slice behind_part(struct slice section, size_t *numbers)
{
    size_t i = 0;
    *numbers = 0;
    for (;;) {
        size_t from = i;
        while (i < section.len && ascii_digit(section.ptr[i]))
            i++;
        if (i == from)
            return slice_from(section, from);
        ++*numbers;
        if (i == section.len)
            return slice_from(section, i);
        if (section.ptr[i++] != '.')
            return section;
    }
}

static bool is_header(struct slice section)
{
    size_t numbers;
    struct slice what = behind_part(section, &numbers), word, names;
    slice_cut(slice_sub(what, 0, slice_find(what, '(')), ' ', &word, &names);
    return slice_ieq(word, SLICE("HEADER.FIELDS")) || slice_ieq(word, SLICE("HEADER.FIELDS.NOT")) ||
           slice_ieq(what, SLICE("HEADER")) || (numbers && slice_ieq(what, SLICE("MIME")));
}

/* "BODY[section]<origin>", asked for or answered: its inside, and what stands behind. */
static bool cut_section(struct slice name, struct slice *section, struct slice *origin)
{
    size_t open = slice_find(name, '['), close = slice_rfind(name, ']');
    struct slice before = slice_sub(name, 0, open);
    if (close >= name.len || close < open ||
        !(slice_ieq(before, SLICE("BODY")) || slice_ieq(before, SLICE("BODY.PEEK"))))
        return false;
    *section = slice_sub(name, open + 1, close);
    *origin = slice_from(name, close + 1);
    return true;
}

/* A header from its beginning is one; what is cut out of its middle is seen to be none. */
static enum imap_item section_item(struct slice section, struct slice origin)
{
    bool begins =
        origin.len == 0 || slice_eq(origin, SLICE("<0>")) || slice_starts(origin, SLICE("<0."));
    if (section.len == 0)
        return origin.len ? IMAP_ITEM_CONTENT : IMAP_ITEM_WHOLE;
    return is_header(section) && begins ? IMAP_ITEM_OTHER : IMAP_ITEM_CONTENT;
}

bool imap_names_header(struct slice name)
{
    struct slice section, origin;
    return slice_ieq(name, SLICE("RFC822.HEADER")) ||
           (cut_section(name, &section, &origin) && is_header(section));
}

enum imap_item imap_item(struct slice name)
{
    struct slice section, origin;
    if (cut_section(name, &section, &origin))
        return section_item(section, origin);
    if (slice_ieq(name, SLICE("RFC822")) || slice_ieq(name, SLICE("RFC822.PEEK")))
        return IMAP_ITEM_WHOLE;
    if (slice_ieq(name, SLICE("RFC822.SIZE")) || slice_ieq(name, SLICE("RFC822.HEADER")))
        return IMAP_ITEM_OTHER;
    if (slice_find(name, '[') < name.len || slice_istarts(name, SLICE("RFC822")) ||
        slice_istarts(name, SLICE("BINARY")))
        return IMAP_ITEM_CONTENT;
    return IMAP_ITEM_OTHER;
}

static bool is_list_of_names(struct slice rest)
{
    struct slice token;
    enum imap_token kind = imap_token(&rest, &token);
    if (kind != IMAP_TOKEN_OPEN)
        return false;
    do
        kind = imap_token(&rest, &token);
    while (kind >= IMAP_TOKEN_ATOM && kind <= IMAP_TOKEN_LITERAL);
    return kind == IMAP_TOKEN_CLOSE && rest.len == 0;
}

static bool may_ask_for_section(struct slice section)
{
    size_t numbers;
    struct slice what = behind_part(section, &numbers), names;
    if (is_header(section))
        return !slice_cut(what, ' ', &what, &names) ? !slice_istarts(what, SLICE("HEADER."))
                                                    : is_list_of_names(names);
    return slice_ieq(what, SLICE("TEXT")) ||
           (what.len == 0 && (section.len == 0 || section.ptr[section.len - 1] != '.'));
}

/* "<0.100>" */
static bool may_ask_from(struct slice origin)
{
    struct slice from, count;
    uint64_t n;
    if (origin.len == 0)
        return true;
    return origin.len > 2 && origin.ptr[0] == '<' && origin.ptr[origin.len - 1] == '>' &&
           slice_cut(slice_sub(origin, 1, origin.len - 1), '.', &from, &count) &&
           slice_to_u64(from, INT64_MAX, &n) && slice_to_u64(count, INT64_MAX, &n);
}

static bool is_named(struct slice name)
{
    static const struct slice items[] = {
        SLICE("FLAGS"),       SLICE("UID"),           SLICE("INTERNALDATE"), SLICE("RFC822"),
        SLICE("RFC822.SIZE"), SLICE("RFC822.TEXT"),   SLICE("ENVELOPE"),     SLICE("RFC822.HEADER"),
        SLICE("RFC822.PEEK"), SLICE("BODYSTRUCTURE"), SLICE("BODY"),         SLICE("MODSEQ"),
        SLICE("SAVEDATE"),    SLICE("EMAILID"),       SLICE("THREADID"),     SLICE("ALL"),
        SLICE("X-GM-MSGID"),  SLICE("X-GM-THRID"),    SLICE("X-GM-LABELS"),  SLICE("FAST"),
        SLICE("FULL")};
    for (size_t i = 0; i < sizeof items / sizeof *items; i++)
        if (slice_ieq(name, items[i]))
            return true;
    return false;
}

bool imap_may_ask_for(struct slice name)
{
    struct slice section, origin;
    if (cut_section(name, &section, &origin))
        return may_ask_for_section(section) && may_ask_from(origin);
    return is_named(name);
}

bool imap_is_known(struct slice name)
{
    struct slice section, origin;
    return is_named(name) || slice_ieq(name, SLICE("ANNOTATION")) ||
           cut_section(name, &section, &origin);
}
