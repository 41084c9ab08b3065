/* SPDX-License-Identifier: ISC */
#include "filters/documents/macros_ole.h"

#include "filters/documents/ole.h"
#include "filters/mime/bytes.h"

enum {
    BIFF_BOF2 = 0x0009,
    BIFF_BOF3 = 0x0209,
    BIFF_BOF4 = 0x0409,
    BIFF_BOF8 = 0x0809,
    BIFF_FILEPASS = 0x002f,
    BIFF_BOUNDSHEET = 0x0085,
    BIFF_MACRO_SHEET = 0x0040,
    BIFF_SUPBOOK = 0x01ae,
    BIFF_EXTERNNAME = 0x0023,
    BIFF_OLE_LINK = 0x0010,
    SHEET_MACRO = 1,

    PPT_VBA_INFO = 0x0400,
    PPT_OLE_EMBED = 0x0fcc,
    PPT_OLE_LINK = 0x0fce,
    PPT_OLE_CONTROL = 0x0fee,
    PPT_TOKEN_ENCRYPTED = 0xf3d1c4df,

    FIELD_BEGIN = 0x13,
    FIELD_LOOK = 64, /* octets: blanks may stand before its name */

    FIB_FLAGS = 0x0a,
    FIB_ENCRYPTED = 0x0100,
};

/* A link to another program: its name and what it is asked for, with a 3 in between ([MS-XLS]
 * 2.5.277). */
static bool leads_to_program(struct slice record)
{
    const size_t path = 5; /* behind two numbers and the kind of letters */
    struct slice s = slice_from(record, path);
    return slice_find(s, 3) < s.len;
}

/* DDE starts the program; a linked object (fOleLink) does not. */
static bool is_dde_item(struct slice record)
{
    return !(bytes_le16(record, 0) & BIFF_OLE_LINK);
}

void macros_inspect_biff(struct slice s, struct office_findings *out)
{
    bool encrypted = false, program = false;
    for (size_t at = 0; bytes_has(s, at, 4);) {
        uint16_t type = bytes_le16(s, at), len = bytes_le16(s, at + 2);
        struct slice record = slice_sub(s, at + 4, at + 4 + len);
        if (type == BIFF_FILEPASS)
            encrypted = true;
        bool begin =
            type == BIFF_BOF2 || type == BIFF_BOF3 || type == BIFF_BOF4 || type == BIFF_BOF8;
        if (begin && bytes_le16(s, at + 6) == BIFF_MACRO_SHEET)
            out->macros = true;
        if (type == BIFF_BOUNDSHEET && !encrypted && bytes_u8(s, at + 9) == SHEET_MACRO)
            out->macros = true;
        if (type == BIFF_SUPBOOK && !encrypted)
            program = leads_to_program(record);
        if (type == BIFF_EXTERNNAME && program && is_dde_item(record))
            out->active = true;
        at += 4 + (size_t)len;
    }
    out->encrypted = out->encrypted || encrypted;
}

/* Containers are entered by just going on behind their header ([MS-PPT] 2.3.1). */
static void inspect_slides(struct slice s, struct office_findings *out)
{
    for (size_t at = 0; bytes_has(s, at, 8);) {
        uint16_t version = bytes_le16(s, at) & 0xf, type = bytes_le16(s, at + 2);
        if (type == PPT_VBA_INFO && bytes_le32(s, at + 12) != 0)
            out->macros = true;
        if (type == PPT_OLE_EMBED || type == PPT_OLE_LINK || type == PPT_OLE_CONTROL)
            out->embedded = true;
        at += 8 + (version == 0xf ? 0 : (size_t)bytes_le32(s, at + 4));
    }
}

struct entry_meaning {
    struct slice name;
    bool macros, encrypted, embedded, active;
};

static const struct entry_meaning meanings[] = {
    {SLICE("_VBA_PROJECT"), .macros = true},
    {SLICE("_VBA_PROJECT_CUR"), .macros = true},
    {SLICE("VBA"), .macros = true},
    {SLICE("_SRP_0"), .macros = true},
    {SLICE("EncryptedPackage"), .encrypted = true},
    {SLICE("EncryptionInfo"), .encrypted = true},
    {SLICE("EncryptedSummary"), .encrypted = true},
    {SLICE("\tDRMContent"), .encrypted = true},
    {SLICE("\1Ole10Native"), .embedded = true},
    {SLICE("Ole10Native"), .embedded = true},
    {SLICE("\1Ole10ItemName"), .embedded = true},
    {SLICE("Equation Native"), .embedded = true, .active = true},
    {SLICE("\3ObjInfo"), .embedded = true},
    {SLICE("\3LinkInfo"), .embedded = true},
};

static void inspect_entry(const struct ole_entry *e, struct office_findings *out)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (!slice_ieq(e->name, meanings[i].name))
            continue;
        out->macros = out->macros || meanings[i].macros;
        out->encrypted = out->encrypted || meanings[i].encrypted;
        out->embedded = out->embedded || meanings[i].embedded;
        out->active = out->active || meanings[i].active;
    }
    /* Excel's and Word's storages of embedded objects: MBD and eight digits, _ and ten. */
    if (e->kind == OLE_STORAGE &&
        ((e->name.len == 11 && slice_istarts(e->name, SLICE("MBD"))) ||
         (e->name.len == 11 && e->name.ptr[0] == '_' && ascii_digit(e->name.ptr[1]))))
        out->embedded = true;
}

static struct slice stream(struct arena *scratch, struct ole *ole, struct slice name)
{
    const struct ole_entry *e = ole_find(ole, name);
    return e ? ole_read(scratch, ole, e, ole->content.len) : (struct slice){0};
}

/* A field's instruction stands behind 0x13, in octets or units of 16 bits ([MS-DOC] 2.8.25). */
static bool begins_dde(struct slice s)
{
    char word[3];
    size_t n = 0, step = bytes_u8(s, 1) == 0 ? 2 : 1;
    for (size_t at = step; at < s.len && n < sizeof word; at += step)
        if (n > 0 || s.ptr[at] != ' ')
            word[n++] = s.ptr[at];
    return slice_ieq((struct slice){word, n}, SLICE("DDE"));
}

static void inspect_word(struct slice s, struct office_findings *out)
{
    if (bytes_le16(s, FIB_FLAGS) & FIB_ENCRYPTED)
        out->encrypted = true;
    for (size_t at = slice_find(s, FIELD_BEGIN); at < s.len && !out->active;) {
        out->active = begins_dde(slice_sub(s, at, at + FIELD_LOOK));
        at += 1 + slice_find(slice_from(s, at + 1), FIELD_BEGIN);
    }
}

void macros_inspect_ole(struct arena *scratch, struct slice content, struct office_findings *out)
{
    struct ole ole;
    if (!ole_open(scratch, content, &ole)) {
        out->broken = true;
        return;
    }
    for (size_t i = 0; i < ole.count; i++)
        inspect_entry(&ole.entries[i], out);
    inspect_word(stream(scratch, &ole, SLICE("WordDocument")), out);
    macros_inspect_biff(stream(scratch, &ole, SLICE("Workbook")), out);
    macros_inspect_biff(stream(scratch, &ole, SLICE("Book")), out);
    inspect_slides(stream(scratch, &ole, SLICE("PowerPoint Document")), out);
    if (bytes_le32(stream(scratch, &ole, SLICE("Current User")), 12) == PPT_TOKEN_ENCRYPTED)
        out->encrypted = true;
}
