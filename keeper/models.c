/* SPDX-License-Identifier: ISC */
#include "keeper/models.h"

#include "base/log.h"
#include "base/sealed_file.h"
#include "keeper/model_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PATH_ROOM = NAME_MAX + 40,
    FOUND_MOST = 64, /* models in a folder: an older one of more is not looked at */
};

struct models {
    char folder[NAME_MAX];
    struct model_entry entries[FOUND_MOST + 1]; /* the newest first; one more while one is added */
    size_t count;
    uint64_t in_use; /* its number; 0: there is none */
};

static const char suffix[] = ".model";

static void path_of(const struct models *m, uint64_t number, char path[static PATH_ROOM])
{
    snprintf(path, PATH_ROOM, "%s/%016" PRIx64 "%s", m->folder, number, suffix);
}

static void word_path(const struct models *m, char path[static PATH_ROOM])
{
    snprintf(path, PATH_ROOM, "%s/in-use", m->folder);
}

static bool number_of(const char *name, uint64_t *number)
{
    char *end;
    *number = strtoull(name, &end, 16);
    return *number && end == name + 16 && strcmp(end, suffix) == 0;
}

/* ---- the list ---- */

static void insert(struct models *m, const struct model_entry *entry)
{
    size_t at = 0;
    while (at < m->count && m->entries[at].number > entry->number)
        at++;
    memmove(&m->entries[at + 1], &m->entries[at], (m->count - at) * sizeof *m->entries);
    m->entries[at] = *entry;
    m->count++;
}

static void drop(struct models *m, size_t at)
{
    char path[PATH_ROOM];
    path_of(m, m->entries[at].number, path);
    unlink(path);
    m->count--;
    memmove(&m->entries[at], &m->entries[at + 1], (m->count - at) * sizeof *m->entries);
}

/* The one in use stays, whatever its age. */
static void drop_oldest(struct models *m)
{
    for (size_t at = m->count; m->count > MODELS_MOST && at-- > 0;)
        if (m->entries[at].number != m->in_use)
            drop(m, at);
}

static const struct model_entry *find(const struct models *m, uint64_t number)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->entries[i].number == number)
            return &m->entries[i];
    return NULL;
}

size_t models_count(const struct models *m)
{
    return m->count;
}

const struct model_entry *models_at(const struct models *m, size_t index)
{
    return &m->entries[index];
}

const struct model_entry *models_in_use(const struct models *m)
{
    return find(m, m->in_use);
}

/* ---- opening ---- */

static void leave_out(const char *name, const char *reason)
{
    log_at(LEVEL_ERROR, "", "a model is left out", field_str("file", name),
           field_str("reason", reason));
}

static void take_file(struct models *m, const char *name, uint64_t number)
{
    char path[PATH_ROOM];
    const char *reason;
    struct model_file file;
    path_of(m, number, path);
    bool ok = model_file_read(path, &file, &reason);
    if (ok && file.entry.number != number) {
        ok = false;
        reason = "it has another's name";
        model_file_close(&file);
    }
    if (!ok) {
        leave_out(name, reason);
        return;
    }
    insert(m, &file.entry);
    model_file_close(&file);
    if (m->count > FOUND_MOST)
        m->count--;
}

static bool read_folder(struct models *m)
{
    uint64_t number;
    DIR *dir = opendir(m->folder);
    if (!dir)
        return false;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (number_of(entry->d_name, &number))
            take_file(m, entry->d_name, number);
    closedir(dir);
    return true;
}

/* Where it is not told, or that one is not there, the newest is. */
static void read_word(struct models *m)
{
    char path[PATH_ROOM], room[32];
    word_path(m, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t len = fd >= 0 ? read(fd, room, sizeof room) : -1;
    if (fd >= 0)
        close(fd);
    if (len < 0 || !slice_to_u64((struct slice){room, (size_t)len}, UINT64_MAX, &m->in_use) ||
        !find(m, m->in_use))
        m->in_use = m->count ? m->entries[0].number : 0;
}

struct models *models_open(const char *folder, const char **reason)
{
    struct models *m = calloc(1, sizeof *m);
    *reason = "out of memory";
    if (!m)
        return NULL;
    snprintf(m->folder, sizeof m->folder, "%s", folder);
    if ((mkdir(folder, 0700) != 0 && errno != EEXIST) || !read_folder(m)) {
        *reason = strerror(errno);
        models_close(&m);
        return NULL;
    }
    read_word(m);
    drop_oldest(m);
    return m;
}

void models_close(struct models **models)
{
    free(*models);
    *models = NULL;
}

/* ---- changing ---- */

bool models_use(struct models *m, uint64_t number, const char **reason)
{
    char path[PATH_ROOM], word[32];
    word_path(m, path);
    snprintf(word, sizeof word, "%" PRIu64, number);
    if (!model_file_write(m->folder, path, slice_of(word), reason))
        return false;
    m->in_use = number;
    return true;
}

static void drop_of_other_keys(struct models *m, const unsigned char *key)
{
    for (size_t at = m->count; at-- > 0;)
        if (memcmp(m->entries[at].key, key, SEAL_KEY_ID) != 0)
            drop(m, at);
}

static bool write_entry(struct models *m, const struct model_entry *entry, struct slice model,
                        struct slice predictions, const char **reason)
{
    char path[PATH_ROOM];
    struct buf out = buf_init(MODEL_FILE_MOST);
    path_of(m, entry->number, path);
    *reason = "out of memory";
    bool ok = model_file_pack(&out, entry, model, predictions) &&
              model_file_write(m->folder, path, buf_slice(&out), reason);
    buf_release(&out);
    if (!ok)
        unlink(path);
    return ok;
}

bool models_add(struct models *m, const struct model_entry *entry, struct slice model,
                struct slice predictions, const char **reason)
{
    char path[PATH_ROOM];
    if (!write_entry(m, entry, model, predictions, reason))
        return false;
    if (!models_use(m, entry->number, reason)) {
        path_of(m, entry->number, path);
        unlink(path);
        return false;
    }
    insert(m, entry);
    drop_of_other_keys(m, entry->key);
    drop_oldest(m);
    return true;
}

void models_forget(struct models *m)
{
    for (size_t at = m->count; at-- > 0;)
        if (m->entries[at].number != m->in_use)
            drop(m, at);
}

bool models_load(const struct models *m, const struct model_entry *entry, int *model,
                 int *predictions, const char **reason)
{
    char path[PATH_ROOM];
    struct model_file file;
    path_of(m, entry->number, path);
    if (!model_file_read(path, &file, reason)) {
        leave_out(path, *reason);
        return false;
    }
    *model = sealed_file_of("model", file.model);
    int second = predictions ? sealed_file_of("predictions", file.predictions) : -1;
    bool ok = *model >= 0 && (!predictions || second >= 0);
    if (!ok) {
        *reason = strerror(errno);
        if (*model >= 0)
            close(*model);
    } else if (predictions) {
        *predictions = second;
    }
    model_file_close(&file);
    return ok;
}
