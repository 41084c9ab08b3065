/* SPDX-License-Identifier: ISC */
#include "parent/redis_introduction.h"

#include "common/redis_place.h"
#include "common/state_scripts.h"

#include <ctype.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

enum { SECRET_OCTETS = 32, INTRODUCTION_MAX = 64 * 1024 };

bool redis_secret_make(char secret[static REDIS_SECRET_SIZE])
{
    unsigned char octets[SECRET_OCTETS];
    bool made = getrandom(octets, sizeof octets, 0) == sizeof octets;
    if (made)
        hex_text((struct slice){(const char *)octets, sizeof octets}, secret);
    explicit_bzero(octets, sizeof octets);
    return made;
}

/* As a pattern of keys: a character that would mean something there, or part two words, stands as any. */
static void put_pattern(struct buf *out, struct slice prefix)
{
    for (size_t i = 0; i < prefix.len && i < REDIS_PREFIX_MAX; i++)
        buf_char(out, isalnum((unsigned char)prefix.ptr[i]) || strchr(":._-", prefix.ptr[i])
                          ? prefix.ptr[i]
                          : '?');
}

/* What EXPIRE becomes in the append-only file. Redis reads what one script has written there with the rights of the standard
 * user, and would otherwise have it without an end. */
#define RIGHTS_OF_THE_FILE "+pexpireat"

bool redis_users(char out[static REDIS_USERS_MAX], struct slice prefix, const char *secret)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char hex[2 * SHA256_DIGEST_LENGTH + 1];
    struct buf text = buf_over(out, REDIS_USERS_MAX - 1);
    SHA256((const unsigned char *)secret, strlen(secret), digest);
    hex_text((struct slice){(const char *)digest, sizeof digest}, hex);
    buf_cstr(&text,
             "--user default on nopass -@all " STATE_SCRIPT_RIGHTS " " RIGHTS_OF_THE_FILE " ~");
    put_pattern(&text, prefix);
    buf_printf(&text, "* --user loader on #%s -@all +script|load", hex);
    out[buf_len(&text)] = '\0';
    return !text.failed;
}

static void say(struct buf *out, const char *first, const char *second, const char *third)
{
    buf_printf(out, "*3\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n", strlen(first), first,
               strlen(second), second, strlen(third), third);
}

bool redis_introduce(int fd, const char *secret)
{
    struct buf out = buf_init(INTRODUCTION_MAX);
    out.wipes = true;
    say(&out, "AUTH", "loader", secret);
    for (size_t i = 0; i < STATE_SCRIPT_COUNT; i++)
        say(&out, "SCRIPT", "LOAD", state_script_texts[i]);
    say(&out, "AUTH", "default", "-");
    struct slice all = buf_slice(&out);
    bool sent = !out.failed && send(fd, all.ptr, all.len, MSG_NOSIGNAL) == (ssize_t)all.len;
    buf_release(&out);
    return sent;
}
