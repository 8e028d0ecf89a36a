"""Who wrote it, and where it was taken from: the lines at a story's end, and the words of the author boxes."""

from __future__ import annotations

import re

from newscrawl.article import Source
from newscrawl.cleaning.normal import CAPITALS, fold, one_line

_WORD = rf"(?:[{CAPITALS}][\w’'.]*|[{CAPITALS}]\.(?:[{CAPITALS}]\.?)*)"
_NAME = rf"{_WORD}(?:[ .]{_WORD}){{0,5}}"
_NAMES = re.compile(rf"{_NAME}(?:\s*(?:[-–—,;/&+•|]|và|VÀ)\s*{_NAME}){{0,5}}")
#: "Tin và ảnh: ", "Bài, ảnh: ", "Thực hiện: ", "Theo " …
_ROLE = re.compile(
    r"^\(?\s*(?:(?:tin|bài|nguồn ảnh|ảnh|hình|clip|video|đồ họa|đồ hoạ|nội dung|thiết kế|kỹ thuật|trình bày|biên tập|biên dịch|dịch|"
    r"chuyển ngữ|thực hiện|tổng hợp|lược dịch|người viết|tác giả|phóng viên|nhóm phóng viên|nhóm pv|pv|xuân|minh họa|minh hoạ|photo|by)"
    r"(?:\s*(?:,|và|-|–|/|&|\+)\s*)?)+\s*[:：]\s*",
    re.IGNORECASE,
)
_TRAILER = re.compile(
    r"\s*[(\[]\s*(?:t/h|th|tổng hợp|theo[^)\]]*|dịch[^)\]]*|ghi|lược ghi|ghi chép|lược dịch|biên dịch|thực hiện|[\w.]*ttxvn[^)\]]*|vna|vietnam\+|vietnamplus|"
    r"reuters|afp|(?:báo|tạp chí|đài) [^)\]]*)\s*[)\]]\s*$|\s*/\s*(?:báo|tạp chí|đài) .*$|"
    r"\s+(?:tổng hợp|ghi|lược ghi|lược dịch|thực hiện|biên dịch|\(?t/h\)?)\s*$",
    re.IGNORECASE,
)
_TITLE = re.compile(rf"^(?:pv|phóng viên|btv|ctv)\s+(?=(?-i:[{CAPITALS}]))", re.IGNORECASE)
_OTHERS = re.compile(r"\s*(?:và|,)\s+\d+\s+(?:tác giả|người)\s+khác\s*$", re.IGNORECASE)
_SPLIT = re.compile(r"\s*(?:[,;/&+•|\n]|\s[-–—]\s|\bvà\b|\bVÀ\b)\s*")
_MAIL = re.compile(r"\S+@\S+\.\w+|https?://\S+")
#: Agencies and desks: no people.
_DESK = re.compile(
    r"(?:ttxvn|vna|vov|vtv|tto|nld|pv|p\.v|bt|btv|btc|nhóm pv|nhóm phóng viên|phóng viên|ban biên tập|bbt|quản trị viên|quản trị|tòa soạn|toà soạn|admin|administrator|editor|"
    r"tổng hợp|(?:trung tâm|ban|phòng) (?:truyền thông|thông tin)\b.*|thông tấn xã.*|báo .*|tạp chí .*|đài .*|theo .*|(?:\w+[.-])*\w+\.(?:vn|com|net|org|gov)(?:\.vn)?.*|.*online|.*\bmedia|.*\bcorp(?:\.vn)?|"
    r"reuters|afp|ap|xinhua|tân hoa xã|bloomberg|vietnam\+|vietnam plus|(?:(?:nhóm|phóng viên|pv|bản tin) )*(?:\w+[/-])?ttxvn.*|vietnamplus|sputnik|cnn|bbc|tass|kyodo|yonhap|nhiều tác giả|tác giả|bút danh|khác)"
)
_TAKEN_FROM = re.compile(r"\(\s*(?:theo|nguồn)\s*:?\s+([^)]{2,40})\)\s*$", re.IGNORECASE)
_PICTURE_CREDIT = re.compile(
    r"^\(?\s*(?:ảnh|hình|photo|video|clip|đồ họa|đồ hoạ|thiết kế|kỹ thuật|trình bày|minh họa|minh hoạ)\s*[:：]",
    re.IGNORECASE,
)
_NEWS_AGENCY = re.compile(
    r"(?:\w+[/-])?ttxvn(?:/\S+)?|thông tấn xã việt nam|vna|vietnam\+|vietnamplus|reuters|afp|ap|xinhua|tân hoa xã|bloomberg|kyodo|yonhap|tass|sputnik"
)
#: The words that open a source line. "Nguồn" alone never begins a sentence about water here: a colon must follow.
_SOURCE = re.compile(
    r"^[(\[]?\s*(?:nguồn(?: tin| bài)?(?:\s+(?P<paper>[^:：]{2,40}))?\s*[:：]\s*|(?P<by>theo)\s*[:：]?\s+|(?P<as>dẫn nguồn|đăng lại từ|trích từ)\s*[:：]?\s*)(?P<rest>.{2,200}?)\s*[)\]]?\.?$",
    re.IGNORECASE | re.DOTALL,
)
_AGENCY = re.compile(
    r"^[(\[]\s*((?:[\w.+ -]*\bTTXVN\b[\w/.+ -]*)|(?:TTXVN|VNA|AFP|Reuters|Xinhua|Vietnam\+)(?:/[\w+. ]+)?)\s*[)\]]\.?$|^(TTXVN(?:/[\w+. ]+)?)$"
)
_NOTE_MARK = re.compile(r"\s*\(\*+\)$")
_URL = re.compile(r"(?:https?://|www\.)\S+")
_SENTENCE = re.compile(r"[.!?]\s+\S|,\s")


def names(text: str) -> list[str]:
    """The people in an author line, as printed: roles ("Tin và ảnh:"), agencies, desks and paper names taken off."""
    text = _MAIL.sub(" ", one_line(text).strip(" -–—|•·"))
    if is_desk(text):  # "Báo Thế giới và Việt Nam" is one paper, not a paper and a person
        return []
    text = _OTHERS.sub("", _TRAILER.sub("", _ROLE.sub("", text)))
    if match := _TAKEN_FROM.search(text):
        text = text[: match.start()]
    found: list[str] = []
    for part in _SPLIT.split(text):
        name = (
            _TITLE.sub("", _ROLE.sub("", _TRAILER.sub("", part)).strip()).strip(" .-–—:()[]*•")
            if not re.fullmatch(r"(?:[A-ZĐ]\.)+[A-ZĐ]?\.?", part)
            else part
        )
        if name and name not in found and len(name) < 60 and not any(c.isdigit() for c in name) and not is_desk(name):
            found.append(name)
    return found


def is_desk(name: str) -> bool:
    """Is it an agency, a paper or a desk rather than a person?"""
    return _DESK.fullmatch(fold(name)) is not None


def agency(author: str) -> str:
    """The news agency that stands in the place of the author, or behind the name ("Hoài An (theo Reuters)")."""
    author = one_line(author).strip()
    for part in (author, *re.split(r"[()\[\]]", author), *re.split(r"[()\[\]/,]|\s[-–—]\s", author)):
        if _NEWS_AGENCY.fullmatch(fold(part)):
            return part.strip()
    match = _TAKEN_FROM.search(author)
    return match[1].strip() if match else ""


def is_picture_credit(line: str) -> bool:
    """Does the line name a photographer or designer only ("Ảnh: Minh Trí")?"""
    return _PICTURE_CREDIT.match(line) is not None


def is_byline(text: str, authors: list[str]) -> bool:
    """Does the line name writers and say nothing else? `authors` are those that the page's metadata names."""
    line = _NOTE_MARK.sub("", one_line(text)).strip(" -–—*•|")
    if len(line) > 120 or not line:
        return False
    stripped = _TRAILER.sub("", _ROLE.sub("", line)).strip(" -–—.()")
    if fold(stripped) in {fold(author) for author in authors} or (
        authors and fold(stripped) == fold(" - ".join(authors))
    ):
        return True
    if is_desk(stripped):
        # "Theo kế hoạch, cầu sẽ xong trước Tết." is a sentence
        return len(line.split()) <= (3 if line[-1] in ".!?…" else 14)
    if _ROLE.match(line):
        return len(line.split()) <= 16 and (_NAMES.fullmatch(stripped) is not None or stripped.isupper())
    if re.fullmatch(rf"(?:[{CAPITALS}]\.){{1,4}}(?:[{CAPITALS}][\w]*)?", line):
        return True
    if line[-1] in '.!?:;,…”"' and not re.search(rf"\b[{CAPITALS}]\.$", line):
        return False
    words = stripped.split()
    return 2 <= len(words) <= 14 and _NAMES.fullmatch(stripped) is not None


def source_line(text: str) -> Source | None:
    """The paper or agency that a closing line credits ("Nguồn Đầu Tư: https://…", "Theo TTXVN", "(TTXVN/Vietnam+)").

    None for a line that credits nobody, and for sentences that merely begin with "Theo".
    """
    line = one_line(text).strip(" *•-–—")
    if not line or len(line) > 260:
        return None
    if agency := _AGENCY.match(line):
        return Source(name=re.sub(r"^theo\s+", "", (agency[1] or agency[2]).strip(), flags=re.IGNORECASE))
    match = _SOURCE.match(line)
    if not match:
        return None
    rest = match["rest"].strip()
    if match["paper"] and not match["paper"][0].isupper():  # "Nguồn vốn: ngân sách xã"
        return None
    url = _URL.search(rest)
    name = (match["paper"] or _URL.sub("", rest)).strip(" :-–—()/|.")
    if match["by"]:
        # "Theo Bộ Y tế, …" opens a sentence; a credit is a name and nothing more
        words = name.split()
        if not words or len(words) > 7 or _SENTENCE.search(rest) or rest.endswith((":", ";", "?")):
            return None
        if (
            not (words[0][0].isupper() or words[0][0].isdigit() or "." in words[0])
            or sum(word[0].islower() for word in words) > 2
        ):
            return None
    elif len(name.split()) > 30:
        return None
    name = re.sub(r"\s*(?:Copy link|Link bài gốc|Lấy link!?).*$", "", name, flags=re.IGNORECASE).strip()
    name += ")" * (name.count("(") - name.count(")"))  # "Theo Võ Dung (TTXVN)"
    return Source(name=name, url=url[0].rstrip(").,") if url else "") if name or url else None


_CREDIT = re.compile(
    r"\s*[(\[{/|–—-]?\s*\b(?:nguồn ảnh|nguồn|ảnh(?: chụp| tư liệu| minh họa| minh hoạ)?|hình|hình ảnh|photo|clip|video|đồ họa|đồ hoạ|minh họa|minh hoạ)\s*[:：]\s*(?P<who>[^:]{1,80}?)\s*[)\]}]?\s*\.?\s*$",
    re.IGNORECASE,
)
_AGENCY_CREDIT = re.compile(
    r"\s*[(\[]\s*(?P<who>(?:TTXVN|VGP|Reuters|AFP|AP|Getty(?: Images)?|EPA|Xinhua|THX|BNG|VNA)[\w/ .+]*)\s*[)\]]\s*\.?$"
)


def split_credit(caption: str) -> tuple[str, str]:
    """A caption without its photo credit, and the credit: ("Cầu mới thông xe.", "Minh Trí")."""
    caption = one_line(caption)
    match = _credit(caption)
    if not match:
        return caption, ""
    return caption[: match.start()].rstrip(" -–—|/("), match["who"].strip(" .)")


def has_credit(text: str) -> bool:
    """Does the line end in a photo credit, as captions do and paragraphs do not?"""
    return len(text) < 500 and _credit(one_line(text)) is not None


def _credit(caption: str) -> re.Match[str] | None:
    match = _CREDIT.search(caption) if ":" in caption or "：" in caption else None
    if match and match[0].lstrip()[0].islower() and match["who"][0].islower():
        # "… từ hai nguồn: ngân sách và vốn góp": a credit has a full stop, a bracket or the like before it
        match = match if caption[: match.start()].rstrip()[-1:] in tuple('.!?…”")') else None
    return match or _AGENCY_CREDIT.search(caption)
