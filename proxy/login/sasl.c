/* SPDX-License-Identifier: ISC */
#include "proxy/login/sasl.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* No controls in it. */
static bool is_clean(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return false;
    return true;
}

static bool set(char *room, size_t most, struct slice text)
{
    if (text.len > most)
        return false;
    if (text.len)
        memcpy(room, text.ptr, text.len);
    room[text.len] = '\0';
    return true;
}

bool credentials_user(struct credentials *who, struct slice user)
{
    return user.len && is_clean(user) && set(who->user, LOGIN_USER_MAX, user);
}

bool credentials_password(struct credentials *who, struct slice password)
{
    for (size_t i = 0; i < password.len; i++)
        if (strchr("\r\n", password.ptr[i])) /* NUL, too */
            return false;
    return password.len && set(who->password, LOGIN_PASSWORD_MAX, password);
}

bool credentials_acting_for(struct credentials *who, struct slice user)
{
    return user.len && is_clean(user) && set(who->acting_for, LOGIN_USER_MAX, user);
}

static void forget_response(struct credentials *who)
{
    if (who->response)
        OPENSSL_cleanse(who->response, strlen(who->response));
    free(who->response);
    who->response = NULL;
}

bool credentials_response(struct credentials *who, struct slice text)
{
    forget_response(who);
    who->response = strndup(text.ptr, text.len);
    return who->response != NULL;
}

void credentials_forget(struct credentials *who)
{
    forget_response(who);
    OPENSSL_cleanse(who, sizeof *who);
}

void credentials_free(struct credentials **who)
{
    if (*who)
        credentials_forget(*who);
    free(*who);
    *who = NULL;
}

/* ---- base64 ---- */

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

static size_t padding(struct slice text)
{
    size_t n = 0;
    while (n < 2 && text.ptr[text.len - 1 - n] == '=')
        n++;
    return n;
}

static bool is_base64(struct slice text)
{
    if (text.len % 4)
        return false;
    for (size_t i = 0; i < text.len - padding(text); i++)
        if (!is_letter(text.ptr[i]))
            return false;
    return true;
}

bool sasl_decode(struct slice text, char *room, size_t size, struct slice *out)
{
    *out = (struct slice){room, 0};
    if (text.len == 0 || slice_eq(text, SLICE("=")))
        return true;
    if (!is_base64(text) || text.len / 4 * 3 > size)
        return false;
    int n = EVP_DecodeBlock((unsigned char *)room, (const unsigned char *)text.ptr, (int)text.len);
    if (n >= 0)
        out->len = (size_t)n - padding(text);
    return n >= 0;
}

/* ---- PLAIN ---- */

static bool read_plain(struct slice response, struct credentials *out)
{
    struct slice acting_for, user, password;
    return slice_cut(response, '\0', &acting_for, &user) &&
           slice_cut(user, '\0', &user, &password) && is_clean(acting_for) &&
           set(out->acting_for, LOGIN_USER_MAX, acting_for) && credentials_user(out, user) &&
           credentials_password(out, password);
}

bool sasl_plain(struct slice text, struct credentials *out)
{
    char room[SASL_PLAIN_MAX];
    struct slice response;
    bool read = sasl_decode(text, room, sizeof room, &response) && read_plain(response, out);
    OPENSSL_cleanse(room, sizeof room);
    return read;
}

static size_t append(char *out, size_t used, struct slice text)
{
    if (text.len)
        memcpy(out + used, text.ptr, text.len);
    return used + text.len;
}

size_t sasl_plain_text(const struct credentials *who, char out[static SASL_PLAIN_TEXT_MAX])
{
    char plain[SASL_PLAIN_MAX];
    size_t n = append(plain, 0, slice_of(who->acting_for));
    plain[n++] = '\0';
    n = append(plain, n, slice_of(who->user));
    plain[n++] = '\0';
    n = append(plain, n, slice_of(who->password));
    int len = EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)plain, (int)n);
    OPENSSL_cleanse(plain, sizeof plain);
    return (size_t)len;
}
