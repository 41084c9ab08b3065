/* SPDX-License-Identifier: ISC */
#include "parent/parent_contacts.h"

#include "common/redis_place.h"
#include "parent/parent_folder.h"
#include "policy/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static bool write_secret(int file)
{
    unsigned char secret[CONTACTS_SECRET];
    bool ok = getrandom(secret, sizeof secret, 0) == sizeof secret &&
              write(file, secret, sizeof secret) == sizeof secret && fsync(file) == 0;
    explicit_bzero(secret, sizeof secret);
    return ok;
}

/* It gets its name when it is whole; one that is there already stays. */
static bool make(const char *path)
{
    char beside[PATH_MAX + 8];
    folders_above(path);
    snprintf(beside, sizeof beside, "%s.new", path);
    int file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ok = file >= 0 && write_secret(file) && (link(beside, path) == 0 || errno == EEXIST) &&
              folder_sync_above(path);
    int error = errno;
    if (file >= 0) {
        close(file);
        unlink(beside);
    }
    errno = error;
    return ok;
}

static bool complain(const struct config *config, struct buf *report, const char *reason)
{
    place_error(config, report, place_of_setting(config, "contacts", "key"),
                "contacts key \"%.*s\": %s", SLICE_ARGS(config->settings.contacts_key), reason);
    return false;
}

/* NULL: it has not been asked for, or was not there. */
static const struct bundle_file *find(const struct bundle *bundle, struct slice path)
{
    for (size_t i = 0; i < bundle_count(bundle); i++) {
        const struct bundle_file *file = bundle_file(bundle, i);
        if (file->found && slice_eq(slice_of(file->path), path))
            return file;
    }
    return NULL;
}

/* Others who can read it can try names out. */
static const char *fault(const struct bundle *bundle, struct slice path, struct slice secret)
{
    const struct bundle_file *file = find(bundle, path);
    if (file && (file->status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return "others may read it; chmod 600";
    return secret.len == CONTACTS_SECRET ? NULL : "expected a file of 32 octets";
}

void contacts_hold_key(struct bundle *bundle, const struct config *config)
{
    struct slice secret;
    const char *reason;
    if (redis_secret_needed(config))
        bundle_read(bundle, config->settings.contacts_key, &secret, &reason);
}

bool contacts_take_key(struct bundle *bundle, const struct config *config, struct buf *report)
{
    char name[PATH_MAX];
    struct slice path = config->settings.contacts_key, secret;
    const char *reason;
    if (!redis_secret_needed(config))
        return true;
    bool held = find(bundle, path) != NULL;
    if (!slice_to_path(path, name) || (!held && access(name, F_OK) != 0 && !make(name)))
        return complain(config, report, strerror(errno));
    if (!bundle_read(bundle, path, &secret, &reason))
        return complain(config, report, reason);
    reason = fault(bundle, path, secret);
    return !reason || complain(config, report, reason);
}
