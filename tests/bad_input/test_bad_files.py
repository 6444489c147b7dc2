"""Files as people have them: each is fine, repaired and said, or refused, and nothing is half made."""

import bz2
import gzip
import io
import os
import pickle
import zipfile

import pandas as pd
import pytest

ROWS = "".join(f"{i},{i % 3},{'ab'[i % 2]}\n" for i in range(12))
PLAIN = "x,z,y\n" + ROWS
GERMAN = PLAIN.replace("\n", ",5\n").replace(",5", ";1,5", 1).replace(",", ";")


def zipped(**files):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return body.getvalue()


class Payload:
    """Writes a file where it is unpickled."""

    def __reduce__(self):
        return open, ("executed", "w")


# name of the file: its bytes, what comes of it, a word that is said, options of the line
FILES = {
    "good.csv": (PLAIN, "fine", "", ""),
    "empty.csv": ("", "refused", "is empty", ""),
    "blank.csv": ("\n \n\n", "refused", "is empty", ""),
    "header.csv": ("x,y\n", "refused", "a header and no rows", ""),
    "one_row.csv": ("x,y\n1,2\n", "fine", "", ""),
    "semicolon.csv": (PLAIN.replace(",", ";"), "said", "--sep ';'", ""),
    "tab.csv": (PLAIN.replace(",", "\t"), "said", r"--sep '\t'", ""),
    "bar.csv": (PLAIN.replace(",", "|"), "said", "--sep '|'", ""),
    "colon.csv": (PLAIN.replace(",", ":"), "refused", "--sep ':'", ""),
    "colon_said.csv": (PLAIN.replace(",", ":"), "fine", "", "--sep :"),
    "wrong_sep.csv": (PLAIN, "refused", "--sep ','", "--sep ;"),
    "comma.csv": ("x;y\n1,5;a\n2,75;b\n", "said", "--decimal ,", ""),
    "german.csv": ("preis;tag\n1.234,50;31.12.2023\n7,25;01.01.2024\n", "said", "day first", ""),
    "thousands.csv": ('x,y\n"1,234.50",a\n"12,000",b\n', "said", "--thousands ,", ""),
    "either.csv": ("x;y\n1,234;a\n2,345;b\n", "said", "--decimal , or --thousands ,", ""),
    "bom.csv": (b"\xef\xbb\xbf" + PLAIN.encode(), "fine", "", ""),
    "utf16.csv": (PLAIN.encode("utf-16"), "fine", "", ""),
    "utf16le.csv": (PLAIN.encode("utf-16-le"), "said", "utf-16-le", ""),
    "latin.csv": ("ort,y\nKöln,1\n".encode("latin-1"), "said", "--encoding cp1252", ""),
    "latin_as_utf8.csv": ("ort,y\nKöln,1\n".encode("latin-1"), "refused", "--encoding latin-1", "--encoding utf-8"),
    "no_encoding.csv": (PLAIN, "refused", "unknown encoding", "--encoding utf-9"),
    "ragged_long.csv": ("a,b\n1,2\n3,4,5\n", "refused", "line 3 has 3 fields", ""),
    "ragged_short.csv": ("a,b\n1,2\n3\n", "refused", "line 3 has 1 field", ""),
    "ragged_late.csv": ("a,b\n" + "1,2\n" * 3000 + "3\n", "refused", "line 3002 has 1 field", ""),
    "quote.csv": ('a,b\n1,"x\n2,y\n3,z\n', "refused", "never closed", ""),
    "quotes_in_header.csv": ('"a ""x""","b,c"\n1,2\n', "fine", "", ""),
    "long_text.csv": ('a,b\n"one\ntwo",1\n"three",2\n', "fine", "", ""),
    "good.csv.gz": (gzip.compress(PLAIN.encode()), "fine", "", ""),
    "good.csv.bz2": (bz2.compress(PLAIN.encode()), "fine", "", ""),
    "good.zip": (zipped(**{"t.csv": PLAIN}), "fine", "", ""),
    "two.zip": (zipped(**{"a.csv": PLAIN, "../../b.csv": PLAIN}), "refused", "holds 2 files", ""),
    "cut.gz": (gzip.compress(PLAIN.encode())[:-9], "refused", "cannot be unpacked", ""),
    "bomb.gz": (gzip.compress(b"0" * 200_000_000), "refused", "unpacks to more than", ""),
    "bomb.zip": (zipped(**{"t.csv": b"0" * 200_000_000}), "refused", "unpacks to more than", ""),
    "sheet.xlsx": (zipped(**{"xl/workbook.xml": "<workbook/>"}), "refused", "pd.read_excel", ""),
    "model.pkl": (pickle.dumps(Payload()), "refused", "a pickle is a program", ""),
    "fake.csv": (pickle.dumps(Payload(), 2), "refused", "a pickle is a program", ""),
    "zero.csv": (b"a,b\n1,2\n\x00,4\n", "refused", "zero byte", ""),
    "binary.csv": (bytes(range(256)) * 20, "refused", "no text", ""),
    "page.csv": ("<!DOCTYPE html><html><body>404</body></html>", "refused", "error page", ""),
    "broken.parquet": (b"PAR1" + b"x" * 50, "refused", "cannot be read as Parquet", ""),
    "broken.feather": (b"ARROW1\0\0" + b"x" * 50, "refused", "cannot be read as Arrow", ""),
    "records.json": ('[{"a": 1, "y": "b"}, {"a": 2, "y": "c"}]', "fine", "", ""),
    "nested.json": ('[{"a": {"b": 1}, "y": 1}]', "said", "held objects", ""),
    "broken.json": ('[{"a": 1}, {"a"', "refused", "is no JSON", ""),
    "settings.json": ('{"debug": true}', "refused", "no table", ""),
    "windows.csv": (PLAIN.replace("\n", "\r\n"), "fine", "", ""),
    "old_mac.csv": (PLAIN.replace("\n", "\r"), "fine", "", ""),
    "seps.csv": (",,,\n,,,\n", "refused", "is empty", ""),
    "title.csv": ("Sales 2024\n\n" + PLAIN, "said", "--header 3", ""),
    "remarks.csv": ("# made by, us\n# today\n" + PLAIN, "said", "--header 3", ""),
    "footer.csv": (PLAIN + "Total\n", "refused", "below the table", ""),
    "again.csv": (PLAIN + PLAIN, "said", "repeats the header", ""),
    "no_header.csv": ("5,6,7\n1,2,3\n", "said", "--header 0", ""),
    "no_header_twice.csv": ("5,5,7\n1,2,3\n", "refused", "--header 0", ""),
    "no_header_said.csv": (ROWS, "fine", "", "--header 0"),
    "index.csv": (pd.DataFrame({"a": [5, 6, 9]}).to_csv(), "said", "counts the rows", ""),
    "trailing.csv": ("a,b,\n1,2,\n3,4,\n", "fine", "", ""),
    "blank_name.csv": ("a,,c\n1,5,3\n", "said", "called 'column_2'", ""),
    "twice.csv": ("a,b,a\n1,2,3\n", "refused", "two columns are named 'a'", ""),
    "twice_but_spaces.csv": ("a,b, a \n1,2,3\n", "refused", "two columns are named 'a'", ""),
    "odd_names.csv": ("😀,class,__class__,=cmd|'x',a\tb\n1,2,3,4,5\n2,3,4,5,7\n", "fine", "", ""),
    "markup.csv": ("<script>alert(1)</script>,y\n<img src=x onerror=y>,1\nb,2\n", "fine", "", ""),
    "long_name.csv": ("n" * 5000 + ",y\n1,2\n3,4\n", "fine", "", ""),
    "wide.csv": (",".join(f"c{i}" for i in range(10_000)) + "\n" + ",".join("1" * 10_000) + "\n" + ",".join("2" * 10_000), "fine", "", ""),
    "cell.csv": ("a,y\n" + "x" * 1_000_000 + ",1\nb,2\n", "fine", "", ""),
    "zip_codes.csv": ("plz,y\n01067,1\n10115,2\n", "said", "begin with 0", ""),
    "namibia.csv": ("country,y\nNA,1\nDE,2\n", "said", "--missing nan", ""),
    "gaps.csv": ("a,y\n1,x\n?,z\n3,-\n", "said", "read as missing", ""),
    "mixed.csv": ("a,y\n" + "1,2\n" * 9 + "n.v.,2\n", "said", "is no number ('n.v.')", ""),
    "half_mixed.csv": ("a,y\n" + "1,2\n2,3\nabc,4\n" * 9, "said", "9 of its 27 values are no numbers", ""),
    "codes.csv": ("a,y\n" + "A1,2\nB2,3\n7,4\n" * 9, "fine", "", ""),
    "long_numbers.csv": ("a,y\n123456789012345678901,1\n5,2\n", "said", "too long", ""),
    "money.csv": ("a,y\n$5,1\n$7.50,2\n", "said", "money or percent", ""),
    "percent.csv": ("a,y\n5%,1\n7%,2\n", "said", "money or percent", ""),
    "us_dates.csv": ("d,y\n01/31/2024,1\n02/01/2024,2\n", "said", "month first", ""),
    "either_dates.csv": ("d,y\n01/02/2024,1\n02/03/2024,2\n", "said", "day or the month", ""),
    "zones.csv": ("d,y\n2024-01-01T00:00+02:00,1\n2024-01-01T00:00Z,2\n", "fine", "", ""),
    "old_dates.csv": ("d,y\n1066-10-14,1\n1648-10-24,2\n", "fine", "", ""),
    "no_date.csv": ("d,y\n2024-13-45,1\n2024-01-01,2\n", "fine", "", ""),
    "infinite.csv": ("a,y\ninf,1\n-inf,2\n5,3\n", "said", "infinite in 2 rows", ""),
    "all_missing.csv": ("a,y\n,1\n,2\n", "said", "missing in every row", ""),
    "constant.csv": ("a,y\n5,1\n5,2\n", "said", "the same value", ""),
    "long_sep.csv": (PLAIN, "refused", "one character", "--sep ;;"),
    "bad_decimal.csv": (PLAIN, "refused", "no mark", "--decimal 12"),
    "bad_header.csv": (PLAIN, "refused", "is no line", "--header -1"),
    "far_header.csv": (PLAIN, "refused", "is no line", "--header 999"),
    "no_verbatim.csv": (PLAIN, "refused", "no column 'q'", "--verbatim q"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_comes_to_what_is_expected(desk, name):
    body, expected, word, options = FILES[name]
    (desk.folder / name).write_bytes(body if isinstance(body, bytes) else body.encode())
    found, said = desk.outcome(f"%aiaas_data load {name} --as t {options}")
    assert (found, word in said) == (expected, True), said
    assert not (desk.folder / "executed").exists()


PLACES = {
    "nowhere.csv": "there is no file",
    "folder": "is a folder",
    "pipe": "a named pipe",
    "circle": "a link that leads nowhere",
    "/dev/zero": "a device",
    "/dev/null": "a device",
    "/etc": "is a folder",
    "https://example.com/t.csv": "on the web",
    "s3://bucket/t.csv": "on the web",
    "file:///etc/passwd": "on the web",
    "openml:../../x": "names no table of OpenML",
    "~nobody-of-that-name/t.csv": "no usable path",
    "iriss": "did you mean 'iris'",
}


@pytest.mark.parametrize("word", PLACES)
def test_what_is_no_file_is_refused_at_once(desk, word):
    if word == "folder":
        (desk.folder / word).mkdir()
    if word == "pipe":
        os.mkfifo(desk.folder / word)
    if word == "circle":
        (desk.folder / word).symlink_to(desk.folder / word)
    found, said = desk.outcome(f"%aiaas_data load {word} --as t")
    assert (found, PLACES[word] in said) == ("refused", True), said


@pytest.mark.parametrize("name", ["a file with spaces.csv", "größe 😀.csv", "it's.csv", "<b>.csv"])
def test_a_file_may_be_called_anything(desk, name):
    (desk.folder / name).write_text(PLAIN)
    assert desk.outcome(f'%aiaas_data load "{name}" --as t') == ("fine", "")
