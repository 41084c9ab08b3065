/* SPDX-License-Identifier: ISC */
#include "filters/sender/batv.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdio.h>

enum { DAY = 24 * 60 * 60, DAYS = 1000, HASHED_MAX = 512, DIGITS = 4, TAG = 10, SIGNED_OCTETS = 3 };

static const struct slice beginning = SLICE("prvs=");

static unsigned day_of(int64_t now)
{
    return (unsigned)(now / DAY % DAYS);
}

/* "KDDDSSSSSS" for an address. Case does not count in what is hashed, as servers on the way may
 * change it. False: it is too long. */
static bool make(struct slice key, const char digits[static DIGITS + 1], struct slice local,
                 struct slice domain, char out[static TAG + 1])
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    char text[HASHED_MAX];
    unsigned len = 0;
    int n =
        snprintf(text, sizeof text, "%s%.*s@%.*s", digits, SLICE_ARGS(local), SLICE_ARGS(domain));
    if (n < 0 || (size_t)n >= sizeof text)
        return false;
    for (int i = 0; i < n; i++)
        text[i] = ascii_lower(text[i]);
    if (!HMAC(EVP_sha1(), key.ptr, (int)key.len, (const unsigned char *)text, (size_t)n, mac, &len))
        return false;
    snprintf(out, TAG + 1, "%s%02x%02x%02x", digits, mac[0], mac[1], mac[SIGNED_OCTETS - 1]);
    return true;
}

/* Which of ten a key is: two at a time differ mostly, and all are tried. */
static unsigned number_of(struct slice key)
{
    unsigned sum = 0;
    for (size_t i = 0; i < key.len; i++)
        sum = sum * 31 + (unsigned char)key.ptr[i];
    return sum % 10;
}

bool batv_can_bear(struct slice local)
{
    return local.len > 0 && local.ptr[0] != '"' && slice_is_ascii(local) &&
           local.len + beginning.len + TAG + 1 <= BATV_LOCAL_MAX &&
           !slice_istarts(local, beginning);
}

struct slice batv_tagged(const struct batv *batv, struct arena *arena, struct slice address,
                         struct slice domain, int64_t now)
{
    char digits[DIGITS + 1], tag[TAG + 1];
    size_t at = slice_rfind(address, '@');
    struct slice local = slice_sub(address, 0, at);
    if (batv->count == 0 || domain.len == 0 || !batv_can_bear(local))
        return address;
    snprintf(digits, sizeof digits, "%u%03u", number_of(batv->keys[0]),
             (day_of(now) + BATV_DAYS) % DAYS);
    if (!make(batv->keys[0], digits, local, domain, tag))
        return address;
    return ARENA_JOIN(arena, beginning, slice_of(tag), SLICE("="), address);
}

/* The form of a tag: four digits, six hexadecimal ones. */
static bool is_tag(struct slice tag)
{
    for (size_t i = 0; i < tag.len; i++) {
        char c = ascii_lower(tag.ptr[i]);
        if (!ascii_digit(c) && (i < DIGITS || c < 'a' || c > 'f'))
            return false;
    }
    return tag.len == TAG;
}

static bool is_of(const struct batv *batv, struct slice tag, struct slice local,
                  struct slice domain)
{
    char digits[DIGITS + 1], made[TAG + 1], given[TAG + 1];
    bool any = false;
    slice_to_text(slice_sub(tag, 0, DIGITS), digits, sizeof digits);
    for (size_t i = 0; i < TAG; i++)
        given[i] = ascii_lower(tag.ptr[i]);
    for (size_t i = 0; i < batv->count; i++)
        any |= make(batv->keys[i], digits, local, domain, made) &&
               CRYPTO_memcmp(made, given, TAG) == 0;
    return any;
}

static bool has_ended(struct slice tag, int64_t now)
{
    uint64_t day = 0;
    slice_to_u64(slice_sub(tag, 1, DIGITS), DAYS, &day);
    return (day + DAYS - day_of(now)) % DAYS > BATV_DAYS;
}

enum bounce_tag batv_read(const struct batv *batv, struct slice *local, struct slice domain,
                          int64_t now)
{
    struct slice rest = slice_from(*local, beginning.len), tag = slice_sub(rest, 0, TAG);
    rest = slice_from(rest, TAG);
    if (!slice_istarts(*local, beginning) || !is_tag(tag) || rest.len < 2 || rest.ptr[0] != '=')
        return BOUNCE_TAG_NONE;
    *local = slice_from(rest, 1);
    return !is_of(batv, tag, *local, domain) ? BOUNCE_TAG_INVALID
           : has_ended(tag, now)             ? BOUNCE_TAG_EXPIRED
                                             : BOUNCE_TAG_VALID;
}
