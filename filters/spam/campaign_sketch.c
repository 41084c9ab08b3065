/* SPDX-License-Identifier: ISC */
#include "filters/spam/campaign_sketch.h"

#include "filters/spam/campaign_minima.h"
#include "filters/text/bodies.h"

#include <string.h>

enum { SHINGLES_LEAST = 16 /* different ones, below which a sketch says nothing */ };

struct campaign_minima campaign_minima_begin(const struct spam_key *key, uint64_t *least,
                                             size_t count)
{
    memset(least, 0xff, count * sizeof *least);
    return (struct campaign_minima){.key = key, .least = least, .count = count};
}

/* Each number is another hash. */
static uint64_t hash(uint64_t shingle, uint64_t number)
{
    uint64_t x = (shingle ^ number * UINT64_C(0xd1b54a32d192ed03)) * UINT64_C(0x9e3779b97f4a7c15);
    return (x ^ x >> 32) * UINT64_C(0xbf58476d1ce4e5b9);
}

static void take_shingle(struct campaign_minima *minima)
{
    struct siphash s = siphash_begin(minima->key->words);
    for (size_t i = 0; i < CAMPAIGN_SHINGLE; i++)
        siphash_mix(&s, minima->last[i], 1);
    uint64_t shingle = siphash_end(s, 3);
    minima->met[shingle >> 62] |= UINT64_C(1) << (shingle & 63);
    for (size_t i = 0; i < minima->count; i++) {
        uint64_t h = hash(shingle, i + 1);
        if (h < minima->least[i])
            minima->least[i] = h;
    }
}

void campaign_minima_take(struct campaign_minima *minima, struct slice piece)
{
    memmove(minima->last + 1, minima->last, sizeof minima->last - sizeof *minima->last);
    minima->last[0] = siphash(minima->key->words, piece);
    if (++minima->pieces >= CAMPAIGN_SHINGLE)
        take_shingle(minima);
}

size_t campaign_minima_variety(const struct campaign_minima *minima)
{
    size_t count = 0;
    for (size_t i = 0; i < sizeof minima->met / sizeof *minima->met; i++)
        count += (size_t)__builtin_popcountll(minima->met[i]);
    return count;
}

static bool says_enough(const struct campaign_minima *minima)
{
    return campaign_minima_variety(minima) >= SHINGLES_LEAST;
}

static bool take_pages(struct arena *arena, const struct mime_message *message,
                       struct campaign_minima *minima)
{
    struct malformations odd = {0}; /* others report them */
    size_t count, left = CAMPAIGN_HTML_MAX;
    const struct body *bodies = bodies_of(arena, message, &count);
    for (size_t i = 0; bodies && i < count && left > 0; i++) {
        struct slice html;
        bool cut;
        if (bodies[i].kind != BODY_HTML)
            continue;
        if (!mime_decode(bodies[i].part, arena, left, &html, &cut, &odd))
            return false;
        campaign_take_html(minima, html);
        left -= html.len;
    }
    return bodies;
}

bool campaign_sketch(struct arena *arena, const struct mime_message *message,
                     const struct value *text, const struct spam_key *key,
                     struct campaign_sketch *out)
{
    struct campaign_minima words = campaign_minima_begin(key, out->digests, CAMPAIGN_TEXT),
                           tags = campaign_minima_begin(key, out->digests + CAMPAIGN_TEXT,
                                                        CAMPAIGN_STRUCTURE);
    if (text->state == VALUE_KNOWN)
        campaign_take_text(&words, text);
    bool has_text = says_enough(&words), whole = !has_text || take_pages(arena, message, &tags);
    out->made = true;
    out->text = has_text;
    out->structure = has_text && says_enough(&tags);
    return whole;
}
