"""Files that are no plain CSV: packed ones, JSON, Arrow; and those that are refused."""

import bz2
import gzip
import io
import json
import lzma
import types
import zipfile

import pandas as pd
import pyarrow as pa
import pytest

from aiaas_magics import errors
from aiaas_magics.engines import sources
from aiaas_magics.engines.sources import Reading, packed

CSV = b"a,b\n1,x\n2,y\n"
TABLE = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})


def zipped(**files):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return body.getvalue()


def written(method, **options):
    body = io.BytesIO()
    getattr(TABLE, method)(body, **options)
    return body.getvalue()


def streamed():
    sink, table = io.BytesIO(), pa.Table.from_pandas(TABLE)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


@pytest.fixture
def read(tmp_path):
    def read(body, **options):
        path = tmp_path / "x"
        path.write_bytes(body if isinstance(body, bytes) else body.encode())
        try:
            return sources.read(path, "x", Reading(**options), scratch=tmp_path)
        finally:
            assert [p.name for p in tmp_path.iterdir()] == ["x"]

    return read


READ = {
    "gzip": gzip.compress(CSV),
    "gzip in parts": gzip.compress(CSV[:6]) + gzip.compress(CSV[6:]),
    "bzip2": bz2.compress(CSV),
    "xz": lzma.compress(CSV),
    "zip": zipped(table=CSV),
    "zip of a Mac": zipped(**{"__MACOSX__._t": b"x", "folder__t.csv": CSV, ".hidden": b""}),
    "gzip of JSON": gzip.compress(TABLE.to_json(orient="records").encode()),
    "records": TABLE.to_json(orient="records"),
    "lines": TABLE.to_json(orient="records", lines=True),
    "lines in UTF-16": TABLE.to_json(orient="records", lines=True).encode("utf-16"),
    "columns": json.dumps(TABLE.to_dict("list")),
    "split": TABLE.to_json(orient="split"),
    "wrapped": json.dumps({"count": 2, "data": TABLE.to_dict("records")}),
    "Parquet": written("to_parquet"),
    "Feather": written("to_feather"),
    "Arrow stream": streamed(),
}


@pytest.mark.parametrize("case", READ)
def test_a_table_is_read_from(case, read):
    pd.testing.assert_frame_equal(read(READ[case]).frame, TABLE, check_dtype=False)


NOTED = {
    "objects": ('[{"a": {"b": 1}}, {"a": {"b": 2}}]', "a.b", [1, 2], "held objects"),
    "mixed": ('[{"a": 1}, {"a": "x"}]', "a", ["1", "x"], "is read as text"),
    "long": ('[{"a": 9223372036854775808}]', "a", ["9223372036854775808"], "too long"),
    "missing": ('[{"a": 1}, {"b": 2}]', "a", [1, None], ""),
    "dates": ('[{"a": "2024-02-29"}]', "a", [pd.Timestamp("2024-02-29")], ""),
}


@pytest.mark.parametrize("case", NOTED)
def test_a_column_of_json_holds_one_kind(case, read):
    body, name, values, word = NOTED[case]
    frame, notes = read(body)
    assert frame[name].astype(object).where(frame[name].notna(), None).tolist() == values
    assert any(word in note for note in notes) == bool(word)


REFUSED = {
    "cut gzip": (gzip.compress(CSV * 1000)[:-20], "cannot be unpacked", "pack it again"),
    "gzip of nothing": (gzip.compress(b""), "is empty", "!ls -l"),
    "cut zip": (zipped(t=CSV)[:-30], "cannot be unpacked", "pack it again"),
    "zip of nothing": (zipped(), "no text", "save it as CSV"),
    "zip of two": (zipped(**{"a.csv": CSV, "<b>": CSV}), "holds 2 files", "unpack it first"),
    "zip in zip": (zipped(t=zipped(t=CSV)), "packed twice", "unpack it first"),
    "Excel": (zipped(xl__workbook=CSV), "an Excel sheet", "pd.read_excel('x')"),
    "zstd": (b"\x28\xb5\x2f\xfd..", "packed with zstd", "unzstd x"),
    "tar": (b"t.csv".ljust(257, b"\0") + b"ustar\x0000", "a tar archive", "tar -xf x"),
    "NumPy": (b"\x93NUMPY\x01", "a NumPy array", "np.load"),
    "cut JSON": ('[{"a": 1}, {"a"', "is no JSON", "[{...}, {...}]"),
    "cut line": ('{"a": 1}\n{"a": 1}\n{"a":', "record 3 is no JSON", "!sed -n 3p x"),
    "numbers": ('["x", "y"]', "JSON and no table", "json_normalize"),
    "no records": ("[]", "no rows", "!head x"),
    "lists": ('[{"a": [1]}]', "column 'a' of x holds lists", "explode('a')"),
    "deep": ("[" * 100_000, "nested too deeply", "save it as CSV"),
    "names twice": ('{"columns": ["a", "a"], "data": [[1, 2]]}', "two columns are named 'a'", "once"),
    "cut Arrow": (written("to_feather")[:-40], "cannot be read as Arrow", "write it again"),
    "cut stream": (streamed()[:90], "cannot be read as Arrow", "write it again"),
    "cut Parquet": (written("to_parquet")[:-40], "cannot be read as Parquet", "write it again"),
    "no row": (TABLE.head(0).to_parquet(None), "holds no rows", "write it again"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_with_a_line_to_try(case, read):
    body, what, try_ = REFUSED[case]
    with pytest.raises(errors.DataError) as caught:
        read(body)
    assert what in caught.value.what
    assert try_ in caught.value.try_
    assert len(caught.value.lines()) == 3


def test_every_cut_and_every_flipped_byte_is_read_or_refused(read):
    for body in (written("to_parquet"), written("to_feather"), streamed(), gzip.compress(CSV)):
        for place in range(0, len(body), max(1, len(body) // 40)):
            for bad in (
                body[:place],
                body[:place] + bytes([body[place] ^ 255]) + body[place + 1 :],
            ):
                try:
                    read(bad)
                except errors.DataError as error:
                    assert len(error.lines()) <= 3


def test_a_bomb_is_refused_before_it_fills_the_disk(read, monkeypatch):
    monkeypatch.setattr(packed, "SUSPICIOUS", 1 << 16)
    bomb = gzip.compress(b"0" * (1 << 24))
    with pytest.raises(errors.DataError, match=r"unpacks to more than 3\.3 MB"):
        read(bomb)


def test_a_locked_zip_is_refused(read):
    body = bytearray(zipped(t=CSV))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        body[body.index(mark) + offset] |= 1
    with pytest.raises(errors.DataError, match="locked with a password"):
        read(bytes(body))


def test_a_table_larger_than_the_machine_is_refused(read, monkeypatch):
    monkeypatch.setattr("psutil.virtual_memory", lambda: types.SimpleNamespace(total=8))
    with pytest.raises(errors.DataError, match="holds 4 values"):
        read(written("to_parquet"))


def test_the_line_for_lists_reads_the_file_it_names(tmp_path, monkeypatch):
    rows = [{"who": {"age": i}, "tags": ["x", "y"]} for i in range(3)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(errors.DataError) as caught:
        sources.read(tmp_path / "a.jsonl", "a.jsonl", Reading(), scratch=tmp_path)
    monkeypatch.chdir(tmp_path)
    names = {"pd": pd}
    exec(caught.value.try_, names)
    assert names["df"]["tags"].tolist() == ["x", "y"] * 3
    assert names["df"]["who.age"].tolist() == [0, 0, 1, 1, 2, 2]


def test_a_file_name_with_a_space_is_one_word_of_the_line(tmp_path):
    (tmp_path / "x").write_text("a,b\n1,2\n3\n")
    with pytest.raises(errors.DataError) as caught:
        sources.read(tmp_path / "x", "my file.csv", Reading(), scratch=tmp_path)
    assert caught.value.try_ == "!sed -n 3p 'my file.csv'"
