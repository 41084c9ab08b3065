/* SPDX-License-Identifier: ISC */
#include "keeper/sharing_model.h"

#include "base/sealed_map.h"
#include "keeper/model_file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ABOUT = 256, PREDICTIONS_MOST = LEARN_LABELS_MOST * LEARN_PREDICTION };

static struct slice about(const char *what, struct slice prefix, char room[static ABOUT])
{
    struct buf text = buf_over(room, ABOUT);
    pack_slice(&text, slice_of(what));
    pack_slice(&text, prefix);
    return buf_slice(&text);
}

/* ---- the head ---- */

static struct slice octets_of(const unsigned char *octets)
{
    return (struct slice){(const char *)octets, LEARN_DIGEST};
}

bool sharing_head_seal(const struct sharing_keys *keys, struct slice prefix,
                       const struct sharing_head *head, struct buf *out)
{
    char with[ABOUT], room[SHARING_HEAD_MOST];
    struct buf plain = buf_over(room, sizeof room);
    pack_u64(&plain, head->generation);
    pack_slice(&plain, octets_of(head->model));
    pack_u64(&plain, head->octets);
    pack_slice(&plain, octets_of(head->sum));
    pack_u64(&plain, (uint64_t)head->made);
    pack_slice(&plain, slice_of(head->by));
    pack_slice(&plain, slice_of(head->epoch));
    pack_slice(&plain, slice_of(head->read));
    return !plain.failed && sharing_seal(keys, about("gatepost shared head 1", prefix, with),
                                         buf_slice(&plain), out);
}

static bool take_digest(struct slice octets, unsigned char *out)
{
    if (octets.len == LEARN_DIGEST)
        memcpy(out, octets.ptr, LEARN_DIGEST);
    return octets.len == LEARN_DIGEST;
}

bool sharing_head_open(const struct sharing_keys *keys, struct slice prefix, struct slice sealed,
                       struct sharing_head *out)
{
    char with[ABOUT], room[SHARING_HEAD_MOST];
    struct buf plain = buf_over(room, sizeof room);
    if (!sharing_unseal(keys, about("gatepost shared head 1", prefix, with), sealed, &plain))
        return false;
    struct unpack in = {.left = buf_slice(&plain)};
    *out = (struct sharing_head){.generation = unpack_u64(&in)};
    bool ok = take_digest(unpack_slice(&in), out->model);
    out->octets = unpack_u64(&in);
    ok = ok && take_digest(unpack_slice(&in), out->sum);
    out->made = (int64_t)unpack_u64(&in);
    ok = ok && slice_to_text(unpack_slice(&in), out->by, sizeof out->by) &&
         slice_to_text(unpack_slice(&in), out->epoch, sizeof out->epoch) &&
         slice_to_text(unpack_slice(&in), out->read, sizeof out->read);
    return ok && unpack_done(&in) && out->generation < INT64_MAX &&
           out->octets <= MODEL_FILE_MOST + SHARING_SEALED;
}

/* ---- predictions: numbers are ours, names are everybody's ---- */

static int by_name(const void *a, const void *b)
{
    const struct label_name *one = a, *two = b;
    return (one->name > two->name) - (one->name < two->name);
}

static int by_number(const void *a, const void *b)
{
    const struct label_name *one = a, *two = b;
    return (one->number > two->number) - (one->number < two->number);
}

static int prediction_order(const void *a, const void *b)
{
    const struct learn_prediction *one = a, *two = b;
    return (one->number > two->number) - (one->number < two->number);
}

/* What another number stands for is not said any more. */
static void say_by_name(struct slice predictions, const struct label_name *names, size_t count,
                        struct buf *out)
{
    struct unpack in = {.left = predictions};
    struct learn_prediction one;
    while (learn_prediction_next(&in, &one)) {
        const struct label_name *found = bsearch(&(struct label_name){.number = one.number}, names,
                                                 count, sizeof *names, by_number);
        if (found) {
            one.number = found->name;
            learn_prediction_pack(out, &one);
        }
    }
}

/* `last`: the greatest of our numbers among them; 0: there is none. */
static bool say_by_number(struct slice predictions, struct label_name *names, size_t count,
                          struct buf *out, uint64_t *last)
{
    struct unpack in = {.left = predictions};
    size_t known = 0;
    struct learn_prediction one, *all = calloc(predictions.len / LEARN_PREDICTION + 1, sizeof *all);
    if (!all)
        return false;
    if (count)
        qsort(names, count, sizeof *names, by_name);
    while (count && learn_prediction_next(&in, &one)) {
        const struct label_name *found =
            bsearch(&(struct label_name){.name = one.number}, names, count, sizeof *names, by_name);
        if (found) {
            one.number = found->number;
            all[known++] = one;
        }
    }
    qsort(all, known, sizeof *all, prediction_order);
    for (size_t i = 0; i < known; i++)
        learn_prediction_pack(out, &all[i]);
    *last = known ? all[known - 1].number : 0;
    free(all);
    return true;
}

/* ---- the model ---- */

static bool pack(struct labels *labels, const struct model_entry *entry, struct slice model,
                 struct slice predictions, struct buf *out)
{
    size_t count;
    struct label_name *names = labels_names(labels, &count);
    struct buf named = buf_init(PREDICTIONS_MOST);
    if (names)
        say_by_name(predictions, names, count, &named);
    free(names);
    bool ok = !named.failed && model_file_pack(out, entry, model, buf_slice(&named));
    buf_release(&named);
    return ok;
}

bool sharing_model_seal(struct labels *labels, struct slice prefix, const struct models *models,
                        const struct model_entry *entry, struct buf *out, const char **reason)
{
    char with[ABOUT];
    int files[2];
    struct buf plain = buf_init(MODEL_FILE_MOST);
    if (!models_load(models, entry, &files[0], &files[1], reason))
        return false;
    struct slice model = sealed_map(files[0], LEARN_MODEL_MOST),
                 predictions = sealed_map(files[1], PREDICTIONS_MOST);
    *reason = "out of memory";
    bool ok = model.ptr && predictions.ptr && pack(labels, entry, model, predictions, &plain) &&
              sharing_seal(labels_share_keys(labels),
                           about("gatepost shared model 1", prefix, with), buf_slice(&plain), out);
    sealed_unmap(model);
    sealed_unmap(predictions);
    close(files[0]);
    close(files[1]);
    buf_release(&plain);
    return ok;
}

static bool add(struct labels *labels, struct models *models, uint64_t number,
                const struct model_file *file, const char **reason)
{
    struct model_entry entry = file->entry;
    struct buf predictions = buf_init(PREDICTIONS_MOST);
    size_t count;
    struct label_name *names = labels_names(labels, &count);
    *reason = "out of memory";
    bool ok =
        say_by_number(file->predictions, names, names ? count : 0, &predictions, &entry.until);
    entry.number = number;
    ok = ok && models_add(models, &entry, file->model, buf_slice(&predictions), reason);
    free(names);
    buf_release(&predictions);
    return ok;
}

enum sharing_taking sharing_model_take(struct labels *labels, struct slice prefix,
                                       struct models *models, uint64_t number, struct slice sealed,
                                       const char **reason)
{
    char with[ABOUT];
    struct model_file file;
    struct buf plain = buf_init(MODEL_FILE_MOST);
    *reason = "nobody with our learn.key has made it";
    if (!sharing_unseal(labels_share_keys(labels), about("gatepost shared model 1", prefix, with),
                        sealed, &plain))
        return SHARING_FORGED;
    size_t len = buf_len(&plain);
    bool ok = model_file_open(buf_take(&plain), len, &file, reason) &&
              add(labels, models, number, &file, reason);
    model_file_close(&file);
    return ok ? SHARING_TAKEN : SHARING_FAILED;
}
