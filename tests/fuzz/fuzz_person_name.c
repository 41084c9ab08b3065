/* SPDX-License-Identifier: ISC
 * Whatever a display name is: what is read of it is bounded, an ASCII letter's case changes nothing, and
 * a name that is in the table is found. */
#include "filters/likeness/person_name.h"

#include "filters/likeness/people.h"
#include "tests/fuzz/target.h"

/* Whether there is a name in it. */
static bool is_sound(struct slice name, enum look_by by)
{
    struct person_reading reading;
    struct person_key key;
    person_read(name, by, &reading);
    require(reading.count < PERSON_PIECES_MAX);
    for (size_t i = 0; i < reading.count; i++) {
        const struct person_piece *piece = &reading.pieces[i];
        require(piece->count > 0 && piece->count <= PERSON_WORDS_MAX);
        person_key_sorted(piece, i + 1 < reading.count ? piece + 1 : NULL, &key);
        require(key.len <= sizeof key.text);
        person_key_joined(piece, piece->count - 1, &key);
        require(key.len <= sizeof key.text);
    }
    return reading.count > 0;
}

static void case_is_nothing(struct slice name)
{
    char room[2][1024];
    struct buf one = buf_over(room[0], sizeof room[0]), other = buf_over(room[1], sizeof room[1]);
    struct slice part = slice_sub(name, 0, PERSON_NAME_READ);
    for (size_t i = 0; i < part.len; i++)
        buf_char(&other, ascii_lower(part.ptr[i]));
    char lower[PERSON_NAME_READ];
    memcpy(lower, buf_slice(&other).ptr, part.len);
    buf_clear(&other);
    look_fold(&one, part, LOOK_BY_SHAPE);
    look_fold(&other, (struct slice){lower, part.len}, LOOK_BY_SHAPE);
    require(slice_eq(buf_slice(&one), buf_slice(&other)));
    buf_clear(&other);
    look_fold(&other, buf_slice(&one), LOOK_BY_SHAPE);
    require(slice_eq(buf_slice(&one), buf_slice(&other)));
}

FUZZ_WITH_ARENA(name, 1 << 20)
{
    static const struct person anna = {{"Anna Example", 12}, {"anna@example.com", 16}};
    bool by_shape = is_sound(name, LOOK_BY_SHAPE), by_case = is_sound(name, LOOK_BY_CASE);
    case_is_nothing(name);
    struct person persons[] = {anna, {name, SLICE("they@example.com")}};
    struct people *people = people_new(arena, persons, 2);
    require(people != NULL);
    require(people_find(people, SLICE("Example, Anna"), SLICE("x@evil.test")) != NULL);
    require(people_find(people, SLICE("Anna Example"), SLICE("Anna+x@example.com")) == NULL);
    bool some = by_shape || by_case;
    require(!some || people_find(people, name, SLICE("x@evil.test")) != NULL);
}
