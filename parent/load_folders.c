/* SPDX-License-Identifier: ISC
 * Folders that must take what is written, and the one with the signatures. */
#include "filters/pipeline.h"
#include "parent/load_look.h"
#include "parent/parent_keeper.h"
#include "parent/parent_redis.h"
#include "parent/parent_sealed.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- what is written ---- */

/* Goes up to the folder that `path` stands in; ".": the one where we are. */
static void go_up(char path[static PATH_MAX])
{
    char *slash = strrchr(path, '/');
    if (slash)
        slash[slash == path] = '\0';
    else
        memcpy(path, ".", 2);
}

static int folder_error(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return errno;
    if (!S_ISDIR(status.st_mode))
        return ENOTDIR;
    return access(path, W_OK | X_OK) == 0 ? 0 : errno;
}

/* Root takes over the folder of its user (parent_folder.h), and so needs no right to override modes, which our service has not. */
static bool is_taken_over(const char *path)
{
    struct stat status;
    return geteuid() == 0 && stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Folders are made where there are none: what counts is the nearest that is there. Whose folders are
 * closed to us can only be looked into by root. */
static int error_above(char path[static PATH_MAX])
{
    int error = folder_error(path);
    if (error == EACCES && is_taken_over(path))
        return 0;
    while (error == ENOENT && strcmp(path, "/") != 0 && strcmp(path, ".") != 0) {
        go_up(path);
        error = folder_error(path);
    }
    return error == EACCES && geteuid() != 0 ? 0 : error;
}

/* Of what the setting names; `path`, which is used up, is the folder that counts. */
static void look_above(struct load_look *look, const char *block, const char *word,
                       struct slice named, char path[static PATH_MAX], const char *so)
{
    int error = error_above(path);
    if (error)
        LOOK_WARNING(look, look_setting(look, block, word), "%s %s \"%.*s\": \"%.160s\": %s; %s",
                     block, word, PATH_SHOWN(named), path, strerror(error), so);
}

static void look_at_folder(struct load_look *look, const char *block, const char *word,
                           struct slice folder, const char *so)
{
    char path[PATH_MAX];
    if (slice_to_path(folder, path))
        look_above(look, block, word, folder, path, so);
}

/* The word is "key"; `nothing`: what that means. */
static void look_at_key(struct load_look *look, const char *block, struct slice key,
                        const char *nothing)
{
    char path[PATH_MAX];
    struct stat status;
    if (!slice_to_path(key, path))
        return;
    if (lstat(path, &status) != 0) {
        go_up(path);
        look_above(look, block, "key", key, path, nothing);
        return;
    }
    const char *fault = geteuid() == 0 ? sealed_key_fault(&status) : NULL;
    if (fault)
        LOOK_WARNING(look, look_setting(look, block, "key"), "%s key \"%.*s\": %s; until then %s",
                     block, PATH_SHOWN(key), fault, nothing);
}

/* A file that is made, unlike the folder that it stands in. */
static int file_error(char path[static PATH_MAX])
{
    struct stat status;
    if (stat(path, &status) == 0)
        return S_ISDIR(status.st_mode) ? EISDIR : access(path, W_OK) == 0 ? 0 : errno;
    if (errno != ENOENT)
        return errno;
    go_up(path);
    return folder_error(path);
}

static void look_at_decisions(struct load_look *look)
{
    char path[PATH_MAX];
    struct slice file = look->config->settings.log_decisions;
    struct span at = look_setting(look, "log", "decisions");
    if (file.len == 0)
        return;
    int error = slice_to_path(file, path) ? file_error(path) : errno;
    if (error == ENOENT)
        LOOK_ERROR(look, at,
                   "log decisions \"%.*s\": there is no folder \"%.160s\"; make it: "
                   "mkdir -p %.160s",
                   PATH_SHOWN(file), path, path);
    else if (error)
        LOOK_ERROR(look, at, "log decisions \"%.*s\": %s%s", PATH_SHOWN(file), strerror(error),
                   look_hint(error));
}

/* ---- signatures ---- */

/* How files are called that libclamav takes signatures from. */
static bool holds_signatures(const char *name)
{
    static const char *const endings[] = {"cvd", "cld", "cud", "db",  "hdb", "hdu", "hsb",
                                          "hsu", "mdb", "mdu", "msb", "msu", "ndb", "ndu",
                                          "ldb", "ldu", "cdb", "cbc", "yar", "yara"};
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending && i < sizeof endings / sizeof *endings; i++)
        if (strcmp(ending + 1, endings[i]) == 0)
            return true;
    return false;
}

/* ENODATA: it holds none. */
static int signatures_error(const char *folder)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return errno;
    bool found = false;
    for (const struct dirent *entry; !found && (entry = readdir(dir));)
        found = entry->d_name[0] != '.' && holds_signatures(entry->d_name);
    closedir(dir);
    return found ? 0 : ENODATA;
}

static void look_at_signatures(struct load_look *look)
{
    char path[PATH_MAX];
    struct slice folder = look->config->settings.antivirus_database;
    struct span at = look_setting(look, "antivirus", "database");
    if (!pipeline_needs(look->config, SCANNER_AV))
        return;
    if (at.to == 0)
        at = place_of_asking(look->config, PRODUCER_ANTIVIRUS);
    int error = slice_to_path(folder, path) ? signatures_error(path) : errno;
    if (error == EACCES && geteuid() != 0)
        return;
    if (error)
        LOOK_WARNING(look, at,
                     "the antivirus has no signatures, so messages that a rule asks it about are "
                     "deferred: antivirus database \"%.*s\": %s; fetch them with freshclam, or "
                     "say antivirus { enabled off }",
                     PATH_SHOWN(folder),
                     error == ENODATA ? "there are none in this folder" : strerror(error));
}

void look_at_folders(struct load_look *look)
{
    const struct settings *settings = &look->config->settings;
    look_at_decisions(look);
    if (keeper_needed(look->config))
        look_at_folder(look, "keeper", "folder", settings->keeper_folder, "nothing is recorded");
    if (keeper_may_hold(look->config))
        look_at_key(look, "quarantine", settings->quarantine_key,
                    "nothing can be held or released");
    if (settings->learn_enabled)
        look_at_key(look, "learn", settings->learn_key, "nothing is learnt");
    if (private_redis_needed(look->config))
        look_at_folder(look, "redis", "folder", settings->redis_folder,
                       "nothing is remembered of senders");
    look_at_signatures(look);
}
