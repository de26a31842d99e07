import hashlib
import io
import os
import re
import stat
import zipfile
import zlib

import pytest
from fpdf import FPDF
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tenants.file_kinds import FileRefused, Kind, clean_filename
from tenants.files import DirectoryStorage, FileLimits

EVERY = FileLimits(kinds=frozenset(Kind))


def pdf(extra=b""):
    document = FPDF()
    document.add_page()
    return bytes(document.output()).replace(b"/Type /Catalog", b"/Type /Catalog " + extra)


def packed_pdf(objects):
    body = zlib.compress(objects)
    stream = b"7 0 obj\n<</Type/ObjStm/N 1/First 4/Length %d/Filter/FlateDecode>>\nstream\n" % len(body)
    return pdf().replace(b"startxref", stream + body + b"\nendstream\nendobj\nstartxref")


def picture(form, size=(40, 30)):
    output = io.BytesIO()
    Image.new("RGB", size).save(output, form)
    return output.getvalue()


def archive(*names):
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as packed:
        for name in names:
            packed.writestr(name, "x")
    return output.getvalue()


DOCX, XLSX = archive("[Content_Types].xml", "word/document.xml"), archive("xl/workbook.xml")


@pytest.fixture
def storage(tmp_path):
    return DirectoryStorage(tmp_path / "deep" / "files")


def save(storage, content, filename, declared="", limits=EVERY):
    return storage.save(content, owner_key="t-1", filename=filename, declared_type=declared, limits=limits)


def refusal(storage, *arguments, **options):
    with pytest.raises(FileRefused) as caught:
        save(storage, *arguments, **options)
    return caught.value


@pytest.mark.parametrize(
    ("content", "filename", "kind"),
    [
        (pdf(), "licence.pdf", Kind.PDF),
        (picture("PNG"), "a.PNG", Kind.PNG),
        (picture("JPEG"), "a.jpeg", Kind.JPEG),
        (picture("WEBP"), "a.webp", Kind.WEBP),
        (DOCX, "a.docx", Kind.DOCX),
        (XLSX, "a.xlsx", Kind.XLSX),
        ("楼栋,1\n".encode("gb18030"), "a.csv", Kind.CSV),
        ("说明\n".encode(), "a.txt", Kind.TEXT),
    ],
)
def test_a_good_file_is_kept_and_given_back(storage, content, filename, kind):
    stored = save(storage, content, filename, kind.content_type)
    assert (stored.content_type, stored.size) == (kind.content_type, len(content))
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    with storage.open(stored.key) as file:
        assert file.read() == content


def test_a_stream_is_read_like_bytes(storage):
    assert save(storage, io.BytesIO(pdf()), "a.pdf").size == len(pdf())


def test_keys_cannot_be_guessed_and_never_hold_the_name(storage):
    keys = {save(storage, pdf(), "secret.pdf").key for _ in range(20)}
    assert len(keys) == 20
    assert all(re.fullmatch(r"t-1/[0-9a-f]{2}/[0-9a-f]{40}", key) for key in keys)


def test_only_we_can_read_what_is_kept(storage, tmp_path):
    old = os.umask(0)
    try:
        stored = save(storage, pdf(), "a.pdf")
    finally:
        os.umask(old)
    path = tmp_path / "deep" / "files" / stored.key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for directory in (path.parent, path.parent.parent, path.parent.parent.parent):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_failed_write_leaves_nothing(storage, tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save(storage, pdf(), "a.pdf")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_deleting_is_final_and_may_be_repeated(storage):
    stored = save(storage, pdf(), "a.pdf")
    storage.delete(stored.key)
    storage.delete(stored.key)
    with pytest.raises(FileNotFoundError):
        storage.open(stored.key)


@pytest.mark.parametrize(
    "key", ["../../etc/passwd", "/etc/passwd", "t-1/ab/../../x", "", "t-1/ab/" + "g" * 40]
)
def test_a_key_never_leads_outside(storage, key):
    with pytest.raises(FileNotFoundError):
        storage.open(key)


@pytest.mark.parametrize("owner", ["", "..", "a/b", "A", "-a", "x" * 65])
def test_an_owner_key_is_one_plain_word(storage, owner):
    with pytest.raises(ValueError, match="owner key"):
        storage.save(pdf(), owner_key=owner, filename="a.pdf")


@pytest.mark.parametrize(
    ("content", "filename", "declared", "code"),
    [
        (b"", "a.pdf", "", "file.empty"),
        (pdf(), "a.png", "", "file.mismatch"),
        (picture("PNG"), "a.pdf", "", "file.mismatch"),
        (picture("PNG"), "a.jpg", "", "file.mismatch"),
        (pdf(), "a.pdf", "image/png", "file.mismatch"),
        (DOCX, "a.xlsx", "", "file.mismatch"),
        (archive("a.txt"), "a.docx", "", "file.mismatch"),
        (b"PK\x03\x04broken", "a.docx", "", "file.mismatch"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", "", "file.kind"),
        (b"<html></html>", "a.html", "", "file.kind"),
        (b"MZ\x90\0", "a.exe", "", "file.kind"),
        (pdf(), "a.pdf.exe", "", "file.kind"),
        (pdf(), "noending", "", "file.kind"),
        (b"<svg onload=alert(1)>", "a.csv", "", "file.mismatch"),
        (b"hello <script>x</script>", "a.txt", "", "file.mismatch"),
        (b"#!/bin/sh\nrm\n", "a.txt", "", "file.mismatch"),
        (b"MZ text", "a.txt", "", "file.mismatch"),
        (b"\xff\xff\xff", "a.csv", "", "file.mismatch"),
        (b"a\0b", "a.txt", "", "file.mismatch"),
        (pdf()[:200], "a.pdf", "", "file.damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 30, "a.png", "", "file.damaged"),
        (b"\xff\xd8\xff" + b"\xff" * 5000, "a.jpg", "", "file.damaged"),
        (archive("word/document.xml", "word/vbaProject.bin"), "a.docx", "", "file.unsafe"),
    ],
)
def test_what_is_not_what_it_says_or_could_act_is_refused(storage, content, filename, declared, code):
    assert refusal(storage, content, filename, declared).code == code


@pytest.mark.parametrize(
    "extra",
    [
        b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>",
        b"/OpenAction<</S/J#61vaScript/JS(x)>>",
        b"/AA<</O<</S/Launch/F(cmd.exe)>>>>",
        b"/Names<</EmbeddedFiles 5 0 R>>/X<</Type/EmbeddedFile>>",
        b"/AcroForm<</XFA[(a)3 0 R]>>",
    ],
)
def test_a_pdf_that_acts_is_refused(storage, extra):
    assert refusal(storage, pdf(extra), "a.pdf").code == "file.unsafe"
    assert refusal(storage, packed_pdf(b"9 0 <<" + extra + b">>"), "a.pdf").code == "file.unsafe"


def test_a_pdf_with_packed_objects_that_do_nothing_is_kept(storage):
    assert save(storage, packed_pdf(b"9 0 <</Type/Page>>"), "a.pdf").content_type == "application/pdf"


def test_an_encrypted_pdf_is_refused(storage):
    assert refusal(storage, pdf(b"/Encrypt 4 0 R"), "a.pdf").code == "file.protected"


def test_a_pdf_that_unpacks_without_end_is_refused(storage):
    assert refusal(storage, packed_pdf(b"9 0 " + b" " * 80_000_000), "a.pdf").code == "file.unsafe"
    crowded = pdf().replace(b"startxref", b"stream\n" * 300_000 + b"startxref")
    assert save(storage, crowded, "a.pdf").size == len(crowded)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_picture_too_large_to_show_is_refused(storage, form):
    limits = FileLimits(pixels=1000, kinds=frozenset(Kind))
    error = refusal(storage, picture(form), f"a.{form.lower()}", limits=limits)
    assert error.code == "file.too_many_pixels"
    assert "40 × 30" in str(error.message)


@pytest.mark.parametrize(
    "options",
    [
        {"lossless": True},
        {"quality": 50},
        {"save_all": True, "append_images": [Image.new("RGB", (40, 30), "red")]},
    ],
)
def test_every_form_of_webp_is_measured(storage, options):
    output = io.BytesIO()
    Image.new("RGB", (40, 30)).save(output, "WEBP", **options)
    assert save(storage, output.getvalue(), "a.webp", limits=FileLimits(pixels=1200)).size
    assert (
        refusal(storage, output.getvalue(), "a.webp", limits=FileLimits(pixels=1199)).code
        == "file.too_many_pixels"
    )


def test_a_file_too_large_is_not_read_to_its_end(storage):
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            self.given += size
            return b"x" * size

    endless = Endless()
    error = refusal(storage, endless, "a.pdf", limits=FileLimits(size=1_000_000))
    assert (error.code, error.status) == ("file.too_large", 413)
    assert endless.given < 2_000_000


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\营业执照.pdf", "营业执照.pdf"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("a\r\nb\0.pdf", "ab.pdf"),
        ("CON.pdf", "_CON.pdf"),
        ("lpt1", "_lpt1"),
        ("...", "document"),
        ("", "document"),
        ('a"b<c>|?.pdf', "a_b_c___.pdf"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
        ("  a   b .pdf ", "a b.pdf"),
        ("0.00000000 0", "0.00000000"),
    ],
)
def test_names_are_made_safe(given, kept):
    assert clean_filename(given) == kept


@given(st.text(max_size=300))
def test_no_name_is_dangerous(name):
    kept = clean_filename(name)
    assert 0 < len(kept) <= 120
    assert kept == clean_filename(kept)
    assert not re.search(r'[\x00-\x1f\x7f/\\"<>|\u202a-\u202e\u2066-\u2069]', kept)
    assert kept.strip(". ")
