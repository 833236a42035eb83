"""The tar format: read as any tar writes it, written as any tar reads it, and nothing that was not asked for."""

import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remote.transfer.host import tar

NAMES = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=300).filter(
    lambda name: not name.startswith("/") and not name.endswith("/")
)
FILES = st.lists(st.tuples(NAMES, st.binary(max_size=2000)), max_size=5)


def read(data, cuts=()):
    """Files and notes, fed in pieces."""
    reader, found = tar.Reader(), []
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        for event in reader.feed(data[start:end]):
            if isinstance(event, tar.Member):
                found.append([event.name, event.size, b""])
            elif isinstance(event, memoryview):
                found[-1][2] += bytes(event)
            elif isinstance(event, tar.Note):
                found.append(event.about)
    return found, reader.over


def written(files):
    return b"".join(tar.header(name, len(data)) + data + tar.padding(len(data)) for name, data in files) + tar.END


@given(FILES, st.lists(st.integers(0, 5000), max_size=6))
def test_what_we_write_we_read_in_any_pieces(files, cuts):
    data = written(files)
    found, over = read(data, sorted(min(cut, len(data)) for cut in cuts))
    assert over and found == [[name, len(body), body] for name, body in files]


@given(FILES)
def test_what_we_write_tarfile_reads(files):
    with tarfile.open(fileobj=io.BytesIO(written(files))) as archive:
        assert [(item.name, item.size) for item in archive] == [(name.rstrip("/"), len(body)) for name, body in files]


@pytest.mark.parametrize("kind", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_what_tarfile_writes_we_read(kind):
    files = [("a", b""), ("d/" * 60 + "long", b"x" * 700), ("b" * 90, b"1"), ("ü" if kind != 0 else "u", b"2")]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=kind) as archive:
        for name, body in files:
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    assert read(out.getvalue()) == ([[name, len(body), body] for name, body in files], True)


def test_a_note_comes_whole():
    data = tar.header("a", 3) + b"abc" + tar.padding(3) + tar.note({"path": "a", "sha256": "x"}) + tar.END
    assert read(data, range(1, len(data))) == ([["a", 3, b"abc"], {"path": "a", "sha256": "x"}], True)


def test_sizes_beyond_eight_gigabytes():
    (member,) = tar.Reader().feed(tar.header("big", 9 * 2**30))
    assert (member.name, member.size) == ("big", 9 * 2**30)
    info = tarfile.TarInfo("big")
    info.size = 9 * 2**30
    for kind in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        (member,) = tar.Reader().feed(info.tobuf(kind))
        assert (member.name, member.size) == ("big", 9 * 2**30)


@pytest.mark.parametrize("kind", "123456SV")
def test_links_devices_and_folders_end_it(kind):
    info = tarfile.TarInfo("evil")
    info.type, info.linkname = kind.encode(), "/etc/passwd"
    with pytest.raises(tar.BadTar, match="only files"):
        list(tar.Reader().feed(info.tobuf()))


@pytest.mark.parametrize(
    "data",
    [
        tar._block(b"pax", tar.MOST_META + 1, b"x"),
        tar._block(b"note", 2**40, b"T"),
        tar._block(b"a", 1, b"0")[:-1] + b"\1",
        tar._block(b"note", 3, b"T") + b"[1]" + tar.padding(3),
        tar._block(b"note", 3, b"T") + b"{{{" + tar.padding(3),
        tar._block(b"pax", 9, b"x") + b"99 path=a" + tar.padding(9),
        tar._block(b"pax", 14, b"x") + b"14 size=-1234\n" + tar.padding(14),
    ],
)
def test_what_cannot_be_is_refused(data):
    with pytest.raises(tar.BadTar):
        list(tar.Reader().feed(data))


@settings(max_examples=300)
@given(st.binary(max_size=3000) | FILES.map(written), st.data())
def test_noise_is_refused_or_read_and_never_anything_else(data, draw):
    data = bytearray(data)
    for _ in range(draw.draw(st.integers(0, 4))):
        if data:
            data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    reader = tar.Reader()
    try:
        for event in reader.feed(bytes(data)):
            assert not isinstance(event, tar.Member) or 0 <= event.size <= 2**60
    except tar.BadTar:
        pass
