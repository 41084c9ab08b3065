/* SPDX-License-Identifier: ISC */
#include "proxy/examine/asked_before.h"

#include "common/client_hash.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct remembered {
    struct asked_sender sender; /* the texts lie behind the names */
    int64_t since;
    size_t count;
    struct dns_wanted names[ASKED_BEFORE_NAMES];
    char text[];
};

struct asked_before {
    uint64_t key[2];
    struct remembered *senders[ASKED_BEFORE_SENDERS];
};

struct asked_before *asked_before_new(void)
{
    struct asked_before *memory = calloc(1, sizeof *memory);
    if (memory && getrandom(memory->key, sizeof memory->key, 0) != (ssize_t)sizeof memory->key)
        asked_before_free(&memory);
    return memory;
}

void asked_before_free(struct asked_before **memory)
{
    for (size_t i = 0; *memory && i < ASKED_BEFORE_SENDERS; i++)
        free((*memory)->senders[i]);
    free(*memory);
    *memory = NULL;
}

/* ---- where it stands ---- */

static size_t place_of(const struct asked_before *memory, const struct asked_sender *sender)
{
    uint64_t parts[3] = {client_hash(memory->key, &sender->client, 0),
                         siphash(memory->key, sender->helo), siphash(memory->key, sender->domain)};
    return siphash(memory->key, (struct slice){(const char *)parts, sizeof parts}) %
           ASKED_BEFORE_SENDERS;
}

static bool is_of(const struct remembered *r, const struct asked_sender *sender)
{
    return slice_eq(r->sender.domain, sender->domain) && slice_eq(r->sender.helo, sender->helo) &&
           memcmp(&r->sender.client, &sender->client, sizeof sender->client) == 0;
}

static bool is_good(const struct remembered *r, const struct asked_sender *sender, int64_t now)
{
    return r && now - r->since < ASKED_BEFORE_MS && is_of(r, sender);
}

size_t asked_before_find(const struct asked_before *memory, const struct asked_sender *sender,
                         int64_t now, const struct dns_wanted **names)
{
    const struct remembered *r = memory->senders[place_of(memory, sender)];
    if (!is_good(r, sender, now))
        return 0;
    *names = r->names;
    return r->count;
}

/* ---- what is remembered ---- */

static size_t length_of(const struct dns_wanted *names, size_t count)
{
    size_t octets = 0;
    for (size_t i = 0; i < count; i++)
        octets += names[i].name.len;
    return octets;
}

static struct slice put(char **at, struct slice text)
{
    struct slice copy = {*at, text.len};
    if (text.len)
        memcpy(*at, text.ptr, text.len);
    *at += text.len;
    return copy;
}

static void put_names(struct remembered *r, char **at, const struct dns_wanted *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        r->names[r->count++] =
            (struct dns_wanted){.name = put(at, names[i].name), .type = names[i].type};
}

void asked_before_note(struct asked_before *memory, const struct asked_sender *sender, int64_t now,
                       const struct dns_wanted *names, size_t count)
{
    struct remembered **place = &memory->senders[place_of(memory, sender)], *old = *place;
    bool goes_on = is_good(old, sender, now) && old->count + count <= ASKED_BEFORE_NAMES;
    size_t before = goes_on ? old->count : 0;
    if (count == 0 || count > ASKED_BEFORE_NAMES)
        return;
    size_t octets = sender->helo.len + sender->domain.len + length_of(names, count) +
                    (goes_on ? length_of(old->names, before) : 0);
    struct remembered *r = malloc(sizeof *r + octets);
    if (!r)
        return;
    char *at = r->text;
    r->since = goes_on ? old->since : now;
    r->count = 0;
    r->sender = *sender;
    r->sender.helo = put(&at, sender->helo);
    r->sender.domain = put(&at, sender->domain);
    if (goes_on)
        put_names(r, &at, old->names, before);
    put_names(r, &at, names, count);
    free(old);
    *place = r;
}
