/* SPDX-License-Identifier: ISC
 * Names of people, as a reader takes them: whatever case, accents, script, order, titles and company they
 * come with.
 *
 * A display name falls into pieces at brackets, commas, bars, slashes, colons, dashes between blanks,
 * addresses, and words such as "via". Each piece is looked at, and each two around a comma together
 * ("Example, Anna"). Of a piece titles (titles.def) and single letters do not count where two words are
 * left without them; "ae", "oe" and "ue" are a, o and u, as "ä" is a. */
#ifndef FILTERS_LIKENESS_PERSON_NAME_H
#define FILTERS_LIKENESS_PERSON_NAME_H

#include "filters/likeness/look.h"

enum {
    PERSON_NAME_READ = 200, /* octets of a display name that are looked at */
    PERSON_PIECES_MAX = 12,
    PERSON_WORDS_MAX = 24, /* a piece of more is no name, even written letter by letter */
    PERSON_KEY_MAX = 320,
};

/* One way to write a name: equal for two names when they are one. */
struct person_key {
    char text[PERSON_KEY_MAX];
    size_t len;
};

struct person_piece {
    struct slice words[PERSON_WORDS_MAX]; /* folded; without titles and initials */
    size_t count;
    bool comma; /* stands between this and the next */
};

struct person_reading {
    char text[2 * PERSON_NAME_READ]; /* folded */
    struct person_piece pieces[PERSON_PIECES_MAX];
    size_t count;
};

void person_read(struct slice name, enum look_by by, struct person_reading *out);

/* Of a piece and, if `next` is not NULL, the one behind the comma: the words in alphabetical order. */
void person_key_sorted(const struct person_piece *piece, const struct person_piece *next,
                       struct person_key *out);

/* The words of a piece from `first` on and then those before, without a blank: "annaexample". */
void person_key_joined(const struct person_piece *piece, size_t first, struct person_key *out);

/* An address without case and what follows a '+' in its local part. */
void person_key_address(struct slice address, struct person_key *out);

/* The next address within a display name from *rest on, which is moved behind it. False: none. */
bool person_address(struct slice *rest, struct slice *address);

#endif
