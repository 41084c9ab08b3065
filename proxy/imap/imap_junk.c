/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_junk.h"

#include "proxy/imap/imap_tokens.h"
#include "proxy/imap/imap_words.h"

static const struct {
    const char *utf8, *utf7;
    enum imap_mailbox is;
} names[] = {
#define JUNK(utf8, utf7) {utf8, utf7, IMAP_MAILBOX_JUNK},
#define TRASH(utf8, utf7) {utf8, utf7, IMAP_MAILBOX_TRASH},
#include "proxy/imap/imap_junk_names.def"
#undef JUNK
#undef TRASH
};

/* ---- names ---- */

static bool is_delimiter(char c)
{
    return c == '/' || c == '.' || c == '\\';
}

/* What stands below INBOX, or at the top. */
static struct slice below_inbox(struct slice name)
{
    static const char *const tops[] = {"INBOX", "[Gmail]", "[Google Mail]"};
    for (size_t i = 0; i < sizeof tops / sizeof *tops; i++) {
        struct slice top = slice_of(tops[i]);
        if (name.len > top.len && slice_istarts(name, top) && is_delimiter(name.ptr[top.len]))
            return slice_from(name, top.len + 1);
    }
    return name;
}

enum imap_mailbox imap_mailbox_by_name(struct slice name)
{
    struct slice own = below_inbox(name);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_ieq(own, slice_of(names[i].utf8)) || slice_ieq(own, slice_of(names[i].utf7)))
            return names[i].is;
    return IMAP_MAILBOX_OTHER;
}

static enum imap_mailbox by_attribute(struct slice attribute, enum imap_mailbox before)
{
    static const char *const special[] = {"\\Sent",    "\\Drafts",    "\\All",
                                          "\\Flagged", "\\Important", NULL};
    if (slice_ieq(attribute, SLICE("\\Junk")))
        return IMAP_MAILBOX_JUNK;
    if (slice_ieq(attribute, SLICE("\\Trash")))
        return IMAP_MAILBOX_TRASH;
    return before == IMAP_MAILBOX_OTHER && imap_is_among(attribute, special) ? IMAP_MAILBOX_SPECIAL
                                                                             : before;
}

bool imap_mailbox_listed(struct arena *arena, struct slice rest, enum imap_mailbox *out,
                         struct slice *name)
{
    struct slice token;
    enum imap_token kind;
    *out = IMAP_MAILBOX_OTHER;
    if (imap_token(&rest, &token) != IMAP_TOKEN_OPEN)
        return false;
    while ((kind = imap_token(&rest, &token)) == IMAP_TOKEN_ATOM)
        *out = by_attribute(token, *out);
    if (kind != IMAP_TOKEN_CLOSE)
        return false;
    kind = imap_token(&rest, &token); /* the delimiter, or NIL */
    return (kind == IMAP_TOKEN_QUOTED || kind == IMAP_TOKEN_ATOM) &&
           imap_string(arena, &rest, name);
}

bool imap_mailbox_named(struct arena *arena, const struct imap_command *command, struct slice *name)
{
    struct slice arguments = command->arguments;
    return imap_string(arena, &arguments, name);
}

/* ---- what is said by them ---- */

static struct slice set_of(struct slice *arguments)
{
    struct slice set;
    slice_cut(*arguments, ' ', &set, arguments);
    return set;
}

/* Clients have agreed on two pairs of keywords. */
static enum imap_saying by_flags(struct slice flags)
{
    static const char *const junk[] = {"$Junk", "Junk", NULL};
    static const char *const good[] = {"$NotJunk", "NotJunk", "NonJunk", NULL};
    bool is_junk = false, is_good = false;
    struct slice token;
    while (flags.len) {
        enum imap_token kind = imap_token(&flags, &token);
        if (kind == IMAP_TOKEN_BROKEN)
            return IMAP_SAYS_NOTHING;
        is_junk |= kind == IMAP_TOKEN_ATOM && imap_is_among(token, junk);
        is_good |= kind == IMAP_TOKEN_ATOM && imap_is_among(token, good);
    }
    return is_junk == is_good ? IMAP_SAYS_NOTHING : is_junk ? IMAP_SAYS_JUNK : IMAP_SAYS_GOOD;
}

/* Flags that are added: what takes one away is said beside that, or means nothing. */
static enum imap_saying store_says(struct slice arguments, struct imap_said *out)
{
    static const char *const adds[] = {"+FLAGS", "+FLAGS.SILENT", NULL};
    static const char *const modifiers[] = {"UNCHANGEDSINCE", NULL};
    const struct imap_words words = {.allowed = modifiers};
    struct slice token;
    *out = (struct imap_said){.how = OPINION_FLAGGED, .set = set_of(&arguments)};
    if (imap_optional_list(&arguments, &words) ||
        imap_token(&arguments, &token) != IMAP_TOKEN_ATOM || !imap_is_among(token, adds))
        return IMAP_SAYS_NOTHING;
    return by_flags(arguments);
}

static enum imap_saying move_says(struct arena *arena, const struct imap_command *command,
                                  struct imap_said *out)
{
    struct slice arguments = command->arguments;
    bool moves = command->verb == IMAP_MOVE;
    *out = (struct imap_said){.how = moves ? OPINION_MOVED : OPINION_COPIED,
                              .set = set_of(&arguments)};
    return imap_string(arena, &arguments, &out->mailbox) ? IMAP_SAYS_BY_MAILBOX : IMAP_SAYS_NOTHING;
}

static enum imap_saying append_says(struct arena *arena, const struct imap_command *command,
                                    struct imap_said *out)
{
    *out = (struct imap_said){.how = OPINION_APPENDED};
    bool named = imap_mailbox_named(arena, command, &out->mailbox);
    return named && !slice_ieq(out->mailbox, SLICE("INBOX")) ? IMAP_SAYS_BY_MAILBOX
                                                             : IMAP_SAYS_NOTHING;
}

enum imap_saying imap_says(struct arena *arena, const struct imap_command *command,
                           struct imap_said *out)
{
    switch (command->verb) {
    case IMAP_STORE:
        return store_says(command->arguments, out);
    case IMAP_COPY:
    case IMAP_MOVE:
        return move_says(arena, command, out);
    case IMAP_APPEND:
        return append_says(arena, command, out);
    default:
        return IMAP_SAYS_NOTHING;
    }
}

/* Who deletes junk does not call it good. */
enum imap_saying imap_mailbox_says(enum imap_mailbox from, enum imap_mailbox to)
{
    if (to == IMAP_MAILBOX_JUNK)
        return from == IMAP_MAILBOX_JUNK ? IMAP_SAYS_NOTHING : IMAP_SAYS_JUNK;
    return from == IMAP_MAILBOX_JUNK && to != IMAP_MAILBOX_TRASH ? IMAP_SAYS_GOOD
                                                                 : IMAP_SAYS_NOTHING;
}
