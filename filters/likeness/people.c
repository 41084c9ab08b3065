/* SPDX-License-Identifier: ISC */
#include "filters/likeness/people.h"

#include "filters/likeness/person_name.h"

/* A name sorted, and joined in two orders, each by shape and by case; and the address. */
enum { WAYS = 7, JOINED_MIN = 7 };

struct slot {
    struct slice key;
    const struct person *person; /* NULL: free */
    uint32_t hash;
};

struct people {
    const struct person *persons;
    size_t count;
    struct slot *slots;
    size_t size; /* a power of two */
    struct arena *arena;
};

static uint32_t hash_of(struct slice key)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ (unsigned char)key.ptr[i]) * 0x100000001b3u;
    return (uint32_t)(hash ^ hash >> 32);
}

/* ---- finding ---- */

static struct slice key_of(const struct person_key *form)
{
    return (struct slice){form->text, form->len};
}

/* What one name has come to. */
struct search {
    const struct people *people;
    struct person_key address;
    const struct person *found;
    bool own; /* the address is that of somebody with such a name */
};

static void note(struct search *search, const struct person *person)
{
    struct person_key its;
    person_key_address(person->address, &its);
    search->own = search->own || slice_eq(key_of(&its), key_of(&search->address));
    if (!search->found || person < search->found)
        search->found = person;
}

static void look_up(struct search *search, const struct person_key *form)
{
    const struct people *people = search->people;
    struct slice key = key_of(form);
    uint32_t hash = hash_of(key);
    if (key.len == 0)
        return;
    for (size_t at = hash & (people->size - 1); people->slots[at].person;
         at = (at + 1) & (people->size - 1))
        if (people->slots[at].hash == hash && slice_eq(people->slots[at].key, key))
            note(search, people->slots[at].person);
}

static void look_up_pieces(struct search *search, const struct person_reading *reading)
{
    struct person_key key;
    for (size_t i = 0; i < reading->count; i++) {
        const struct person_piece *piece = &reading->pieces[i];
        person_key_sorted(piece, NULL, &key);
        look_up(search, &key);
        person_key_joined(piece, 0, &key);
        if (key.len >= JOINED_MIN)
            look_up(search, &key);
        if (!piece->comma || i + 1 == reading->count)
            continue;
        person_key_sorted(piece, piece + 1, &key);
        look_up(search, &key);
    }
}

static void look_up_addresses(struct search *search, struct slice name)
{
    struct slice address;
    struct person_key key;
    while (person_address(&name, &address)) {
        person_key_address(address, &key);
        look_up(search, &key);
    }
}

const struct person *people_find(const struct people *people, struct slice name,
                                 struct slice address)
{
    struct search search = {.people = people};
    struct person_reading reading;
    person_key_address(address, &search.address);
    look_up_addresses(&search, slice_sub(name, 0, PERSON_NAME_READ));
    person_read(name, LOOK_BY_SHAPE, &reading);
    look_up_pieces(&search, &reading);
    person_read(name, LOOK_BY_CASE, &reading);
    look_up_pieces(&search, &reading);
    return search.own ? NULL : search.found;
}

/* ---- building ---- */

/* False: the arena is full. */
static bool enter(struct people *people, const struct person_key *form, const struct person *person)
{
    struct slice key = key_of(form);
    uint32_t hash = hash_of(key);
    size_t at = hash & (people->size - 1);
    for (; people->slots[at].person; at = (at + 1) & (people->size - 1))
        if (people->slots[at].person == person && slice_eq(people->slots[at].key, key))
            return true;
    people->slots[at] =
        (struct slot){.key = arena_copy(people->arena, key), .person = person, .hash = hash};
    return people->slots[at].key.ptr != NULL;
}

/* The name is the first piece, or the first two around a comma. */
static bool enter_reading(struct people *people, const struct person *person,
                          const struct person_reading *reading)
{
    struct person_key key;
    const struct person_piece *piece = reading->pieces;
    const struct person_piece *next = piece->comma && reading->count > 1 ? piece + 1 : NULL;
    if (reading->count == 0)
        return true;
    person_key_sorted(piece, next, &key);
    bool ok = key.len == 0 || enter(people, &key, person);
    if (next || piece->count < 2)
        return ok;
    for (size_t first = 0; ok && first < piece->count; first += piece->count - 1) {
        person_key_joined(piece, first, &key);
        ok = enter(people, &key, person);
    }
    return ok;
}

static bool enter_person(struct people *people, const struct person *person)
{
    struct person_reading reading;
    struct person_key key;
    person_key_address(person->address, &key);
    person_read(person->name, LOOK_BY_SHAPE, &reading);
    if (!enter(people, &key, person) || !enter_reading(people, person, &reading))
        return false;
    person_read(person->name, LOOK_BY_CASE, &reading);
    return enter_reading(people, person, &reading);
}

struct people *people_new(struct arena *arena, const struct person *persons, size_t count)
{
    struct people *people = arena_alloc(arena, sizeof *people);
    if (!people)
        return NULL;
    *people = (struct people){.persons = persons, .count = count, .size = 16, .arena = arena};
    while (people->size < count * 2 * WAYS)
        people->size *= 2;
    people->slots = arena_array(arena, people->size, sizeof *people->slots);
    for (size_t i = 0; people->slots && i < count; i++)
        if (!enter_person(people, &persons[i]))
            return NULL;
    return people->slots ? people : NULL;
}
