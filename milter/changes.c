/* SPDX-License-Identifier: ISC */
#include "milter/changes.h"

#include <stdlib.h>
#include <string.h>

/* All that the mail server named so. */
static bool drop(SMFICTX *ctx, const char *tag, const struct tagged *tagged)
{
    bool found = false;
    for (; tagged; tagged = tagged->next) {
        if (strcmp(tagged->tag, tag) != 0)
            continue;
        found = true;
        if (smfi_delrcpt(ctx, (char *)(uintptr_t)tagged->address) != MI_SUCCESS)
            return false;
    }
    return found;
}

/* "TAG PATH": that recipient is named otherwise. */
static bool add(SMFICTX *ctx, char *text, const struct tagged *tagged)
{
    char *path = strchr(text, ' ');
    if (!path)
        return false;
    *path++ = '\0';
    while (tagged && strcmp(tagged->tag, text) != 0)
        tagged = tagged->next;
    if (!tagged)
        return false;
    const char *kept = tagged->parameters + strspn(tagged->parameters, " ");
    if (*kept && smfi_addrcpt_par(ctx, path, (char *)(uintptr_t)kept) == MI_SUCCESS)
        return true;
    return smfi_addrcpt(ctx, path) == MI_SUCCESS;
}

/* "N rest"; the rest, NULL: it is none. */
static char *cut_number(char *text, int *number)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (end == text || *end != ' ' || n < 1 || n > INT32_MAX)
        return NULL;
    *number = (int)n;
    return end + 1;
}

/* "NAME:VALUE" cut in two. NULL: it is none. */
static char *cut_value(char *text)
{
    char *colon = strchr(text, ':');
    if (!colon || colon == text)
        return NULL;
    *colon = '\0';
    return milter_read_value(colon + 1) ? colon + 1 : NULL;
}

static bool set(SMFICTX *ctx, char *text)
{
    int number;
    char *name = cut_number(text, &number), *value = name ? cut_value(name) : NULL;
    return value && smfi_chgheader(ctx, name, number, value) == MI_SUCCESS;
}

static bool erase(SMFICTX *ctx, char *text)
{
    int number;
    char *name = cut_number(text, &number);
    return name && *name && smfi_chgheader(ctx, name, number, NULL) == MI_SUCCESS;
}

static bool front(SMFICTX *ctx, char *name)
{
    char *value = cut_value(name);
    return value && smfi_insheader(ctx, 0, name, value) == MI_SUCCESS;
}

/* What stands behind the word. NULL: it is another. */
static char *behind(char *line, enum milter_word word)
{
    size_t len = strlen(milter_word(word));
    if (strncmp(line, milter_word(word), len) != 0 || (line[len] != ' ' && line[len] != '\0'))
        return NULL;
    return line + len + (line[len] == ' ');
}

static bool follow(SMFICTX *ctx, char *line, const struct tagged *tagged)
{
    char *text;
    if ((text = behind(line, MILTER_DROP)))
        return drop(ctx, text, tagged);
    if ((text = behind(line, MILTER_ADD)))
        return add(ctx, text, tagged);
    if ((text = behind(line, MILTER_SENDER)))
        return smfi_chgfrom(ctx, text, NULL) == MI_SUCCESS;
    if ((text = behind(line, MILTER_SET)))
        return set(ctx, text);
    if ((text = behind(line, MILTER_ERASE)))
        return erase(ctx, text);
    return (text = behind(line, MILTER_FRONT)) && front(ctx, text);
}

sfsistat changes_follow(SMFICTX *ctx, char *lines, const struct tagged *tagged)
{
    char *rest, *line = strtok_r(lines, "\n", &rest);
    if (line && behind(line, MILTER_TAKEN))
        return SMFIS_DISCARD;
    if (!line || !behind(line, MILTER_PASS))
        return SMFIS_TEMPFAIL;
    while ((line = strtok_r(NULL, "\n", &rest)))
        if (!follow(ctx, line, tagged))
            return SMFIS_TEMPFAIL;
    return SMFIS_CONTINUE;
}
