/* SPDX-License-Identifier: ISC
 * Where links lead to. */
#include "filters/spam/spam_walk.h"
#include "policy/facts.h"

/* Each host and what it is below of: a.b.example, b.example, example. */
static void take_host(struct spam_walk *walk, struct slice host)
{
    for (size_t levels = 0; host.len && levels < 5; levels++) {
        spam_take(walk, SPAM_TOKEN_HOST, host);
        host = slice_from(host, slice_find(host, '.') + 1);
    }
}

static void take_path(struct spam_walk *walk, struct slice path)
{
    struct spam_phrase phrase = {.len = 0};
    spam_say_form(&phrase, slice_sub(path, 0, 60));
    spam_take_phrase(walk, SPAM_TOKEN_PATH, &phrase);
    spam_say(&phrase, SLICE("length "));
    spam_say_size(&phrase, path.len);
    spam_take_phrase(walk, SPAM_TOKEN_PATH, &phrase);
}

static void take_link(struct spam_walk *walk, const struct value *fields)
{
    if (fields[link_ip].truth)
        spam_take(walk, SPAM_TOKEN_PATH, SLICE("an address"));
    else
        take_host(walk, slice_sub(fields[link_host].text, 0, 255));
    if (fields[link_shortened].truth)
        spam_take(walk, SPAM_TOKEN_PATH, SLICE("shortened"));
    take_path(walk, fields[link_path].text);
    const struct value *shown = &fields[link_text_domain], *domain = &fields[link_domain];
    if (shown->state == VALUE_KNOWN)
        spam_take(walk, SPAM_TOKEN_PATH,
                  domain->state == VALUE_KNOWN && slice_eq(shown->text, domain->text)
                      ? SLICE("shows its domain")
                      : SLICE("shows another domain"));
}

void spam_walk_links(struct spam_walk *walk)
{
    const struct value *links = walk->source->links;
    if (links->state != VALUE_KNOWN)
        return;
    for (size_t i = 0; i < links->list.count && i < SPAM_LINKS_MAX; i++)
        take_link(walk, links->list.items[i].fields);
}
