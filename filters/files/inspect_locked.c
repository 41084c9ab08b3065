/* SPDX-License-Identifier: ISC
 * Office documents with a password: what the words of the message open, and what programs open by
 * themselves. */
#include "filters/documents/office_97.h"
#include "filters/documents/office_lock.h"
#include "filters/files/inspect_internal.h"

enum {
    SCRATCH_SLACK = 1 << 20,
    TRIES_MAX = 20,
    SPINS_MAX = 2000000, /* of all tries on a document: half a second */
    TRY_SPINS = 2500,    /* for which a try counts as another on a zip */
};

#define PACKAGE SLICE("EncryptedPackage")

/* Takes a try off what is left of them. */
static bool may_try(struct passwords *passwords, uint32_t spins)
{
    unsigned cost = 1 + spins / TRY_SPINS;
    if (cost > passwords->tries)
        return false;
    passwords->tries -= cost;
    return true;
}

/* A way of being locked, and the key once it is found. */
struct locked {
    const void *lock;
    void *key;
    bool (*try)(const struct locked *locked, struct slice password);
    uint32_t spins; /* that a try costs */
};

static bool find_key(struct level *level, const struct locked *locked)
{
    struct slice list[PASSWORDS_MAX];
    uint32_t spent = locked->spins;
    if (locked->try(locked, OFFICE_OWN_PASSWORD))
        return true;
    struct passwords *passwords = inspect_passwords(level);
    size_t count = passwords ? passwords_list(passwords, level->file->name, list) : 0;
    for (size_t i = 0; i < count && i < TRIES_MAX; i++) {
        spent += locked->spins;
        if (spent > SPINS_MAX || !may_try(passwords, locked->spins))
            return false;
        if (locked->try(locked, list[i]))
            return true;
    }
    return false;
}

/* It is the file itself to whoever opens that: of the same names. */
static void add_document(struct level *level, struct slice document)
{
    const struct inspected_file *outer = level->file;
    if (document.len == 0) {
        inspect_note_problem(level->file, "corrupt");
        return;
    }
    if (inspect_too_deep(level) || !inspect_charge(level, 1, document.len))
        return;
    struct inspected_file *file = inspect_add(level, outer->names, outer->name_count, document.len);
    if (!file)
        return;
    file->encrypted = true;
    inspect_look_inside(level->inspection, file, document);
    level->findings->macros = level->findings->macros || file->macros;
    level->findings->embedded = level->findings->embedded || file->embedded;
    level->findings->active = level->findings->active || file->active;
    level->findings->remote = level->findings->remote || file->remote;
}

/* ---- ECMA-376 ---- */

static bool try_package(const struct locked *locked, struct slice password)
{
    return office_lock_try(locked->lock, password, locked->key);
}

static void open_package(struct level *level, struct arena *scratch, const struct ole *ole,
                         const struct ole_entry *package)
{
    struct office_lock lock;
    struct office_key key;
    if (!office_lock_read(scratch, ole, &lock))
        return;
    const struct locked locked = {&lock, &key, try_package, lock.spins};
    if (!find_key(level, &locked))
        return;
    struct slice stream = ole_read(scratch, ole, package, ole->content.len);
    char *octets = arena_cstr(scratch, stream);
    if (octets)
        add_document(level, office_lock_open(&lock, &key, octets, stream.len));
    else
        inspect_note_problem(level->file, "memory");
}

/* ---- Word and Excel 97 ---- */

static bool try_97(const struct locked *locked, struct slice password)
{
    return office_97_try(locked->lock, password, locked->key);
}

static void open_97(struct level *level, struct arena *scratch, const struct ole *ole)
{
    struct office_97_lock lock;
    struct office_97_key key;
    const struct locked locked = {&lock, &key, try_97, 0};
    if (!office_97_read(scratch, ole, &lock) || !find_key(level, &locked))
        return;
    char *copy = arena_cstr(scratch, ole->content);
    if (copy && office_97_open(scratch, ole, &lock, &key, copy))
        add_document(level, (struct slice){copy, ole->content.len});
    else
        inspect_note_problem(level->file, "memory");
}

void inspect_locked(struct level *level, struct slice content)
{
    struct ole ole;
    if (!level->findings->encrypted)
        return;
    struct arena *scratch = arena_new(SCRATCH_SLACK + 8 * content.len);
    if (!scratch)
        inspect_note_problem(level->file, "memory");
    else if (ole_open(scratch, content, &ole)) {
        const struct ole_entry *package = ole_find(&ole, PACKAGE);
        if (package)
            open_package(level, scratch, &ole, package);
        else
            open_97(level, scratch, &ole);
    }
    arena_free(&scratch);
}
