/* SPDX-License-Identifier: ISC */
#include "filters/text/word_set.h"

#include "base/utf8.h"

#include <string.h>

enum { PLACES = 2 * WORD_SET_MAX, PROBES_MAX = 64, LETTERS_LEAST = 5, LETTERS_MOST = 32 };

static const uint64_t HASH_BEGIN = 14695981039346656037u, HASH_FACTOR = 1099511628211u;

void word_set_clear(struct word_set *set)
{
    if (set->count || set->full)
        memset(set, 0, sizeof *set);
}

/* Where it stands, or would; PLACES: nowhere that is looked at. */
static size_t place_of(const struct word_set *set, uint64_t digest)
{
    for (size_t i = 0; i < PROBES_MAX; i++) {
        size_t at = (digest + i) % PLACES;
        if (set->places[at] == 0 || set->places[at] == digest)
            return at;
    }
    return PLACES;
}

static void put(struct word_set *set, uint64_t digest)
{
    digest ^= digest >> 32;
    digest += digest == 0;
    size_t at = place_of(set, digest);
    if (at < PLACES && set->places[at] == digest)
        return;
    if (at == PLACES || set->count == WORD_SET_MAX) {
        set->full = true;
        return;
    }
    set->places[at] = digest;
    set->count++;
}

size_t word_set_common(const struct word_set *one, const struct word_set *other)
{
    size_t common = 0;
    for (size_t i = 0; i < PLACES; i++) {
        size_t at = one->places[i] ? place_of(other, one->places[i]) : PLACES;
        common += at < PLACES && other->places[at] == one->places[i];
    }
    return common;
}

/* ---- words ---- */

static uint64_t mix(uint64_t digest, uint32_t code)
{
    return (digest ^ code) * HASH_FACTOR;
}

static uint32_t folded(uint32_t code)
{
    bool latin = (code >= 0xc0 && code < 0xdf && code != 0xd7);
    bool greek = code >= 0x391 && code <= 0x3a9, cyrillic = code >= 0x410 && code < 0x430;
    if (code < 0x80)
        return (uint32_t)(unsigned char)ascii_lower((char)code);
    return latin || greek || cyrillic ? code + 0x20 : code;
}

static bool is_letter(uint32_t code)
{
    if (code < 0x80)
        return ascii_alpha((char)code);
    return code >= 0xc0 && code != 0xd7 && code != 0xf7 && !(code >= 0x2000 && code < 0x2c00) &&
           !(code >= 0x3000 && code < 0x3040) && !(code >= 0xff00 && code < 0xff10) &&
           !(code >= 0xfe00 && code < 0xfe70) && code < 0x1f000;
}

/* Han, kana, hangul and Thai. */
static bool has_no_blanks(uint32_t code)
{
    return (code >= 0x0e00 && code < 0x0e80) || (code >= 0x3040 && code < 0xd7b0) ||
           (code >= 0xf900 && code < 0xfb00) || (code >= 0x20000 && code < 0x30000);
}

struct word {
    uint64_t digest;
    size_t letters;
    uint32_t before; /* a character of a script without blanks */
};

static void end_word(struct word_set *set, struct word *word)
{
    if (word->letters >= LETTERS_LEAST && word->letters <= LETTERS_MOST)
        put(set, word->digest);
    *word = (struct word){.digest = HASH_BEGIN};
}

static void add_code(struct word_set *set, struct word *word, uint32_t code)
{
    if (has_no_blanks(code)) {
        uint32_t before = word->before;
        end_word(set, word);
        word->before = code;
        if (before)
            put(set, mix(mix(HASH_BEGIN, before), code));
        return;
    }
    if (!is_letter(code) || word->before)
        end_word(set, word);
    if (!is_letter(code))
        return;
    word->digest = mix(word->digest, folded(code));
    word->letters++;
}

static void add_run(struct word_set *set, struct slice run)
{
    struct word word = {.digest = HASH_BEGIN};
    while (run.len > 0) {
        uint32_t code = 0;
        size_t n = utf8_next(run, &code);
        add_code(set, &word, n ? code : ' ');
        run = slice_from(run, n ? n : 1);
    }
    end_word(set, &word);
}

/* Links and addresses stand in programs' texts, not in what one says. */
static bool is_link(struct slice run)
{
    return slice_find(run, '@') < run.len || slice_search(run, SLICE("://")) < run.len ||
           slice_istarts(run, SLICE("www."));
}

void word_set_add(struct word_set *set, struct slice text)
{
    while (text.len > 0) {
        struct slice run = slice_sub(text, 0, slice_find(text, ' '));
        text = slice_from(text, run.len + 1);
        if (!is_link(run))
            add_run(set, run);
    }
}
