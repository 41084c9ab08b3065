/* SPDX-License-Identifier: ISC */
#include "parent/parent_load.h"

#include "base/clock.h"
#include "parent/load_look.h"
#include "parent/parent_contacts.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct span look_setting(const struct load_look *look, const char *block, const char *word)
{
    return place_of_setting(look->config, block, word);
}

const char *look_hint(int error)
{
    return (error == EACCES || error == EPERM) && geteuid() != 0 ? " (run as root)" : "";
}

bool look_into(struct load_look *look, struct span at, const char *what, struct slice path,
               struct slice *content)
{
    const char *reason;
    if (bundle_read(look->bundle, path, content, &reason))
        return true;
    bool closed = strcmp(reason, strerror(EACCES)) == 0;
    LOOK_ERROR(look, at, "%s \"%.*s\": %s%s", what, PATH_SHOWN(path), reason,
               look_hint(closed ? EACCES : 0));
    return false;
}

static bool is_open(const struct bundle *bundle, struct slice path)
{
    for (size_t i = 0; i < bundle_count(bundle); i++)
        if (slice_eq(slice_of(bundle_file(bundle, i)->path), path))
            return (bundle_file(bundle, i)->status.st_mode & S_IROTH) != 0;
    return false;
}

void look_who_reads(struct load_look *look, struct span at, const char *what, struct slice path)
{
    if (is_open(look->bundle, path))
        LOOK_WARNING(look, at, "%s \"%.*s\" can be read by everybody: chmod o= it", what,
                     PATH_SHOWN(path));
}

static bool fits_this_machine(struct loaded *loaded, const struct succession *succession,
                              struct buf *report)
{
    bool certificates = succession->certificates;
    struct load_look look = {.bundle = loaded->bundle, .config = loaded->config, .report = report};
    look_at_tls(&look, clock_wall());
    bundle_hold(loaded->bundle, certificates);
    if (certificates)
        contacts_hold_key(loaded->bundle, loaded->config);
    if (certificates)
        look_at_dkim_held(&look, succession->before);
    else
        look_at_dkim(&look);
    look_at_authorities(&look);
    look_at_machine(&look);
    look_at_folders(&look);
    look_at_ways(&look);
    bundle_hold(loaded->bundle, false);
    loaded->signing = look.signing;
    return !look.unusable;
}

/* What tables kept before, they keep while only certificates are read anew. */
static bool load_config(struct loaded *loaded, const char *path, struct slice hostname,
                        const struct succession *succession, struct buf *report)
{
    struct table_keeper keeper = {
        .bundle = loaded->bundle, .accepted = succession->accepted, .kept = &loaded->kept};
    struct table_guard guard = table_guard_of(&keeper);
    struct loader loader = bundle_loader(loaded->bundle);
    loader.guard = &guard;
    bundle_hold(loaded->bundle, succession->certificates);
    if (!succession->certificates || kept_tables_copy(&succession->before->kept, &loaded->kept))
        loaded->config = config_load(slice_of(path), &loader, hostname, report);
    bundle_hold(loaded->bundle, false);
    kept_tables_free(&keeper.taken);
    return loaded->config != NULL;
}

static bool read_all(struct loaded *loaded, const char *path, struct slice hostname,
                     const struct succession *succession, struct buf *report)
{
    bundle_follow(loaded->bundle, succession->before ? succession->before->bundle : NULL);
    bool ok = load_config(loaded, path, hostname, succession, report) &&
              fits_this_machine(loaded, succession, report);
    bundle_follow(loaded->bundle, NULL);
    return ok;
}

bool loaded_read(struct loaded *loaded, const char *path, struct slice hostname,
                 const struct succession *succession, struct buf *report)
{
    *loaded = (struct loaded){.bundle = bundle_new()};
    if (!loaded->bundle) {
        buf_cstr(report, "error: out of memory\n");
        return false;
    }
    bool ok = read_all(loaded, path, hostname, succession, report);
    if (!loaded->config)
        return false;
    if (!ok) {
        config_free(&loaded->config);
        return false;
    }
    loaded->failed_tests = config_run_tests(loaded->config, &loaded->tests, report);
    return true;
}

void loaded_free(struct loaded *loaded)
{
    if (loaded->config)
        config_free(&loaded->config);
    kept_tables_free(&loaded->kept);
    if (loaded->signing > 0)
        close(loaded->signing);
    bundle_free(&loaded->bundle);
}
