/* SPDX-License-Identifier: ISC
 * Keys that mail is signed with: gatepost-sign alone is given them. A proxy, which has to name the
 * algorithm, finds in the bundle what the DNS is to say of them. */
#include "base/ipc_file.h"
#include "common/signing.h"
#include "filters/sender/dkim_key.h"
#include "parent/load_look.h"
#include "parent/parent_sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* One that was read; `octets` are wiped by whoever has it. */
struct key_file {
    struct stat status;
    size_t len;
    char octets[DKIM_KEY_FILE_MAX + 1];
};

static struct slice content_of(const struct key_file *file)
{
    return (struct slice){file->octets, file->len};
}

static const char *read_open(int fd, struct key_file *file)
{
    if (fstat(fd, &file->status) != 0)
        return strerror(errno);
    const char *fault = sealed_key_fault(&file->status);
    if (fault)
        return fault;
    for (ssize_t n = 1; n > 0 && file->len < sizeof file->octets; file->len += (size_t)n) {
        n = read(fd, file->octets + file->len, sizeof file->octets - file->len);
        if (n < 0)
            return strerror(errno);
    }
    return file->len <= DKIM_KEY_FILE_MAX ? NULL : "it is larger than 64 KiB";
}

/* NULL, or why not. */
static const char *read_file(struct slice path, struct key_file *file)
{
    char name[PATH_MAX];
    file->len = 0;
    file->status = (struct stat){0};
    int fd =
        slice_to_path(path, name) ? open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
    if (fd < 0)
        return strerror(errno);
    const char *reason = read_open(fd, file);
    close(fd);
    return reason;
}

/* False: reported. */
static bool give_record(struct load_look *look, const struct signing_key *conf,
                        const struct key_file *file, const struct dkim_private *key)
{
    struct buf record = buf_init(4096);
    bool ok = dkim_private_record(key, &record);
    struct slice content = buf_slice(&record);
    ok = ok && bundle_give(look->bundle, conf->path, &content, &file->status);
    buf_release(&record);
    if (!ok)
        LOOK_ERROR(look, conf->path_at, "key \"%.*s\": out of memory, or too many files",
                   PATH_SHOWN(conf->path));
    return ok;
}

/* False: reported. */
static bool check(struct load_look *look, const struct signing_key *conf,
                  const struct key_file *file)
{
    struct dkim_private key;
    const char *fault = dkim_private_read(content_of(file), &key);
    bool read = !fault;
    fault = read ? dkim_private_flaw(&key) : fault;
    if (fault)
        LOOK_ERROR(look, conf->path_at, "the key \"%.*s\" cannot sign: %s", PATH_SHOWN(conf->path),
                   fault);
    bool ok = !fault && give_record(look, conf, file, &key);
    if (read)
        dkim_private_free(&key);
    return ok;
}

static bool read_key(struct load_look *look, const struct signing_key *conf, struct key_file *file)
{
    const char *reason = read_file(conf->path, file);
    if (!reason)
        return check(look, conf, file);
    bundle_give(look->bundle, conf->path, NULL, &file->status); /* that it is watched */
    LOOK_ERROR(look, conf->path_at, "key \"%.*s\": %s%s", PATH_SHOWN(conf->path), reason,
               look_hint(strcmp(reason, strerror(EACCES)) == 0 ? EACCES : 0));
    return false;
}

/* For each domain that it signs for. */
static void pack(struct buf *set, const struct config *config, size_t number, struct slice pem)
{
    for (size_t i = 0; i < config->signing_domain_count; i++) {
        const struct signing_domain *domain = &config->signing_domains[i];
        if (number >= domain->first && number < domain->first + domain->count)
            signing_pack_key(set,
                             &(struct signing_secret){domain->name.text,
                                                      config->signing_keys[number].selector, pem});
    }
}

static void pack_all(struct load_look *look, struct buf *set)
{
    static struct key_file file;
    const struct config *config = look->config;
    for (size_t i = 0; i < config->signing_key_count; i++)
        if (read_key(look, &config->signing_keys[i], &file))
            pack(set, config, i, content_of(&file));
    explicit_bzero(&file, sizeof file);
}

static const struct listener *outbound(const struct config *config)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].direction == DIRECTION_OUTBOUND)
            return &config->listeners[i];
    return NULL;
}

void look_at_dkim(struct load_look *look)
{
    struct buf set = buf_init(SIGNING_SET_MAX);
    set.wipes = true;
    const struct config *config = look->config;
    if (config->signing_domain_count == 0)
        return;
    pack_all(look, &set);
    look->signing = look->unusable || set.failed ? 0 : ipc_file_of(buf_slice(&set));
    if (!look->unusable && look->signing <= 0)
        LOOK_ERROR(look, config->signing_domains[0].at, "its keys cannot be kept: %s",
                   set.failed ? "they are too many" : strerror(errno));
    buf_release(&set);
    if (!outbound(config))
        LOOK_WARNING(look, config->signing_domains[0].at,
                     "nothing is signed, as mail leaves through no listener; expected one with "
                     "'outbound'");
}

void look_at_dkim_held(struct load_look *look, const struct loaded *before)
{
    const struct stat unknown = {0};
    const struct config *config = look->config;
    struct slice record;
    if (config->signing_domain_count == 0)
        return;
    for (size_t i = 0; i < config->signing_key_count; i++)
        if (bundle_former(look->bundle, config->signing_keys[i].path, &record))
            bundle_give(look->bundle, config->signing_keys[i].path, &record, &unknown);
    look->signing = fcntl(before->signing, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (look->signing < 0)
        LOOK_ERROR(look, config->signing_domains[0].at, "its keys cannot be kept: %s",
                   strerror(errno));
}
