/* SPDX-License-Identifier: ISC
 * Which mailbox is selected, and which ones the server says are for junk and for what was deleted. It is asked once in a
 * session, and only when something moves. */
#include "common/imap_capabilities.h"
#include "proxy/imap/imap_session.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES_MOST = 16, NAME_MOST = 1024, HEARD_MOST = 1000 /* a list without an end is none */ };

struct place {
    char *name; /* owned */
    enum imap_mailbox is;
};

struct imap_places {
    char *selected; /* owned; NULL: none, or its name is not known */
    bool reads;     /* what is read there is marked as read */
    bool asked;
    bool says; /* the server has such attributes */
    struct place listed[PLACES_MOST];
    size_t count, heard;
};

void imap_places_end(struct imap_session *s)
{
    struct imap_places *places = s->places;
    s->places = NULL;
    if (!places)
        return;
    for (size_t i = 0; i < places->count; i++)
        free(places->listed[i].name);
    free(places->selected);
    free(places);
}

static struct imap_places *places_of(struct imap_session *s)
{
    if (!s->places)
        s->places = calloc(1, sizeof *s->places);
    return s->places;
}

static char *name_of(struct slice name)
{
    return name.len <= NAME_MOST ? strndup(name.ptr, name.len) : NULL;
}

void imap_places_select(struct imap_session *s, struct slice name, bool reads)
{
    struct imap_places *places = places_of(s);
    if (!places)
        return;
    free(places->selected);
    places->selected = name_of(name);
    places->reads = reads;
}

enum imap_mailbox imap_places_look(const struct imap_session *s, struct slice name)
{
    const struct imap_places *places = s->places;
    for (size_t i = 0; places && i < places->count; i++)
        if (slice_eq(name, slice_of(places->listed[i].name)))
            return places->listed[i].is;
    return imap_mailbox_by_name(name);
}

enum imap_mailbox imap_places_selected(const struct imap_session *s)
{
    const char *name = s->places ? s->places->selected : NULL;
    return name ? imap_places_look(s, slice_of(name)) : IMAP_MAILBOX_OTHER;
}

bool imap_places_are_read(const struct imap_session *s, struct slice *name)
{
    const struct imap_places *places = s->places;
    if (!places || !places->selected || !places->reads)
        return false;
    *name = slice_of(places->selected);
    return slice_ieq(*name, SLICE("INBOX")) ||
           (places->says && imap_places_look(s, *name) == IMAP_MAILBOX_OTHER);
}

/* ---- the server is asked ---- */

static bool takes_list(struct imap_session *s, const struct imap_response *response)
{
    struct imap_places *places = s->places;
    enum imap_mailbox is;
    struct slice name;
    if (!slice_ieq(response->name, SLICE("LIST")))
        return false;
    if (++places->heard > HEARD_MOST)
        imap_out_of_step(s, "a list without an end");
    else if (places->count < PLACES_MOST &&
             imap_mailbox_listed(s->reader.mail, response->rest, &is, &name) &&
             is != IMAP_MAILBOX_OTHER && (places->listed[places->count].name = name_of(name)))
        places->listed[places->count++].is = is;
    return true;
}

static void listed(struct imap_session *s, const struct imap_response *response, struct slice line)
{
    (void)response, (void)line;
    imap_opine(s);
}

static const struct imap_exchange listing = {.untagged = takes_list, .done = listed};

static bool takes_capabilities(struct imap_session *s, const struct imap_response *response)
{
    struct slice word, rest = response->rest;
    if (!slice_ieq(response->name, SLICE("CAPABILITY")))
        return false;
    while (imap_capability(&rest, &word))
        s->places->says |= slice_ieq(word, SLICE("SPECIAL-USE"));
    return true;
}

static void told(struct imap_session *s, const struct imap_response *response, struct slice line)
{
    (void)response, (void)line;
    if (s->places->says)
        imap_ask(s, imap_own_tag(s), SLICE("LIST (SPECIAL-USE) \"\" \"*\""), &listing);
    else
        imap_opine(s);
}

static const struct imap_exchange telling = {.untagged = takes_capabilities, .done = told};

bool imap_places_ask(struct imap_session *s)
{
    struct imap_places *places = places_of(s);
    if (!places || places->asked)
        return false;
    places->asked = true;
    imap_ask(s, imap_own_tag(s), SLICE("CAPABILITY"), &telling);
    return true;
}
