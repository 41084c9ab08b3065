/* SPDX-License-Identifier: ISC */
#include "filters/spam/spam_model.h"

#include "filters/spam/spam_features.h"

#include <math.h>
#include <openssl/evp.h>
#include <string.h>

static const char magic[8] = {'g', 'p', 's', 'p', 'a', 'm', '1', '\n'};

enum { VERSION = 8, ZERO = 12, KEY = 16, HAM = 32, SPAM = 40, SCALE = 48, A = 56, B = 64 };

static uint64_t number_at(struct slice file, size_t at)
{
    return siphash_word(file.ptr + at, sizeof(uint64_t));
}

static double real_at(struct slice file, size_t at)
{
    uint64_t bits = number_at(file, at);
    double real;
    memcpy(&real, &bits, sizeof real);
    return real;
}

static bool digest_of(const void *file, uint8_t digest[static SPAM_MODEL_DIGEST])
{
    unsigned len = SPAM_MODEL_DIGEST;
    size_t size = SPAM_MODEL_SIZE - SPAM_MODEL_DIGEST;
    return EVP_Digest(file, size, digest, &len, EVP_sha256(), NULL) == 1;
}

static const char *fault_of(struct slice file)
{
    uint8_t digest[SPAM_MODEL_DIGEST];
    if (file.len < SPAM_MODEL_HEAD || memcmp(file.ptr, magic, sizeof magic) != 0)
        return "it is no model";
    if (number_at(file, VERSION) != SPAM_FEATURES_VERSION)
        return "it is a model of another version";
    if (file.len != SPAM_MODEL_SIZE || !digest_of(file.ptr, digest) ||
        memcmp(digest, file.ptr + file.len - sizeof digest, sizeof digest) != 0)
        return "it is damaged";
    double scale = real_at(file, SCALE), a = real_at(file, A), b = real_at(file, B);
    if (!isfinite(scale) || !isfinite(a) || !isfinite(b) || scale < 0 || a <= 0)
        return "its numbers make no sense";
    return NULL;
}

bool spam_model_open(struct slice file, struct spam_model *out, const char **reason)
{
    *reason = fault_of(file);
    if (*reason)
        return false;
    *out = (struct spam_model){
        .key = {{number_at(file, KEY), number_at(file, KEY + 8)}},
        .ham = number_at(file, HAM),
        .spam = number_at(file, SPAM),
        .scale = real_at(file, SCALE),
        .a = real_at(file, A),
        .b = real_at(file, B),
        .cells = (const int8_t *)file.ptr + SPAM_MODEL_HEAD,
        .digest = (const uint8_t *)file.ptr + SPAM_MODEL_HEAD + SPAM_CELLS,
    };
    return true;
}

static void put_number(uint8_t *at, uint64_t number)
{
    for (size_t i = 0; i < sizeof number; i++)
        at[i] = (uint8_t)(number >> 8 * i);
}

static void put_real(uint8_t *at, double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    put_number(at, bits);
}

void spam_model_write(const struct spam_model *model, uint8_t file[static SPAM_MODEL_SIZE])
{
    memcpy(file, magic, sizeof magic);
    put_number(file + VERSION, SPAM_FEATURES_VERSION);
    put_number(file + KEY, model->key.words[0]);
    put_number(file + KEY + 8, model->key.words[1]);
    put_number(file + HAM, model->ham);
    put_number(file + SPAM, model->spam);
    put_real(file + SCALE, model->scale);
    put_real(file + A, model->a);
    put_real(file + B, model->b);
    memcpy(file + SPAM_MODEL_HEAD, model->cells, SPAM_CELLS);
    digest_of(file, file + SPAM_MODEL_HEAD + SPAM_CELLS);
}
