"""Records out of whole files and damaged ones."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zlib
from collections import Counter
from typing import Any

import pytest

from newscrawl.storage.warc.records import LARGEST, Record, Window, parse_date, read_record, read_records, verify
from tests.archives import http, sha1, warc

URLS = [f"https://songngan.vn/bai-{number}.html" for number in range(5)]


def block(number: int) -> bytes:
    return http(f"<p>Bài {number}</p>".encode() * 20, "Content-Type: text/html")


ONE = [warc(url, block(number)) for number, url in enumerate(URLS)]
#: Each as a gzip member, and each as it is.
PACKED = [gzip.compress(record, mtime=0) for record in ONE]


def read(content: bytes, **options: Any) -> tuple[list[Record], Counter[str]]:
    faults: Counter[str] = Counter()
    wanted = options.pop("wanted", lambda _: True)
    return list(read_records(Window(io.BytesIO(content)), wanted, faults, **options)), faults


def numbers(found: list[Record]) -> list[int]:
    """Which of `URLS` were read, each whole."""
    for record in found:
        assert record.block == block(URLS.index(record.url))
    return [URLS.index(record.url) for record in found]


@pytest.mark.parametrize("parts", [ONE, PACKED], ids=["plain", "gzip"])
def test_a_whole_file(parts: list[bytes]) -> None:
    found, faults = read(b"".join(parts))
    assert (numbers(found), faults) == ([0, 1, 2, 3, 4], Counter())
    ends = [sum(map(len, parts[: n + 1])) for n in range(5)]
    assert [record.end for record in found] == ends
    assert [record.offset for record in found] == [0, *ends[:-1]]
    assert found[2].headers["warc-type"] == found[2].type == "response"


def test_reading_starts_at_an_offset() -> None:
    found, _ = read(b"".join(PACKED), start=len(PACKED[0] + PACKED[1]))
    assert numbers(found) == [2, 3, 4]


def test_one_record_by_its_place() -> None:
    window = Window(io.BytesIO(b"".join(PACKED)))
    record = read_record(window, len(PACKED[0]))
    assert record is not None
    assert record.url == URLS[1]
    assert read_record(window, 3) is None
    assert read_record(Window(io.BytesIO(PACKED[0][:-3])), 0) is None


def test_part_of_a_file() -> None:
    window = Window(io.BytesIO(b"before" + b"".join(PACKED) + b"after"), 6, sum(map(len, PACKED)))
    faults: Counter[str] = Counter()
    assert numbers(list(read_records(window, lambda _: True, faults))) == [0, 1, 2, 3, 4]
    assert not faults


# --- faults: the second of five records is bad, the others are read ------------------------------------------------

BAD_DIGEST = "sha1:" + "A" * 32
FAULTS: list[tuple[str, str, bytes]] = [
    ("bad block digest", "another block's", warc(URLS[1], block(1), block_digest=sha1(b"other"))),
    ("bad block digest", "no digest at all", warc(URLS[1], block(1), block_digest="sha1:???")),
    ("wrong length", "too short", warc(URLS[1], block(1), length=100)),
    ("wrong length", "too short by one", warc(URLS[1], block(1), length=len(block(1)) - 1)),
    ("wrong length", "into the next record", warc(URLS[1], block(1), length=len(block(1)) + 50)),
    ("bad header", "no number", warc(URLS[1], block(1)).replace(b"\r\nContent-Length: ", b"\r\nContent-Length: x")),
    ("bad header", "none", warc(URLS[1], block(1)).replace(b"\r\nContent-Length: ", b"\r\nLength: ", 1)),
    ("no record", "garbage", b"Kh\xc3\xb4ng ph\xe1\xba\xa3i b\xe1\xba\xa3n ghi\r\n" * 9),
]  # fmt: skip


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(("kind", "bad"), [(f[0], f[2]) for f in FAULTS], ids=[f"{f[0]}: {f[1]}" for f in FAULTS])
def test_a_bad_record_is_counted_and_passed_over(kind: str, bad: bytes, packed: bool) -> None:
    parts = [ONE[0], bad, *ONE[2:]]
    found, faults = read(b"".join(gzip.compress(part) for part in parts) if packed else b"".join(parts))
    assert numbers(found) == [0, 2, 3, 4]
    assert faults == Counter([kind])


def test_a_length_beyond_the_end_of_the_file() -> None:
    found, faults = read(b"".join([ONE[0], warc(URLS[1], block(1), length=99_999), *ONE[2:]]))
    assert (numbers(found), faults) == ([0, 2, 3, 4], Counter(["truncated"]))


PACKED_FAULTS = [
    ("bad gzip", "half a member", PACKED[1][:100]),
    ("bad gzip", "wrong checksum", PACKED[1][:-8] + b"abcd" + PACKED[1][-4:]),
    ("bad gzip", "wrong size", PACKED[1][:-4] + b"abcd"),
    ("bad gzip", "wrong bytes", PACKED[1][:150] + b"XXXX" + PACKED[1][154:]),
    ("no record", "garbage between members", b"garbage \x1f\x8b\x08 garbage" * 5),
    ("no record", "zeros", bytes(4096)),
]


@pytest.mark.parametrize(
    ("kind", "bad"), [(f[0], f[2]) for f in PACKED_FAULTS], ids=[f"{f[0]}: {f[1]}" for f in PACKED_FAULTS]
)
def test_damaged_gzip_is_counted_and_passed_over(kind: str, bad: bytes) -> None:
    found, faults = read(b"".join([PACKED[0], bad, *PACKED[2:]]))
    assert (numbers(found), faults) == ([0, 2, 3, 4], Counter([kind]))


def test_garbage_at_the_beginning() -> None:
    assert numbers(read(b"x" * 99 + b"\n" + b"".join(ONE))[0]) == [0, 1, 2, 3, 4]


def test_a_whole_file_as_one_member() -> None:
    content = gzip.compress(b"".join(ONE))
    found, faults = read(content)
    assert (numbers(found), faults) == ([0, 1, 2, 3, 4], Counter(["not one member a record"]))
    assert {record.offset for record in found} == {0}
    for record in found:
        again = read_record(Window(io.BytesIO(content)), 0, record.inner)
        assert again is not None
        assert again.url == record.url


def test_a_bad_length_in_a_file_of_one_member() -> None:
    found, faults = read(gzip.compress(b"".join([ONE[0], warc(URLS[1], block(1), length=50), *ONE[2:]])))
    assert (numbers(found), faults["wrong length"]) == ([0, 2, 3, 4], 1)


def test_blank_lines_more_or_fewer() -> None:
    parts = [warc(url, block(number), end=b"\r\n" * (number + 1)) for number, url in enumerate(URLS)]
    for content in (b"".join(parts), b"".join(gzip.compress(part) for part in parts)):
        assert (numbers(read(content)[0]), read(content)[1]) == ([0, 1, 2, 3, 4], Counter())


def test_lines_that_end_in_a_newline_only() -> None:
    head, _, rest = ONE[0].partition(b"\r\n\r\n")
    record = head.replace(b"\r\n", b"\n") + b"\n\n" + rest
    assert numbers(read(gzip.compress(record))[0]) == numbers(read(record)[0]) == [0]


@pytest.mark.parametrize("parts", [ONE, PACKED], ids=["plain", "gzip"])
def test_a_file_may_end_anywhere(parts: list[bytes]) -> None:
    content = b"".join(parts[:3])
    ends = [sum(map(len, parts[: n + 1])) for n in range(3)]
    for cut in range(len(content)):
        found, faults = read(content[:cut])
        whole = sum(end <= cut for end in ends)
        # Without the empty lines after its block, a record is whole nonetheless
        bare = sum(end - (4 if parts is ONE else 0) <= cut for end in ends)
        assert numbers(found) == [0, 1, 2][: len(found)], cut
        assert whole <= len(found) <= bare, cut
        assert bool(faults) == (cut not in {0, *ends} and len(found) == whole), cut


@pytest.mark.parametrize("parts", [ONE, PACKED], ids=["plain", "gzip"])
def test_any_byte_may_be_wrong(parts: list[bytes]) -> None:
    for at in range(len(parts[1])):
        bad = bytearray(parts[1])
        bad[at] ^= 0x55
        found, _ = read(b"".join([parts[0], bytes(bad), *parts[2:]]))
        urls = [record.url for record in found]
        assert urls[0] == URLS[0], at
        assert urls[-3:] == URLS[2:], at


def test_too_large_a_record_is_passed_over() -> None:
    big = warc(URLS[1], b"HTTP/1.1 200 OK\r\n\r\n" + bytes(LARGEST + 1), block_digest="")
    found, faults = read(b"".join([PACKED[0], gzip.compress(big, 1), *PACKED[2:]]))
    assert (numbers(found), faults) == ([0, 2, 3, 4], Counter(["too large"]))


# --- passing over ------------------------------------------------------------------------------------------------


def other_than(url: str) -> Any:
    return lambda headers: headers.get("warc-target-uri") == url


@pytest.mark.parametrize("parts", [ONE, PACKED, [gzip.compress(b"".join(ONE))]], ids=["plain", "gzip", "one member"])
@pytest.mark.parametrize("url", URLS)
def test_only_wanted_records_are_given(parts: list[bytes], url: str) -> None:
    found, faults = read(b"".join(parts), wanted=other_than(url))
    assert [record.url for record in found] == [url]
    assert set(faults) <= {"not one member a record"}


def noise(count: int) -> bytes:
    return random.Random(7).randbytes(count)


def test_what_is_not_wanted_is_not_inflated() -> None:
    big = bytearray(gzip.compress(warc(URLS[1], http(noise(50_000)))))
    big[20_000:20_004] = b"XXXX"  # would not inflate
    content = b"".join([PACKED[0], bytes(big), *PACKED[2:]])
    assert read(content)[1] == Counter(["bad gzip"])
    found, faults = read(content, wanted=lambda headers: headers["warc-target-uri"] != URLS[1])
    assert (numbers(found), faults) == ([0, 2, 3, 4], Counter())


def test_records_of_one_size_are_told_apart() -> None:
    content = b"".join(PACKED)
    assert len({len(record) for record in ONE}) == 1
    assert numbers(read(content, wanted=other_than(URLS[4]))[0]) == [4]


@pytest.mark.parametrize("last", [False, True])
def test_no_archive_inside_a_page_is_taken_for_the_archive(last: bool) -> None:
    """A page that holds a gzip member of its own, and before it the size by which the page's own member ends."""
    forged = gzip.compress(warc("https://tuoitre.vn/gia.htm", block(0)))
    filler = noise(3000)

    def page(size: int) -> bytes:
        return warc(URLS[1], http(filler + struct.pack("<I", size) + forged + filler))

    outer = page(len(page(0)))
    stored = zlib.compressobj(0, zlib.DEFLATED, 31)
    member = stored.compress(outer) + stored.flush()
    assert member.find(member[-4:] + b"\x1f\x8b\x08") > 0  # the trap is set
    content = b"".join([PACKED[0], member] if last else [PACKED[0], member, *PACKED[2:]])
    found, faults = read(content, wanted=lambda headers: headers["warc-target-uri"] != URLS[1])
    assert numbers(found) == ([0] if last else [0, 2, 3, 4])
    assert not faults


def test_a_limit_gives_the_beginning_of_blocks() -> None:
    big = gzip.compress(warc(URLS[1], http(noise(50_000))))
    found, faults = read(b"".join([PACKED[0], big, PACKED[2]]), limit=100)
    assert [len(record.block) for record in found] == [100, 100, 100]
    assert [record.end for record in found] == [
        len(PACKED[0]), len(PACKED[0] + big), len(PACKED[0] + big + PACKED[2])
    ]  # fmt: skip
    assert not faults


# --- headers -----------------------------------------------------------------------------------------------------


def test_headers_of_other_writers() -> None:
    record = warc(
        URLS[0], block(0), X_Folded="a\r\n b", warc_type="request"
    ).replace(f"URI: {URLS[0]}".encode(), f"URI: <{URLS[0]}>".encode())  # fmt: skip
    (found,), _ = read(record)
    assert found.url == URLS[0]
    assert found.headers["x-folded"] == "a b"
    assert found.type == "response"  # the first counts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-20T01:02:03Z", "2024-03-20T01:02:03+00:00"),
        ("2024-03-20T01:02:03.5Z", "2024-03-20T01:02:03.500000+00:00"),
        ("2024-03-20T01:02:03.123456789Z", "2024-03-20T01:02:03.123456+00:00"),
        ("2024-03-20T08:02:03+07:00", "2024-03-20T01:02:03+00:00"),
        ("20240320010203", "None"),
        ("", "None"),
    ],
)
def test_dates(text: str, expected: str) -> None:
    at = parse_date(text)
    assert (at.isoformat() if at else "None") == expected


@pytest.mark.parametrize(
    ("digest", "sound"),
    [
        ("sha1:VL2MMHO4YXUKFWV63YHTWSBM3GXKSQ2N", True),
        ("SHA1:vl2mmho4yxukfwv63yhtwsbm3gxksq2n", True),
        ("sha1:aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d", True),
        ("sha-256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824", True),
        ("md5:5d41402abc4b2a76b9719d911017c592", True),
        ("sha1:VL2MMHO4YXUKFWV63YHTWSBM3GXKSQ2A", False),
        ("sha1:", False),
        ("sha1:đò", False),
        ("crc99:77", True),  # nobody can say
    ],
)
def test_digests(digest: str, sound: bool) -> None:
    assert verify(digest, b"other", b"hello") is sound
