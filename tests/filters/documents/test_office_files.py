# SPDX-License-Identifier: ISC
"""What the shipped policy says of office documents by what they do, offline; good ones are in test_good_mail.py."""
import pytest

from lab import check, good_mail, needs

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")

TEMPLATE = good_mail.relation(1, "attachedTemplate", "https://templates.example.com/t.dotm", True)
LINK = good_mail.relation(1, "hyperlink", "https://www.example.com/", True)
SHEET = b'<Types><Override PartName="/xl/a.xml" ContentType="application/vnd.ms-excel.macro%sheet+xml"/></Types>'
FLAT = b'<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"><ooo:module>x</ooo:module></office:document>'
WORD = '<?xml version="1.0" encoding="UTF-16"?><w:wordDocument w:macrosPresent="yes"></w:wordDocument>'
DDE = b'<w:document><w:p><w:instrText>DDE</w:instrText><w:instrText>AUTO c:\\cmd.exe "/c calc"</w:instrText></w:p></w:document>'



MACROS = {
    "a macro sheet by a reference": ("a.xlsx", good_mail.office("xlsx", b"", {"more/[Content_Types].xml": b"", "xl/types.xml": SHEET % b"&#x73;"})),
    "a macro sheet in UTF-16": ("a.xlsx", good_mail.office("xlsx", b"", {"xl/types.xml": (SHEET % b"s").decode().encode("utf-16")})),
    "a Basic module": ("a.ods", good_mail.open_document("spreadsheet", {"Basic/Standard/Module1.xml": b"<script:module/>"})),
    "a module in a flat document": ("a.fodt", FLAT),
    "Word's XML in UTF-16": ("a.doc", WORD.encode("utf-16")),
    "a SYLK sheet": ("a.txt", b'ID;P\r\nO;E\r\nNN;NAuto_open;ER1C1\r\nC;X1;Y1;EEXEC("calc")\r\nE\r\n'),
}
DOES = {
    "a template of elsewhere": ("a.docx", good_mail.office("docx", TEMPLATE), "remote"),
    "an object of elsewhere": ("a.docx", good_mail.office("docx", TEMPLATE.replace(b"attachedTemplate", b"oleObject")), "remote"),
    "DDE": ("a.docx", good_mail.office("docx", b"", {"word/footer.xml": DDE}), "active"),
    "RTF with a template": ("a.rtf", b"{\\rtf1{\\*\\template https://templates.example.com/t.dotm}words}", "remote"),
    "RTF with DDE": ("a.rtf", b'{\\rtf1{\\field{\\*\\fldinst DDEAUTO c:\\\\cmd.exe "/c calc"}{\\fldrslt x}}}', "active"),
}


def judged(folder, files):
    paths = {}
    for number, (what, (name, content)) in enumerate(files.items()):
        paths[what] = folder / ("%d.eml" % number)
        paths[what].write_bytes(good_mail.attached(name, content))
    return check.batch(folder, paths, check.configuration(folder))


@pytest.mark.parametrize("what", MACROS)
def test_macros_are_refused_in_whatever_form(what, tmp_path):
    result = judged(tmp_path, {what: MACROS[what]})[what]
    assert (result["verdict"], result["rules"]) == ("reject", ["macros from outside"]), result


@pytest.mark.parametrize("what", DOES)
def test_what_it_does_when_it_is_opened_is_told_and_marked(what, tmp_path):
    name, content, fact = DOES[what]
    result = judged(tmp_path, {what: (name, content)})[what]
    assert [a[fact] for a in result["facts"]["attachments"] if a["name"] == name] == [True], result["facts"]["attachments"]
    assert result["verdict"] == "accept" and "active or remote attachment" in result["rules"]


def test_its_links_are_the_message_s(tmp_path):
    files = {"link": ("a.docx", good_mail.office("docx", LINK)), "template": ("a.docx", good_mail.office("docx", TEMPLATE))}
    assert {what: result["facts"]["message.domains"] for what, result in judged(tmp_path, files).items()} == {"link": ["example.com"], "template": ["example.com"]}
