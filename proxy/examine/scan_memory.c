/* SPDX-License-Identifier: ISC */
#include "proxy/examine/scan_memory.h"

#include "base/buf.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct remembered {
    unsigned char digest[SCAN_DIGEST];
    int64_t since;
    size_t len;
    char octets[];
};

struct scan_memory {
    uint64_t knowledge;
    struct remembered *answers[SCAN_MEMORY_ANSWERS];
};

struct scan_memory *scan_memory_new(void)
{
    return calloc(1, sizeof(struct scan_memory));
}

void scan_memory_forget(struct scan_memory *memory)
{
    memory->knowledge++;
    for (size_t i = 0; i < SCAN_MEMORY_ANSWERS; i++) {
        free(memory->answers[i]);
        memory->answers[i] = NULL;
    }
}

void scan_memory_free(struct scan_memory **memory)
{
    if (*memory)
        scan_memory_forget(*memory);
    free(*memory);
    *memory = NULL;
}

static bool digest_of(struct slice job, const unsigned char *message, unsigned char *out)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool told = digest && EVP_DigestInit_ex2(digest, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(digest, message, SCAN_DIGEST) == 1 &&
                EVP_DigestUpdate(digest, job.ptr, job.len) == 1 &&
                EVP_DigestFinal_ex(digest, out, NULL) == 1;
    EVP_MD_CTX_free(digest);
    return told;
}

bool scan_memory_key(const struct scan_memory *memory,
                     const unsigned char message[static SCAN_DIGEST], const struct scan_job *job,
                     struct scan_key *out)
{
    struct buf octets = buf_init(SCAN_JOB_MAX);
    struct scan_job lasting = *job;
    lasting.from.now = 0;
    bool told =
        scan_job_encode(&octets, &lasting) && digest_of(buf_slice(&octets), message, out->digest);
    buf_release(&octets);
    out->knowledge = memory->knowledge;
    return told;
}

/* A digest is as good as any hash; who makes two of them fall together gains a scan. */
static size_t place_of(const struct scan_key *key)
{
    return (key->digest[0] | (size_t)key->digest[1] << 8) % SCAN_MEMORY_ANSWERS;
}

void scan_memory_note(struct scan_memory *memory, const struct scan_key *key, int64_t now,
                      struct slice octets)
{
    struct remembered **place = &memory->answers[place_of(key)], *made = NULL;
    if (key->knowledge == memory->knowledge && octets.len <= SCAN_MEMORY_ANSWER_MAX)
        made = malloc(sizeof *made + octets.len);
    if (!made)
        return;
    memcpy(made->digest, key->digest, SCAN_DIGEST);
    made->since = now;
    made->len = octets.len;
    memcpy(made->octets, octets.ptr, octets.len);
    free(*place);
    *place = made;
}

struct slice scan_memory_recall(const struct scan_memory *memory, const struct scan_key *key,
                                int64_t now)
{
    const struct remembered *found = memory->answers[place_of(key)];
    if (!found || now - found->since >= SCAN_MEMORY_MS ||
        memcmp(found->digest, key->digest, SCAN_DIGEST) != 0)
        return (struct slice){NULL, 0};
    return (struct slice){found->octets, found->len};
}
