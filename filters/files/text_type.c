/* SPDX-License-Identifier: ISC */
#include "filters/files/text_type.h"

#include "filters/html/html_tokens.h"

enum { LOOK_AT = 4096, TOKENS_MAX = 16 };

struct kind {
    struct slice mark, type;
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

static bool holds(struct slice text, struct slice what)
{
    return slice_search(text, what) < text.len;
}

static struct slice script_type(struct slice text)
{
    if (!slice_starts(text, SLICE("#!")))
        return (struct slice){0};
    struct slice line, rest;
    slice_cut(slice_sub(text, 0, 256), '\n', &line, &rest);
    if (holds(line, SLICE("python")))
        return SLICE("text/x-script.python");
    if (holds(line, SLICE("perl")))
        return SLICE("text/x-perl");
    return holds(line, SLICE("/")) ? SLICE("text/x-shellscript") : (struct slice){0};
}

static bool has_tag(struct slice text, struct slice tag)
{
    for (size_t at = slice_find(text, '<'); at < text.len;) {
        if (slice_istarts(slice_from(text, at), tag))
            return true;
        at += 1 + slice_find(slice_from(text, at + 1), '<');
    }
    return false;
}

/* ---- elements */

static struct slice first_element(struct slice text)
{
    struct html_tokens tokens = html_tokens_of(text, HTML_XML);
    struct html_token token;
    for (unsigned i = 0; i < TOKENS_MAX && html_next(&tokens, &token); i++)
        if (token.kind == HTML_TAG)
            return token.name;
    return (struct slice){0};
}

/* By their first element, without its prefix. */
static const struct kind elements[] = {
    {SLICE("libraryDescription"), SLICE("application/windows-library+xml")},
    {SLICE("persistedQuery"), SLICE("application/windows-search+xml")},
    {SLICE("searchConnectorDescription"), SLICE("application/windows-search-connector+xml")},
    {SLICE("PCSettings"), SLICE("application/x-ms-settingcontent")},
    {SLICE("MMC_ConsoleFile"), SLICE("application/x-ms-msc")},
    {SLICE("jnlp"), SLICE("application/x-java-jnlp-file")},
};
/* ... and where scripts are in it. */
static const struct kind scripted[] = {
    {SLICE("job"), SLICE("application/x-ms-wsf")},
    {SLICE("package"), SLICE("application/x-ms-wsf")},
    {SLICE("component"), SLICE("application/x-ms-wsc")},
    {SLICE("scriptlet"), SLICE("application/x-ms-wsc")},
};

static struct slice find(const struct kind *kinds, size_t count, struct slice word)
{
    for (size_t i = 0; i < count; i++)
        if (slice_ieq(kinds[i].mark, word))
            return kinds[i].type;
    return (struct slice){0};
}

static struct slice element_type(struct slice text)
{
    if (!slice_starts(text, SLICE("<")))
        return (struct slice){0};
    if (has_tag(text, SLICE("<hta:application")))
        return SLICE("application/hta");
    struct slice name = first_element(text);
    name = slice_from(name, slice_find(name, ':') < name.len ? slice_find(name, ':') + 1 : 0);
    if (slice_ieq(name, SLICE("assembly")) && has_tag(text, SLICE("<deployment")))
        return SLICE("application/x-ms-application");
    struct slice type = find(elements, COUNT(elements), name);
    if (type.len == 0 && has_tag(text, SLICE("<script")))
        type = find(scripted, COUNT(scripted), name);
    return type;
}

/* ---- lines */

static const struct kind sections[] = {
    {SLICE("[InternetShortcut]"), SLICE("application/internet-shortcut")},
    {SLICE("[Desktop Entry]"), SLICE("application/x-desktop")},
    {SLICE("[ScriptFile]"), SLICE("application/x-ms-wsh")},
    {SLICE("[Shell]"), SLICE("application/x-ms-scf")},
};
static const struct kind settings[] = {
    {SLICE("full address:s:"), SLICE("application/x-rdp")},
    {SLICE("alternate full address:s:"), SLICE("application/x-rdp")},
    {SLICE("remoteapplicationprogram:s:"), SLICE("application/x-rdp")},
};

static struct slice find_beginning(const struct kind *kinds, size_t count, struct slice line)
{
    for (size_t i = 0; i < count; i++)
        if (slice_istarts(line, kinds[i].mark))
            return kinds[i].type;
    return (struct slice){0};
}

/* A section may stand behind others and comments, a setting behind others. */
static struct slice line_type(struct slice text)
{
    bool in_sections = slice_starts(text, SLICE("[")) || slice_starts(text, SLICE(";"));
    struct slice line, type = {0};
    while (text.len && type.len == 0) {
        slice_cut(text, '\n', &line, &text);
        line = slice_trim(line);
        type = in_sections ? find_beginning(sections, COUNT(sections), line)
                           : find_beginning(settings, COUNT(settings), line);
    }
    return type;
}

static bool is_uuencoded(struct slice text)
{
    return slice_starts(text, SLICE("begin ")) && text.len > 10 && ascii_digit(text.ptr[6]) &&
           ascii_digit(text.ptr[8]) && text.ptr[9] == ' ';
}

static struct slice type_of(struct slice text)
{
    text = slice_trim(text);
    if (slice_starts(text, SLICE("REGEDIT4")) ||
        slice_starts(text, SLICE("Windows Registry Editor")))
        return SLICE("text/x-ms-regedit");
    if (is_uuencoded(text))
        return SLICE("text/x-uuencode");
    struct slice type = element_type(text);
    if (type.len == 0)
        type = line_type(text);
    return type.len ? type : script_type(text);
}

/* Of UTF-16 with a mark, what is ASCII. */
static struct slice narrowed(struct slice content, char room[static LOOK_AT / 2])
{
    size_t n = 0, low = content.ptr[0] == '\xff' ? 0 : 1;
    for (size_t i = 2; i + 1 < content.len && n < LOOK_AT / 2; i += 2)
        if (content.ptr[i + 1 - low] == '\0')
            room[n++] = content.ptr[i + low];
    return (struct slice){room, n};
}

struct slice text_type(struct slice content)
{
    char room[LOOK_AT / 2];
    content = slice_sub(content, 0, LOOK_AT);
    if (slice_starts(content, SLICE("\xff\xfe")) || slice_starts(content, SLICE("\xfe\xff")))
        return type_of(narrowed(content, room));
    if (slice_starts(slice_trim(content), SLICE("\xef\xbb\xbf")))
        content = slice_from(slice_trim(content), 3);
    return type_of(content);
}
