/* SPDX-License-Identifier: ISC */
#include "parent/parent_files.h"

#include "base/log.h"

static bool is_certificate(const struct config *config, struct slice path)
{
    for (size_t i = 0; config && i < config->certificate_count; i++)
        if (slice_eq(config->certificates[i].chain_path, path) ||
            slice_eq(config->certificates[i].key_path, path))
            return true;
    return false;
}

static bool wants_certificate(const void *ctx, struct slice path)
{
    return is_certificate(ctx, path);
}

static bool wants_other(const void *ctx, struct slice path)
{
    return !is_certificate(ctx, path);
}

/* A configuration that cannot be read names no certificates: those that are served are watched on. */
void files_watch(struct configuration_files *files, const struct loaded *loaded,
                 const struct config *current, bool certificates)
{
    const struct config *config = loaded->config ? loaded->config : current;
    if (!loaded->bundle)
        return;
    if (loaded->config)
        watch_bundle(&files->certificates, loaded->bundle, wants_certificate, config);
    if (certificates)
        return;
    watch_bundle(&files->others, loaded->bundle, wants_other, config);
    files->waiting = false;
}

static void say_that_they_wait(struct configuration_files *files)
{
    if (!files->waiting)
        log_at(LEVEL_INFO, "", "files have changed and wait",
               field_str("for", "gatepostctl reload, or SIGHUP (reload automatic)"));
    files->waiting = true;
}

enum files_change files_look(struct configuration_files *files, const struct config *config)
{
    enum automatic_reload automatic = config->reload_automatic;
    bool certificates = watch_look(&files->certificates), others = watch_look(&files->others);
    bool waits = (certificates && automatic == RELOAD_OFF) || (others && automatic != RELOAD_ON);
    if (waits)
        say_that_they_wait(files);
    if ((certificates || others) && automatic == RELOAD_ON)
        return FILES_ANY;
    return certificates && automatic == RELOAD_CERTIFICATES ? FILES_CERTIFICATES : FILES_STAY;
}

void files_free(struct configuration_files *files)
{
    watch_free(&files->certificates);
    watch_free(&files->others);
}
