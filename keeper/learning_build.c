/* SPDX-License-Identifier: ISC */
#include "keeper/learning_build.h"

#include "base/clock.h"
#include "base/sealed_map.h"
#include "keeper/label_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { LABELS, MODEL, PREDICTIONS, FILES };

bool learning_mends(const struct labels *labels, const struct models *models)
{
    const struct model_entry *used = models_in_use(models);
    return labels_state(labels)->forgotten && used && used->weights;
}

/* ---- giving ---- */

/* The one in use, unless the outcome replaces it in any case. */
static size_t open_old(const struct learning_build *build, const struct models *models,
                       int files[static FILES])
{
    const struct model_entry *used = models_in_use(models);
    const char *reason;
    if (build->mends || !used || !used->weights ||
        memcmp(used->key, build->key, SEAL_KEY_ID) != 0 ||
        !models_load(models, used, &files[MODEL], &files[PREDICTIONS], &reason))
        return 0;
    return FILES - MODEL;
}

static bool give(const struct learning_build *build, const int *files, size_t count, int learner)
{
    char room[sizeof build->number];
    struct buf out = buf_over(room, sizeof room);
    pack_u64(&out, build->number);
    return ipc_send(learner, LEARN_BUILD, buf_slice(&out), files, count, false) == 1;
}

bool learning_choose(struct learning_build *build, struct labels *labels,
                     const struct models *models, const char **reason)
{
    build->until = build->mends ? models_in_use(models)->until : labels_last(labels);
    build->changes = labels_state(labels)->changes;
    build->forgets = labels_forgets(labels);
    build->done = 0;
    build->heard = clock_ms();
    build->file = label_file_new(labels, build->until, &build->left_out, reason);
    return build->file;
}

static bool give_all(struct learning_build *build, const struct models *models, int learner)
{
    int files[FILES] = {label_file_take(build->file, &build->of), -1, -1};
    size_t old = open_old(build, models, files);
    bool given = give(build, files, MODEL + old, learner);
    for (size_t i = 0; i < FILES; i++)
        if (files[i] >= 0)
            close(files[i]);
    return given;
}

bool learning_give(struct learning_build *build, const struct models *models, int learner,
                   const char **reason)
{
    enum label_file_step step = label_file_go_on(build->file, reason);
    build->heard = clock_ms();
    if (step != LABEL_FILE_DONE)
        return step == LABEL_FILE_MORE;
    *reason = "gatepost-learn takes nothing";
    bool given = give_all(build, models, learner);
    label_file_free(&build->file);
    return given;
}

/* ---- taking ---- */

static struct model_entry entry_of(const struct learning_build *build,
                                   const struct learn_built *built)
{
    struct model_entry entry = {.number = build->number,
                                .until = build->until,
                                .made = clock_wall(),
                                .weights = built->outcome == LEARN_PUBLISHED,
                                .good = built->good,
                                .spam = built->spam,
                                .loss = built->loss};
    memcpy(entry.digest, built->digest, sizeof entry.digest);
    memcpy(entry.key, build->key, sizeof entry.key);
    return entry;
}

bool learning_keep(const struct learning_build *build, const struct learn_built *built,
                   struct models *models, int model, int predictions, const char **reason)
{
    struct model_entry entry = entry_of(build, built);
    struct slice octets = sealed_map(model, LEARN_MODEL_MOST);
    struct slice said = sealed_map(predictions, (uint64_t)LEARN_LABELS_MOST * LEARN_PREDICTION);
    *reason = "gatepost-learn talked nonsense";
    bool ok = octets.len > 0 && said.ptr && said.len % LEARN_PREDICTION == 0 &&
              models_add(models, &entry, octets, said, reason);
    sealed_unmap(octets);
    sealed_unmap(said);
    return ok;
}
