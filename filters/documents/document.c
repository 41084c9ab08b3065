/* SPDX-License-Identifier: ISC */
#include "filters/documents/document.h"

struct document_family {
    struct slice types[3]; /* beginnings */
    struct slice extensions;
    struct slice parts;
};

#define OFFICE_PARTS                                                                               \
    "xml rels bin png jpg jpeg gif emf wmf tif tiff bmp svg vml rdf odttf fntdata thmx psmdcp "    \
    "ttf otf wdp sigs data"

static const struct document_family families[] = {
    {{SLICE("application/vnd.openxmlformats-officedocument.wordprocessingml."),
      SLICE("application/msword")},
     SLICE("docx docm dotx dotm doc dot wbk"),
     SLICE(OFFICE_PARTS)},
    {{SLICE("application/vnd.openxmlformats-officedocument.spreadsheetml."),
      SLICE("application/vnd.ms-excel")},
     SLICE("xlsx xlsm xltx xltm xlsb xlam xls xlt xla xlw"),
     SLICE(OFFICE_PARTS)},
    {{SLICE("application/vnd.openxmlformats-officedocument.presentationml."),
      SLICE("application/vnd.ms-powerpoint")},
     SLICE("pptx pptm potx potm ppsx ppsm ppam sldx sldm ppt pot pps ppa"),
     SLICE(OFFICE_PARTS)},
    {{SLICE("application/vnd.ms-visio."), SLICE("application/vnd.visio")},
     SLICE("vsdx vsdm vstx vstm vssx vssm vsd vst vss"),
     SLICE(OFFICE_PARTS)},
    {{SLICE("application/vnd.ms-xpsdocument")},
     SLICE("xps oxps"),
     SLICE(OFFICE_PARTS " fpage fdoc fdseq frag struct piece dict icc")},
    {{SLICE("application/vnd.oasis.opendocument."), SLICE("application/vnd.sun.xml.")},
     SLICE("odt ott odm oth ods ots odp otp odg otg odc otc odf otf odb odi oti sxw stw sxg sxc "
           "stc sxi sti sxd std sxm"),
     SLICE(OFFICE_PARTS)},
    /* EPUB 3 has scripts, sound and video. */
    {{SLICE("application/epub+zip")},
     SLICE("epub"),
     SLICE(OFFICE_PARTS " xhtml html htm css ncx opf xpgt woff woff2 js json smil pls mp3 mp4 m4a "
                        "webp dtd txt")},
};

static bool has_word(struct slice list, struct slice word)
{
    struct slice head;
    while (list.len) {
        slice_cut(list, ' ', &head, &list);
        if (head.len && slice_eq(head, word))
            return true;
    }
    return false;
}

static const struct document_family *family_of(struct slice type)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        for (size_t k = 0; k < 3; k++)
            if (families[i].types[k].len && slice_starts(type, families[i].types[k]))
                return &families[i];
    return NULL;
}

bool document_is_genuine(struct slice type, const struct slice *extensions, size_t count)
{
    const struct document_family *family = family_of(type);
    if (!family || count == 0)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!has_word(family->extensions, extensions[i]))
            return false;
    return true;
}

bool document_has_part(struct slice document, struct slice extension)
{
    const struct document_family *family = family_of(document);
    struct slice parts = family ? family->parts : SLICE(OFFICE_PARTS);
    return extension.len == 0 || has_word(parts, extension);
}

bool document_has_medium(struct slice type)
{
    static const struct slice media[] = {
        SLICE("image/"), SLICE("audio/"),           SLICE("video/"),
        SLICE("font/"),  SLICE("application/font"), SLICE("application/vnd.ms-opentype"),
    };
    for (size_t i = 0; i < sizeof media / sizeof *media; i++)
        if (slice_starts(type, media[i]))
            return true;
    return false;
}

bool document_has_type(struct slice type)
{
    static const struct slice others[] = {
        SLICE("text/xml"),
        SLICE("text/plain"),
        SLICE("application/octet-stream"),
        SLICE("application/x-ole-storage"),
        SLICE("inode/x-empty"),
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (slice_eq(type, others[i]))
            return true;
    return document_has_medium(type) || family_of(type);
}
