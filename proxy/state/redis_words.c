/* SPDX-License-Identifier: ISC */
#include "proxy/state/redis_words.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is said ---- */

struct words {
    const char *text[REDIS_WORDS_MAX];
    size_t len[REDIS_WORDS_MAX];
    size_t count;
};

static void add_words(struct words *words, const struct slice *from, size_t count)
{
    for (size_t i = 0; i < count; i++, words->count++) {
        words->text[words->count] = from[i].len ? from[i].ptr : "";
        words->len[words->count] = from[i].len;
    }
}

static int format_words(const struct words *words, char **out)
{
    *out = NULL;
    return redisFormatCommandArgv(out, (int)words->count, (const char **)(uintptr_t)words->text,
                                  words->len);
}

bool redis_put_command(struct buf *out, const struct slice *argv, size_t argc)
{
    struct words words = {.count = 0};
    char *bytes;
    if (argc == 0 || argc > REDIS_WORDS_MAX)
        return false;
    add_words(&words, argv, argc);
    int len = format_words(&words, &bytes);
    bool put = len > 0 && buf_append(out, (struct slice){bytes, (size_t)len});
    redisFreeCommand(bytes);
    return put;
}

bool redis_arguments_make(struct redis_arguments *arguments, const struct slice *keys,
                          size_t key_count, const struct slice *args, size_t arg_count)
{
    struct words words = {.count = 0};
    char number[24];
    *arguments = (struct redis_arguments){.bytes = NULL};
    if (key_count >= REDIS_WORDS_MAX || arg_count >= REDIS_WORDS_MAX - key_count)
        return false;
    int digits = snprintf(number, sizeof number, "%zu", key_count);
    add_words(&words, &(struct slice){number, (size_t)digits}, 1);
    add_words(&words, keys, key_count);
    add_words(&words, args, arg_count);
    int len = format_words(&words, &arguments->bytes);
    if (len <= 0 || len > REDIS_OUTPUT_MAX) {
        redis_arguments_free(arguments);
        return false;
    }
    arguments->len = (uint32_t)len;
    arguments->count = (uint32_t)words.count;
    return true;
}

void redis_arguments_free(struct redis_arguments *arguments)
{
    redisFreeCommand(arguments->bytes);
    *arguments = (struct redis_arguments){.bytes = NULL};
}

bool redis_put_script(struct buf *out, const struct redis_script *script, bool whole,
                      const struct redis_arguments *arguments)
{
    struct slice formatted = {arguments->bytes, arguments->len};
    struct slice behind_count = slice_from(formatted, slice_find(formatted, '\n') + 1);
    struct slice text = slice_of(script->text);
    if (whole) {
        buf_printf(out, "*%u\r\n$4\r\nEVAL\r\n$%zu\r\n", arguments->count + 2, text.len);
        buf_append(out, text);
    } else {
        buf_printf(out, "*%u\r\n$7\r\nEVALSHA\r\n$40\r\n%s", arguments->count + 2, script->sha1);
    }
    buf_cstr(out, "\r\n");
    return buf_append(out, behind_count);
}

void redis_script_init(struct redis_script *script, const char *text)
{
    unsigned char digest[SHA_DIGEST_LENGTH];
    script->text = text;
    SHA1((const unsigned char *)text, strlen(text), digest);
    hex_text((struct slice){(const char *)digest, sizeof digest}, script->sha1);
}

/* ---- what is answered ---- */

struct redis_answers {
    redisReader *reader;
    redisReplyObjectFunctions functions; /* hiredis' own, but for arrays */
    void *(*create_array)(const redisReadTask *, int);
    size_t elements, bytes; /* of the reply that is being read */
    bool too_many;
};

/* Seven bytes can announce two thousand million elements: memory is given for what is plausible. */
static void *create_array(const redisReadTask *task, int elements)
{
    struct redis_answers *answers = task->privdata;
    if (elements > 0) {
        answers->too_many = (size_t)elements > REDIS_ELEMENTS_MAX - answers->elements;
        if (answers->too_many)
            return NULL;
        answers->elements += (size_t)elements;
    }
    return answers->create_array(task, elements);
}

struct redis_answers *redis_answers_new(void)
{
    struct redis_answers *answers = calloc(1, sizeof *answers);
    if (!answers)
        return NULL;
    answers->reader = redisReaderCreate();
    if (!answers->reader) {
        free(answers);
        return NULL;
    }
    answers->functions = *answers->reader->fn;
    answers->create_array = answers->functions.createArray;
    answers->functions.createArray = create_array;
    answers->reader->fn = &answers->functions;
    answers->reader->privdata = answers;
    return answers;
}

void redis_answers_free(struct redis_answers **answers)
{
    if (!*answers)
        return;
    redisReaderFree((*answers)->reader);
    free(*answers);
    *answers = NULL;
}

bool redis_answers_feed(struct redis_answers *answers, struct slice bytes)
{
    answers->bytes += bytes.len;
    return redisReaderFeed(answers->reader, bytes.ptr, bytes.len) == REDIS_OK;
}

static int refuse(const char *why, const char **reason)
{
    *reason = why;
    return -1;
}

int redis_answers_next(struct redis_answers *answers, redisReply **reply, const char **reason)
{
    void *got = NULL;
    redisReader *reader = answers->reader;
    if (redisReaderGetReply(reader, &got) != REDIS_OK)
        return refuse(answers->too_many ? "a reply with too many elements" : reader->errstr,
                      reason);
    if (got) {
        answers->elements = 0;
        answers->bytes = reader->len - reader->pos;
        *reply = got;
        return 1;
    }
    if (answers->bytes > REDIS_REPLY_MAX)
        return refuse("a reply that is too long", reason);
    return 0;
}

bool redis_answers_empty(const struct redis_answers *answers)
{
    return answers->bytes == 0;
}

struct slice redis_error_class(const redisReply *reply)
{
    struct slice text = {reply->str, reply->len}, word, rest;
    enum { LONGEST_CLASS = 32 };
    slice_cut(text, ' ', &word, &rest);
    bool plain = word.len > 0 && word.len <= LONGEST_CLASS;
    for (size_t i = 0; plain && i < word.len; i++)
        plain = (word.ptr[i] >= 'A' && word.ptr[i] <= 'Z') || word.ptr[i] == '_';
    return plain ? word : SLICE("ERR");
}

const char *redis_error_meaning(struct slice class)
{
    static const struct {
        const char *class, *meaning;
    } known[] = {
        {"MISCONF", "it cannot write its file: is its disk full?"},
        {"OOM", "it is full, and may not forget what is old (maxmemory-policy)"},
        {"READONLY", "it is a replica: name the master, or sentinels"},
        {"NOPERM", "its user may not do this: see gatepost.conf(5)"},
        {"NOAUTH", "it wants a password (password_file)"},
        {"LOADING", "it still reads its file"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (slice_eq(class, slice_of(known[i].class)))
            return known[i].meaning;
    return "";
}
