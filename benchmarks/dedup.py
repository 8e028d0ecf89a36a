"""How well near-duplicates are told from stories that only look alike, and how fast: beside datasketch, simhash, exact hashes.

    python -m benchmarks.dedup                  # the labelled set: precision, recall, rate of each engine
    python -m benchmarks.dedup --verbose        # and each kind of pair that newscrawl gets wrong
    python -m benchmarks.dedup --million        # rate, memory, restart with a million articles (ten minutes)
    python -m benchmarks.dedup --lines          # the line memory on a simulated paper

The recipe of the labelled set is `labelled`; its texts are invented (`benchmarks.newsroom`), with those of `fixtures/`.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks.newsroom import HEADING, PLACE_HEAD, PLACE_TAIL, Newsroom, Story
from newscrawl.dedup.exact import text_fingerprint
from newscrawl.dedup.lines import LineMemory
from newscrawl.dedup.near import NearIndex

FIXTURES = Path(__file__).parent.parent / "fixtures"

# --- the labelled set ----------------------------------------------------------------------------------------------


@dataclass(slots=True, frozen=True)
class Item:
    """A text of the labelled set. Items of one `story` are duplicates of each other, others are not.

    `kind` says how it was made; `of` is the id of the text that it was made from, or empty.
    """

    id: str
    text: str
    story: str
    kind: str
    of: str = ""


#: How a text is made from another: the pairs that must be found.
DUPLICATES = ("copy", "reprint", "rewritten", "cut", "cut and edited", "longer")
#: Texts that are like another and yet not the same story.
LOOKALIKES = ("template", "brief", "follow-up")


def labelled(stories: int, seed: int = 1) -> list[Item]:
    """The labelled set: `stories` stories and what papers make of them, in a random order of arrival.

    The recipe, per story (of the newsroom; those of `fixtures/` come on top):

    - with 60 %, one to three of: a *copy* (same words; the paper's mark, other white space, quotation marks and place of
      tone marks), a *reprint* (new headline and lead, one word in fifty changed), *rewritten* (new lead, one word in
      thirty changed, a paragraph left out, dates written otherwise), *cut* (the first 30 to 60 % of the paragraphs, at
      least 60 syllables), *cut and edited* (that, with a new lead and one word in fifty changed), *longer* (one to three
      paragraphs of the paper's own put in or behind, up to three tenths of the text);
    - with 15 %, a *follow-up*: a new story that takes over two or three paragraphs as its background, a third of its text;
    - with 10 %, an *update*: the same article (its id) with a paragraph more and two figures changed;
    - with 30 %, a *template* story: weather, gold, lottery, football, coffee, currency, share prices; every other has three
      more of the same template, place and week; one in four is reprinted word for word by another paper with its own lead
      line (a *reprint*, to be found);
    - with 10 %, a *brief* of under 60 syllables (accident, power cut, lost papers) with others of its template.
    """
    room = Newsroom(seed)
    rng = room.random
    items: list[Item] = []
    texts = [Story(text.split("\n")[0], text.strip().split("\n\n")[1:]) for text in _fixture_texts()]
    texts += [room.story() for _ in range(stories)]
    for number, story in enumerate(texts):
        name = f"story {number}"
        original = _item(items, story.text, name, "original")
        if rng.random() < 0.6 and len(story.text.split()) >= 120:
            for kind in rng.sample(DUPLICATES, rng.choice((1, 1, 2, 3))):
                _item(items, _MADE[kind](room, story).text, name, kind, original.id)
        if rng.random() < 0.15 and len(story.paragraphs) >= 5:
            _item(items, _follow_up(room, story), f"{name} again", "follow-up", original.id)
        if rng.random() < 0.10 and len(story.paragraphs) >= 3:
            items.append(Item(original.id, _update(room, story).text, name, "update", original.id))
        if number < len(texts) - stories:
            continue
        if rng.random() < 0.3:
            write = rng.choice(TEMPLATES)
            frame = _Frame(room)
            for instance in range(rng.choice((1, 4))):
                text = write(room, frame)
                first = _item(items, text, f"template {number}.{instance}", "template")
                if rng.random() < 0.25:
                    lead = f"({rng.choice(('Dân Việt', 'Kinh tế', 'Đời sống'))}) - {room.sentence()}"
                    _item(items, f"{lead}\n\n{text}", first.story, "reprint", first.id)
        if rng.random() < 0.1:
            write = rng.choice(BRIEFS)
            frame = _Frame(room)
            for instance in range(rng.choice((2, 3))):
                first = _item(items, write(room, frame), f"brief {number}.{instance}", "brief")
                if rng.random() < 0.25:
                    _item(items, _respelt(rng, first.text), first.story, "copy", first.id)
    return _arrival(items, rng)


def _arrival(items: list[Item], rng: random.Random) -> list[Item]:
    """In random order, but an update after what it updates."""
    keyed: list[tuple[float, Item]] = []
    at: dict[str, float] = {}
    for item in items:
        when = rng.random()
        if item.kind == "update":
            when = at[item.id] + (1 - at[item.id]) * when
        at[item.id] = when
        keyed.append((when, item))
    return [item for _, item in sorted(keyed, key=lambda pair: pair[0])]


def _item(items: list[Item], text: str, story: str, kind: str, of: str = "") -> Item:
    made = Item(hashlib.sha256(f"{len(items)} {story} {kind}".encode()).hexdigest()[:16], text, story, kind, of)
    items.append(made)
    return made


def _fixture_texts() -> list[str]:
    found = [file.read_text("utf-8") for file in sorted(FIXTURES.glob("*/*.txt"))]
    # Fixtures hold copies of each other on purpose; here each story is to be told once
    once = {text_fingerprint(text.partition("\n\n")[2]): text for text in found if len(text.split()) >= 120}
    return list(once.values())


_TONES = {
    "hòa": "hoà",
    "Hòa": "Hoà",
    "hóa": "hoá",
    "thủy": "thuỷ",
    "Thủy": "Thuỷ",
    "khỏe": "khoẻ",
    "họa": "hoạ",
    "lũy": "luỹ",
}


def _respelt(rng: random.Random, text: str) -> str:
    for old, new in _TONES.items():
        text = text.replace(old, new)
    text = text.replace("“", '"').replace("”", '"').replace(" - ", " – ")
    return rng.choice(("(LĐTĐ) ", "TTO - ", "(Dân trí) - ", "")) + text


def _copy(room: Newsroom, story: Story) -> Story:
    return Story(story.title, _respelt(room.random, story.text).replace(". ", ".  ").split("\n\n"))


def _edited(room: Newsroom, text: str, share: float) -> str:
    """That share of the words replaced, left out or doubled by another one; figures and names stay."""
    words = text.split(" ")
    spare = room.sentence().lower().rstrip(".").split()
    for at, word in enumerate(words):
        if word.isalpha() and word.islower() and room.random.random() < share:
            new = room.random.choice([word for word in spare if word.isalpha()])
            words[at] = room.random.choice((new, f"{word} {new}", ""))
    return re.sub(r" {2,}", " ", " ".join(words))


def _reprint(room: Newsroom, story: Story) -> Story:
    rest = [_edited(room, paragraph, 0.02) for paragraph in story.paragraphs[1:]]
    return Story(room.headline(), [f"{room.sentence()} {room.sentence()}", *rest])


def _rewritten(room: Newsroom, story: Story) -> Story:
    made = [_edited(room, paragraph, 0.033) for paragraph in story.paragraphs[1:]]
    if len(made) > 4:
        del made[room.random.randrange(1, len(made))]
    made = [re.sub(r"\b(\d{1,2})/(\d{1,2})\b", r"\1-\2", paragraph) for paragraph in made]
    return Story(room.headline(), [room.sentence(), *made])


def _cut(room: Newsroom, story: Story) -> Story:
    wanted = max(70, room.random.uniform(0.3, 0.6) * len(story.text.split()))
    kept: list[str] = []
    for paragraph in story.paragraphs:
        kept.append(paragraph)
        if len(" ".join(kept).split()) >= wanted:
            break
    return Story(story.title, kept)


def _cut_and_edited(room: Newsroom, story: Story) -> Story:
    lead, *rest = story.paragraphs
    wanted = max(90, room.random.uniform(0.4, 0.65) * len(story.text.split()))
    kept: list[str] = []
    for paragraph in rest:
        if len(" ".join(kept).split()) < wanted:
            kept.append(_edited(room, paragraph, 0.02))
    opening = " ".join(lead.split()[: room.random.choice((8, 12))])
    return Story(room.headline(), [f"{opening} {room.sentence().lower()}", *kept])


def _longer(room: Newsroom, story: Story) -> Story:
    made = list(story.paragraphs)
    least = 0.3 * len(story.text.split())
    for _ in range(room.random.choice((1, 2, 3))):
        own = room.paragraph(2)
        if len(own.split()) <= least:
            made.insert(room.random.randrange(1, len(made) + 1), own)
            least -= len(own.split())
    return Story(room.headline(), made)


_MADE: dict[str, Callable[[Newsroom, Story], Story]] = {
    "copy": _copy,
    "reprint": _reprint,
    "rewritten": _rewritten,
    "cut": _cut,
    "cut and edited": _cut_and_edited,
    "longer": _longer,
}


def _follow_up(room: Newsroom, story: Story) -> str:
    background = story.paragraphs[1:4]
    size = len(" ".join(background).split())
    new = room.story(4)
    while len(new.text.split()) < 1.8 * size:
        new.paragraphs.append(room.paragraph())
    return "\n\n".join([*new.paragraphs, "Trước đó, như đã đưa tin:", *background])


def _update(room: Newsroom, story: Story) -> Story:
    text = story.text
    for figure in re.findall(r"\b\d{2,}\b", text)[:2]:
        text = text.replace(figure, str(int(figure) + 1), 1)
    return Story(story.title, [*text.split("\n\n"), room.paragraph(1)])


# --- templates: the same words, other facts ----------------------------------------------------------------------


class _Frame:
    """What the stories of one template, place and week have in common."""

    def __init__(self, room: Newsroom) -> None:
        rng = room.random
        self.place = f"{rng.choice(PLACE_HEAD)} {rng.choice(PLACE_TAIL)}"
        self.day, self.month = rng.randint(1, 22), rng.randint(1, 12)
        self.gold, self.coffee, self.dollar = (
            rng.randint(60000, 90000),
            rng.randint(50, 130) * 1000,
            rng.randint(23000, 25900),
        )
        self.people = [room.person() for _ in range(6)]

    def next_day(self) -> str:
        self.day += 1
        return f"{self.day}/{self.month}"


def _weather(room: Newsroom, frame: _Frame) -> str:
    rng, day = room.random, frame.next_day()
    low, high = rng.randint(14, 26), rng.randint(27, 38)
    regions = "Tây Bắc Bộ|Đông Bắc Bộ|Thanh Hóa đến Thừa Thiên Huế|Đà Nẵng đến Bình Thuận|Tây Nguyên|Nam Bộ".split("|")
    parts = [
        f"Khu vực {region} nhiều mây, có lúc có mưa rào và dông rải rác, gió nhẹ. Nhiệt độ thấp nhất từ {low + rng.randint(-3, 3)} "
        f"đến {low + rng.randint(3, 5)} độ C, cao nhất từ {high + rng.randint(-4, 0)} đến {high + rng.randint(0, 4)} độ C, độ ẩm "
        f"từ {rng.randint(48, 70)} đến {rng.randint(71, 97)} %."
        for region in regions
    ]
    lead = (
        f"Dự báo thời tiết {frame.place} ngày {day}: nhiệt độ thấp nhất {low} độ C, cao nhất {high} độ C. Theo Trung tâm Dự báo "
        f"khí tượng thủy văn quốc gia, trong 24 giờ tới thời tiết các vùng trên cả nước được dự báo cụ thể như sau."
    )
    return "\n\n".join(
        [lead, *parts, "Trong mưa dông có khả năng xảy ra lốc, sét, mưa đá và gió giật mạnh, người dân cần đề phòng."]
    )


def _gold(room: Newsroom, frame: _Frame) -> str:
    rng, day = room.random, frame.next_day()
    change = rng.choice((0, 50, 100, 150, 200, 300, 450))
    frame.gold += rng.choice((-1, 1)) * change
    base = f"{frame.gold / 1000:.2f}".replace(".", ",")
    sell = f"{frame.gold / 1000 + 2:.2f}".replace(".", ",")
    ounce = rng.randint(1850, 2650)
    return "\n\n".join([
        f"Giá vàng hôm nay {day}: Giá vàng trong nước tại {frame.place} được các doanh nghiệp niêm yết ở mức {base} triệu đồng/lượng chiều mua vào "
        f"và {sell} triệu đồng/lượng chiều bán ra, chênh lệch hai chiều mua bán là 2 triệu đồng/lượng.",
        f"Lúc 8 giờ 30 sáng nay, Công ty Vàng bạc Đá quý Ngọc Lan niêm yết giá vàng miếng ở mức {base} triệu đồng/lượng mua vào và {sell} "
        f"triệu đồng/lượng bán ra, thay đổi {change} nghìn đồng mỗi lượng so với chốt phiên trước đó ở cả hai chiều.",
        f"Trên thị trường thế giới, giá vàng giao ngay đứng ở mức {ounce} USD/ounce, thay đổi {rng.randint(1, 39)} USD so với cùng thời điểm sáng "
        f"qua. Quy đổi theo tỷ giá của ngân hàng, giá vàng thế giới tương đương {ounce * 29 // 1000},{rng.randint(10, 99)} triệu đồng/lượng, chưa gồm thuế và phí.",
        "Các chuyên gia khuyến cáo nhà đầu tư nên thận trọng khi giao dịch trong giai đoạn thị trường biến động, chênh lệch giữa giá trong nước và "
        "thế giới còn cao, rủi ro thuộc về người mua nếu giá đảo chiều trong thời gian ngắn.",
    ])  # fmt: skip


def _lottery(room: Newsroom, frame: _Frame) -> str:
    rng, day = room.random, frame.next_day()

    def drawn(digits: int, times: int = 1) -> str:
        return " - ".join(f"{rng.randrange(10**digits):0{digits}d}" for _ in range(times))

    return "\n\n".join([
        f"Kết quả xổ số kiến thiết {frame.place} ngày {day} được cập nhật nhanh và chính xác nhất. Mời quý độc giả dò vé số theo bảng kết quả dưới đây.",
        f"Giải đặc biệt: {drawn(6)}", f"Giải nhất: {drawn(5)}", f"Giải nhì: {drawn(5, 2)}", f"Giải ba: {drawn(5, 2)}",
        f"Giải tư: {drawn(5, 7)}", f"Giải năm: {drawn(4)}", f"Giải sáu: {drawn(4, 3)}", f"Giải bảy: {drawn(3)}", f"Giải tám: {drawn(2)}",
        "Vé trúng thưởng được lĩnh tại trụ sở công ty xổ số kiến thiết hoặc các đại lý ủy quyền trong thời hạn 30 ngày kể từ ngày mở thưởng. "
        "Quá thời hạn trên, các vé trúng thưởng không còn giá trị. Người lĩnh thưởng cần mang theo giấy tờ tùy thân còn hiệu lực.",
    ])  # fmt: skip


def _football(room: Newsroom, frame: _Frame) -> str:
    rng, day = room.random, frame.next_day()
    teams = [
        f"{head} {tail}" for head, tail in zip(rng.sample(PLACE_HEAD, 10), rng.sample(PLACE_TAIL, 10), strict=True)
    ]
    games = [
        f"Trên sân nhà, câu lạc bộ {teams[i]} tiếp đón {teams[i + 1]} và trận đấu kết thúc với tỷ số {rng.randint(0, 4)}-{rng.randint(0, 4)} sau bàn thắng "
        f"của {room.person()} ở phút {rng.randint(1, 90)}. Trọng tài đã rút ra {rng.randint(0, 7)} thẻ vàng trong trận đấu này."
        for i in range(0, 10, 2)
    ]
    return "\n\n".join([
        f"Kết quả bóng đá hôm nay {day}: Cập nhật kết quả các trận đấu thuộc vòng {rng.randint(1, 26)} giải vô địch quốc gia, bảng xếp hạng sau lượt trận và "
        "lịch thi đấu của các đội trong những ngày tới.",
        *games,
        f"Sau lượt trận này, {teams[0]} dẫn đầu bảng xếp hạng với {rng.randint(20, 50)} điểm, xếp sau là {teams[3]} với {rng.randint(10, 19)} điểm.",
    ])  # fmt: skip


def _coffee(room: Newsroom, frame: _Frame) -> str:
    rng, day = room.random, frame.next_day()
    frame.coffee += rng.randint(-20, 20) * 100
    rows = [f"{place}: {frame.coffee + rng.randint(-5, 5) * 100:,} đồng/kg".replace(",", ".") for place in
            ("Đắk Lắk", "Lâm Đồng", "Gia Lai", "Đắk Nông", "Kon Tum")]  # fmt: skip
    return "\n\n".join([
        f"Giá cà phê hôm nay {day}: Ghi nhận lúc 5 giờ 30 sáng tại thị trường {frame.place} và các tỉnh Tây Nguyên, giá cà phê trong nước được thu mua ở mức trung bình "
        f"{frame.coffee:,} đồng/kg, dao động nhẹ so với phiên liền trước.".replace(",", ".", 1),
        *rows,
        f"Trên sàn giao dịch London, giá cà phê robusta giao tháng sau được giao dịch ở mức {rng.randint(2000, 5600)} USD/tấn sau khi thay đổi {rng.uniform(0.1, 3):.2f} %. "
        f"Trên sàn New York, giá cà phê arabica ở mức {rng.randint(150, 400)} cent/pound.",
        "Theo các đại lý thu mua, nguồn hàng trong dân không còn nhiều, nông dân chỉ bán khi cần tiền chi tiêu nên giao dịch trên thị trường diễn ra khá trầm lắng. "
        "Giới phân tích cho rằng diễn biến thời tiết tại các vùng trồng lớn tiếp tục chi phối giá trong ngắn hạn.",
    ])  # fmt: skip


def _currency(room: Newsroom, frame: _Frame) -> str:
    rng, day = room.random, frame.next_day()
    frame.dollar += rng.randint(-15, 25)
    return "\n\n".join([
        f"Đổi tiền ngày {day}: Bảng giá dán ở cửa Ngân hàng Bến Sông sáng nay ghi một đô la ăn {frame.dollar} đồng, lệch {rng.randint(1, 25)} "
        "đồng nếu đem so với tấm bảng chiều qua.",
        f"Với biên độ 5 %, các ngân hàng thương mại được phép giao dịch đồng USD trong khoảng từ {frame.dollar * 95 // 100} đến {frame.dollar * 105 // 100} đồng. Tỷ giá tham khảo "
        f"tại Sở giao dịch được niêm yết ở mức {frame.dollar - 400} đồng mua vào và {frame.dollar + 900} đồng bán ra.",
        f"Trên thị trường tự do tại {frame.place}, đồng USD được mua vào ở mức {frame.dollar + rng.randint(500, 900)} đồng và bán ra ở mức {frame.dollar + rng.randint(901, 1300)} đồng.",
        f"Thước đo sức mạnh đô la mà các tiệm đổi tiền hay nhìn vào dừng lại ở {rng.randint(96, 110)},{rng.randint(10, 99)} điểm. Nhiều chủ tiệm nói họ còn "
        "nghe ngóng thêm vài hôm rồi mới tính chuyện gom vào hay nhả ra.",
    ])  # fmt: skip


def _shares(room: Newsroom, frame: _Frame) -> str:
    rng, day = room.random, frame.next_day()
    codes = ["".join(rng.choices("ABCDGHKLMNPSTV", k=3)) for _ in range(6)]
    return "\n\n".join([
        f"Kết thúc phiên giao dịch ngày {day}, VN-Index đóng cửa ở mức {rng.randint(1000, 1300)},{rng.randint(10, 99)} điểm với {rng.randint(90, 300)} mã tăng và {rng.randint(90, 300)} "
        f"mã giảm. Thanh khoản toàn thị trường đạt {rng.randint(9, 25)}.{rng.randint(100, 999)} tỷ đồng.",
        f"Nhóm cổ phiếu vốn hóa lớn giao dịch phân hóa. {codes[0]} dẫn đầu chiều tăng với mức tăng {rng.uniform(1, 7):.1f} %, theo sau là {codes[1]} tăng {rng.uniform(1, 6):.1f} %. "
        f"Ở chiều ngược lại, {codes[2]} giảm {rng.uniform(1, 7):.1f} % và {codes[3]} giảm {rng.uniform(1, 6):.1f} % gây áp lực lên chỉ số chung.",
        f"Khối ngoại mua ròng {rng.randint(20, 900)} tỷ đồng trên toàn thị trường, tập trung vào {codes[4]} với {rng.randint(10, 200)} tỷ đồng và {codes[5]} với {rng.randint(10, 200)} tỷ đồng.",
        "Các công ty chứng khoán cho rằng thị trường có thể tiếp tục rung lắc trong các phiên tới, nhà đầu tư nên giữ tỷ trọng hợp lý, tránh mua đuổi ở vùng giá cao "
        f"và chờ tín hiệu rõ hơn về dòng tiền quanh mốc {rng.randint(100, 130)}0 điểm.",
    ])  # fmt: skip


def _accident(room: Newsroom, frame: _Frame) -> str:
    rng, day = room.random, frame.next_day()
    return (
        f"Khoảng {rng.randint(1, 23)} giờ ngày {day}, trên quốc lộ {rng.randint(1, 80)} đoạn qua {room.place()} xảy ra vụ va chạm giữa xe tải và xe máy khiến "
        f"{room.person()} ({rng.randint(17, 70)} tuổi) bị thương nặng. Vụ việc đang được công an điều tra làm rõ nguyên nhân."
    )


def _power_cut(room: Newsroom, frame: _Frame) -> str:
    rng, day = room.random, frame.next_day()
    return (
        f"Điện lực {frame.place} thông báo ngừng cung cấp điện ngày {day} từ {rng.randint(5, 9)} giờ đến {rng.randint(13, 18)} giờ tại {room.place()} để bảo trì lưới điện. "
        "Mong quý khách hàng thông cảm và sắp xếp công việc phù hợp."
    )


def _lost(room: Newsroom, frame: _Frame) -> str:
    rng, day = room.random, frame.next_day()
    return (
        f"Công an {room.place()} thông báo tìm chủ sở hữu chiếc xe máy biển số {rng.randint(11, 99)}-{rng.randint(10000, 99999)} bị tạm giữ từ ngày {day}. Ai là chủ sở hữu "
        "liên hệ trụ sở trong giờ hành chính, sau 30 ngày phương tiện sẽ được xử lý theo quy định."
    )


TEMPLATES = (_weather, _gold, _lottery, _football, _coffee, _currency, _shares)
BRIEFS = (_accident, _power_cut, _lost)

# --- engines -------------------------------------------------------------------------------------------------------

#: Adds a text under an id and says which ids it takes it for a duplicate of.
Ask = Callable[[str, str], list[str]]


def _newscrawl(folder: Path) -> Ask:
    index = NearIndex(folder)
    return lambda article, text: [match.id for match in index.add(article, text)]


def _exact(_folder: Path) -> Ask:
    seen: dict[str, list[str]] = defaultdict(list)
    held: dict[str, str] = {}

    def ask(article: str, text: str) -> list[str]:
        if article in held:
            seen[held[article]].remove(article)
        held[article] = text_fingerprint(text)
        same = list(seen[held[article]])
        seen[held[article]].append(article)
        return same

    return ask


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _runs(text: str, size: int = 5) -> set[str]:
    words = _words(text)
    return {" ".join(words[i : i + size]) for i in range(max(1, len(words) - size + 1))}


def _datasketch(threshold: float) -> Callable[[Path], Ask]:
    def make(_folder: Path) -> Ask:
        from datasketch import MinHash, MinHashLSH

        index: Any = MinHashLSH(threshold=threshold, num_perm=128)
        held: dict[str, Any] = {}

        def ask(article: str, text: str) -> list[str]:
            sign: Any = MinHash(num_perm=128)
            sign.update_batch([run.encode() for run in _runs(text)])
            if article in held:
                index.remove(article)
            found = [other for other in index.query(sign) if sign.jaccard(held[other]) >= threshold]
            index.insert(article, sign)
            held[article] = sign
            return found

        return ask

    return make


def _simhash(distance: int) -> Callable[[Path], Ask]:
    def make(_folder: Path) -> Ask:
        from simhash import Simhash, SimhashIndex

        index: Any = SimhashIndex([], k=distance)
        held: dict[str, Any] = {}

        def ask(article: str, text: str) -> list[str]:
            sign: Any = Simhash(list(_runs(text, 3)))
            if article in held:
                index.delete(article, held[article])
            found: list[str] = index.get_near_dups(sign)
            index.add(article, sign)
            held[article] = sign
            return found

        return ask

    return make


ENGINES: dict[str, Callable[[Path], Ask]] = {
    "newscrawl": _newscrawl,
    "datasketch .5": _datasketch(0.5),
    "datasketch .7": _datasketch(0.7),
    "simhash k=3": _simhash(3),
    "simhash k=8": _simhash(8),
    "exact": _exact,
}

# --- scores --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Result:
    """What an engine made of the labelled set. Pairs are of ids, the smaller first."""

    wanted: set[tuple[str, str]]
    found: set[tuple[str, str]] = field(default_factory=set)
    right: set[tuple[str, str]] = field(default_factory=set)
    itself: int = 0
    seconds: float = 0.0
    #: Kind of the later-made text → pairs missed, and of both → pairs wrongly found.
    missed: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)

    @property
    def precision(self) -> float:
        """Share of the pairs found that are of one story."""
        return len(self.right) / len(self.found) if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the texts made from another that were linked to just that one."""
        return len(self.wanted & self.found) / len(self.wanted)


def measure(items: Sequence[Item], make: Callable[[Path], Ask]) -> Result:
    """Feeds the items to an engine in their order."""
    story = {item.id: item.story for item in items}
    kind = {item.id: item.kind for item in items if item.kind != "update"}
    wanted = {_pair(item.id, item.of): item.kind for item in items if item.kind in DUPLICATES}
    result = Result(set(wanted))
    result.kinds.update(wanted.values())
    with tempfile.TemporaryDirectory() as folder:
        ask = make(Path(folder))
        for item in items:
            started = time.process_time()
            others = ask(item.id, item.text)
            result.seconds += time.process_time() - started
            for other in others:
                if other == item.id:
                    result.itself += 1
                    continue
                pair = _pair(item.id, other)
                result.found.add(pair)
                if story[other] == item.story:
                    result.right.add(pair)
    result.missed.update(wanted[pair] for pair in result.wanted - result.found)
    result.wrong.update(" × ".join(sorted(kind[one] for one in pair)) for pair in result.found - result.right)
    return result


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def table(items: Sequence[Item], results: dict[str, Result]) -> Iterator[str]:
    """The scores, in Markdown."""
    kinds = Counter(item.kind for item in items)
    made = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items(), key=lambda pair: -pair[1]))
    yield f"{len(items)} texts: {made}."
    yield ""
    yield "| engine | precision | recall | " + " | ".join(DUPLICATES) + " | pairs | wrong | articles/s |"
    yield "| --- |" + " ---: |" * (len(DUPLICATES) + 5)
    for name, result in results.items():
        by_kind = [f"{1 - result.missed[kind] / max(1, result.kinds[kind]):.3f}" for kind in DUPLICATES]
        yield (
            f"| {name} | {result.precision:.4f} | {result.recall:.4f} | {' | '.join(by_kind)} | {len(result.found)} | "
            f"{len(result.found) - len(result.right)} | {len(items) / result.seconds:,.0f} |"
        )


# --- a million -----------------------------------------------------------------------------------------------------

_BATCH = 256


def stream(count: int, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Articles (id, text) as they come in over years: of a hundred, 12 are reprints, 5 copies, 5 cut short, each of one of
    the last five thousand stories; 8 are of a template; 70 are new, 400 syllables each on average."""
    room = Newsroom(seed)
    rng = room.random
    recent: list[Story] = []
    frames = [(rng.choice(TEMPLATES), _Frame(room)) for _ in range(300)]
    for _ in range(count):
        kind = rng.random()
        if kind < 0.22 and recent:
            make = _reprint if kind < 0.12 else _copy if kind < 0.17 else _cut
            text = make(room, rng.choice(recent)).text
        elif kind < 0.30:
            write, frame = rng.choice(frames)
            frame.day, frame.month = (1, frame.month % 12 + 1) if frame.day >= 28 else (frame.day, frame.month)
            text = write(room, frame)
        else:
            story = room.story()
            text = story.text
            if len(recent) < 5000:
                recent.append(story)
            else:
                recent[rng.randrange(5000)] = story
        yield f"{rng.getrandbits(64):016x}", text


def _memory() -> tuple[int, int]:
    """Megabytes of memory in use, and of these the process's own (not pages of files)."""
    status = Path("/proc/self/status").read_text("ascii")
    found = dict(re.findall(r"(VmRSS|RssAnon):\s+(\d+) kB", status))
    return int(found["VmRSS"]) // 1024, int(found["RssAnon"]) // 1024


def million(count: int, folder: Path, seed: int = 1) -> Iterator[str]:
    """Adds `count` articles to an index in `folder`, and tells the rate on the way, in Markdown."""
    yield "| articles | articles/s, processor time | MB | own MB | with a match |"
    yield "| ---: | ---: | ---: | ---: | ---: |"
    steps = [min(10_000, count), *(count * tenth // 10 for tenth in range(1, 11) if count * tenth // 10 > 10_000)]
    index = NearIndex(folder)
    batch: list[tuple[str, str]] = []
    done = matched = syllables = 0
    seconds = 0.0
    since = 0
    for article in stream(count, seed):
        batch.append(article)
        syllables += article[1].count(" ")
        if len(batch) < _BATCH and done + len(batch) < count:
            continue
        started = time.process_time()
        found = index.add_many(batch)
        seconds += time.process_time() - started
        done += len(batch)
        since += len(batch)
        matched += sum(map(bool, found))
        batch = []
        if steps and done >= steps[0]:
            resident, own = _memory()
            yield f"| {done:,} | {since / seconds:,.0f} | {resident} | {own} | {matched / done:.3f} |"
            steps.pop(0)
            since, seconds = 0, 0.0
    started = time.process_time()
    index.close()
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    again = subprocess.run(
        [sys.executable, "-c", _REOPEN, str(folder)], check=True, capture_output=True, text=True, cwd=FIXTURES.parent
    )
    yield ""
    yield f"{syllables / done:.0f} syllables an article; {size:,.0f} MB on disk. Opened anew: {again.stdout.strip()}."


_REOPEN = """
import sys, time
from pathlib import Path
from newscrawl.dedup.lines import LineMemory
from newscrawl.dedup.near import NearIndex
started = time.perf_counter()
index = NearIndex(Path(sys.argv[1]))
opened = time.perf_counter()
first = next(index.ids())
index.matches_of(first)
print(f"{opened - started:.2f} s for {len(index):,} articles, the first question {1000 * (time.perf_counter() - opened):.0f} ms")
"""


# --- repeated lines --------------------------------------------------------------------------------------------------

#: What a paper prints under every story; the rules for text know none of it.
_STANDING = ("Cài ứng dụng Bến Sông để nghe bản tin buổi sáng miễn phí.", "Bến Sông trên điện thoại của bạn đọc gần xa")
_RECURRING = ("Xin trân trọng cảm ơn ông!", "Quyết định này có hiệu lực thi hành kể từ ngày ký.")


@dataclass(slots=True)
class PrintedPage:
    """A page of the simulated paper: the story's lines, and the clutter under them that nothing marks."""

    id: str
    day: date
    story: list[str]
    clutter: list[str]

    @property
    def lines(self) -> list[str]:
        """All lines, as an extractor gives them."""
        return self.story + self.clutter


def simulated_paper(pages: int, seed: int = 1) -> list[PrintedPage]:
    """Ten pages a day. Under each story: with an even chance an application's promotion above or below, and five teasers of a
    pool of twelve, of which three are replaced every day. Stories have subheads from a small stock, some end with thanks
    or a legal formula, one in twelve with a verse that has no full stops."""
    room = Newsroom(seed)
    rng = room.random
    pool = [room.headline() for _ in range(12)]
    made = []
    for number in range(pages):
        if number and number % 10 == 0:
            pool = pool[3:] + [room.headline() for _ in range(3)]
        lines = list(room.story().paragraphs)
        for _ in range(rng.randint(0, 2)):
            lines.insert(rng.randint(1, len(lines) - 1), rng.choice(HEADING))
        ending = rng.random()
        if ending < 0.15:
            lines.append(rng.choice(_RECURRING))
        elif ending < 0.23:
            lines += [room.headline().lower() for _ in range(4)]
        teasers = rng.sample(pool, 5)
        clutter = [*_STANDING, *teasers] if rng.random() < 0.5 else [*teasers, *_STANDING]
        day = date(2024, 3, 1) + timedelta(days=number // 10)
        made.append(PrintedPage(f"{number:016x}", day, lines, clutter))
    return made


def repeated_lines(seed: int = 1) -> Iterator[str]:
    """What the line memory cuts of simulated papers, in Markdown: by a second pass, and at save."""
    yield "| pages | clutter lines | cut by a second pass | cut at save, last fifth | story lines | of them cut |"
    yield "| ---: | ---: | ---: | ---: | ---: | ---: |"
    for count in (20, 50, 200, 1000):
        pages = simulated_paper(count, seed)
        with tempfile.TemporaryDirectory() as folder, LineMemory(Path(folder) / "lines.sqlite") as memory:
            late = late_cut = cut = wrong = 0
            for number, page in enumerate(pages):
                memory.learn("bensong.vn", page.id, page.lines, page.day)
                if number >= 0.8 * count:
                    late += len(page.clutter)
                    late_cut += len(set(memory.clean("bensong.vn", "\n".join(page.lines))[1]) & set(page.clutter))
            for page in pages:
                removed = memory.clean("bensong.vn", "\n".join(page.lines))[1]
                cut += len(set(removed) & set(page.clutter))
                wrong += len(set(removed) & set(page.story))
        clutter, story = sum(len(page.clutter) for page in pages), sum(len(page.story) for page in pages)
        yield f"| {count} | {clutter} | {cut / clutter:.2%} | {late_cut / late:.2%} | {story} | {wrong} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.dedup", description=__doc__.split("\n")[0] if __doc__ else ""
    )
    parser.add_argument("--stories", type=int, default=2500, help="stories of the labelled set (default: 2500)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", action="append", choices=ENGINES, help="only this one; may be repeated")
    parser.add_argument("--verbose", action="store_true", help="which kinds of pairs were missed or wrong")
    parser.add_argument("--lines", action="store_true", help="the line memory on simulated papers")
    parser.add_argument(
        "--million", action="store_true", help="rate, memory and restart of newscrawl with many articles"
    )
    parser.add_argument("--articles", type=int, default=1_000_000, help="how many those are (default: a million)")
    parser.add_argument("--folder", type=Path, help="keep the index of --million here (default: a temporary folder)")
    options = parser.parse_args(arguments)
    if options.lines:
        sys.stdout.write("\n".join(repeated_lines(options.seed)) + "\n")
        return 0
    if options.million:
        with tempfile.TemporaryDirectory() as temporary:
            for line in million(options.articles, options.folder or Path(temporary), options.seed):
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
        return 0
    items = labelled(options.stories, options.seed)
    results = {}
    for name in options.engine or ENGINES:
        results[name] = measure(items, ENGINES[name])
        if options.verbose:
            sys.stderr.write(f"{name}: missed {dict(results[name].missed)}, wrong {dict(results[name].wrong)}\n")
    sys.stdout.write("\n".join(table(items, results)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
