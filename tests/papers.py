"""Invented papers: their files in `seeds/`, their pages as saved responses, and `scrapy` run on them by a person."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from newscrawl.article import Article, article_id
from newscrawl.cleaning.dates import VIETNAM
from newscrawl.storage.catalog import Catalog

ROOT = Path(__file__).parent.parent
FETCHED = datetime(2024, 4, 1, 8, tzinfo=VIETNAM)


def day(month: int, day: int, hour: int = 8) -> datetime:
    """A time in 2024, on Vietnam's clock."""
    return datetime(2024, month, day, hour, tzinfo=VIETNAM)


# --- stories -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Story:
    """A headline and its paragraphs."""

    title: str
    paragraphs: tuple[str, ...]

    @property
    def text_file(self) -> bytes:
        """What must stand in the corpus."""
        return ("\n\n".join([self.title, *self.paragraphs]) + "\n").encode()


MARKET = Story(
    "Chợ nổi Vàm Lách dời bến",
    (
        "Từ sáng nay, hơn tám mươi ghe bán dưa và khoai lang của chợ nổi Vàm Lách buộc dây ở bến mới phía hạ lưu, cách "
        "chỗ cũ chừng nửa cây số, vì bờ kè ngay đầu chợ đã nứt một đường dài từ sau con nước rằm.",
        "Bà Lâm Thị Chín, người bán bún riêu trên ghe ba chục năm, nói khách quen vẫn tìm được bà nhờ cây bẹo treo "
        "chùm đu đủ. Bà chỉ lo mùa gió chướng tới, sóng ở bến mới đánh thẳng vào mạn ghe nhỏ.",
    ),
)
LIBRARY = Story(
    "Thư viện làng Phú Xoan mở cửa ban đêm",
    (
        "Thư viện làng Phú Xoan vừa thêm ba buổi tối mỗi tuần để thợ dệt tan ca có chỗ đọc sách. Đèn được câu từ nhà "
        "văn hóa sang, còn tiền điện do hội phụ huynh góp mỗi tháng hai trăm nghìn đồng.",
        "Thủ thư Đinh Công Trứ cho biết tuần đầu có bốn mươi mốt lượt bạn đọc, đông nhất là học sinh lớp chín. Sách "
        "được mượn nhiều hơn cả là truyện phiêu lưu và cuốn sổ tay sửa máy dệt cũ.",
    ),
)
BRIDGE = Story(
    "Cầu treo Nà Rược thông xe trước Tết",
    (
        "Cây cầu treo dài chín mươi sáu mét bắc qua suối Nà Rược đã cho xe máy qua lại từ chiều hôm qua, sớm hơn dự "
        "kiến gần một tháng. Trước đây, mỗi khi lũ về, ba bản bên kia suối phải nghỉ chợ cả tuần.",
        "Trưởng bản Lò Văn Pánh kể bà con đã góp hơn sáu trăm ngày công vác đá, trộn vữa. Mặt cầu lát gỗ nghiến, hai "
        "bên căng lưới thép để trẻ nhỏ đi học không sợ trượt chân.",
    ),
)
KITE = Story(
    "Hội diều sáo Gò Mây hẹn gió",
    (
        "Ban tổ chức hội diều sáo Gò Mây quyết định lùi ngày thi sang cuối tuần sau vì trời đứng gió suốt bốn hôm. Hai "
        "mươi bảy cánh diều của chín thôn đã căng giấy, gắn sáo xong và đang treo dọc sân đình.",
        "Nghệ nhân Phùng Bá Lượng, người khoét bộ sáo năm tầng lớn nhất hội, bảo rằng diều không có gió thì cũng như "
        "đò không có nước. Ông tranh thủ mấy ngày chờ đợi để dạy đám trẻ cách nghe tiếng sáo mà đoán gió.",
    ),
)
CLINIC = Story(
    "Trạm xá đảo Hòn Giang có bác sĩ ở lại",
    (
        "Sau gần hai năm chỉ có y sĩ luân phiên, trạm xá đảo Hòn Giang đã đón một bác sĩ tình nguyện ra ở hẳn với dân. "
        "Ngày đầu tiên, chị khám cho sáu mươi tám người, phần nhiều là ngư phủ đau lưng và các cụ cao tuổi.",
        "Bác sĩ Tạ Hoài Thu nói chị chọn đảo vì lớn lên ở làng chài. Trạm vừa được tặng một máy siêu âm cũ, còn chạy "
        "tốt, chở ra bằng tàu cá của chính người bệnh đầu tiên.",
    ),
)
WEAVING = Story(
    "Lụa Đông Cẩm tìm lại màu nâu non",
    (
        "Xưởng nhuộm của anh em nhà họ Tống ở làng Đông Cẩm đã pha lại được sắc nâu non của thế hệ trước, sau mười bốn "
        "mẻ thử hỏng. Bí quyết nằm ở thứ bùn lấy dưới chân ruộng sen và số lần phơi sương.",
        "Tấm lụa đầu tiên dài mười hai mét được giữ lại làm mẫu, không bán. Người anh cho biết mẻ sau sẽ giao cho một "
        "nhà may ở phố huyện, mỗi mét cao hơn lụa thường chừng bốn mươi nghìn đồng.",
    ),
)
SCHOOL = Story(
    "Lớp học bơi giữa ruộng của thầy Khảm",
    (
        "Hết giờ dạy toán, thầy Khảm lại dẫn học trò ra khúc mương rộng sau trường, nơi thầy căng dây phao thành bốn "
        "làn bơi. Ba mùa hè qua, một trăm mười bảy em trong xã đã tự bơi được hết chiều dài con mương.",
        "Phụ huynh góp cọc tre, hợp tác xã cho mượn máy bơm để thay nước mỗi tuần. Thầy nói mong muốn lớn nhất là có "
        "thêm một người biết sơ cứu đứng trên bờ mỗi buổi tập.",
    ),
)
BEES = Story(
    "Mùa mật hoa vẹt về rừng Cửa Đước",
    (
        "Những thùng ong đầu tiên đã được chèo vào rừng Cửa Đước khi hoa vẹt bắt đầu trổ. Người nuôi ong ở đây không "
        "dùng xe tải mà xếp từng mười hai thùng lên xuồng ba lá, đi theo con nước lớn lúc gần sáng.",
        "Anh Trịnh Út Mười ước tính năm nay mỗi thùng cho gần chín lít mật, nhỉnh hơn năm ngoái vì rừng ít bị phun "
        "thuốc. Mật hoa vẹt có vị hơi mặn, để lâu chuyển sang màu hổ phách.",
    ),
)


# --- papers ------------------------------------------------------------------------------------------------------


@dataclass
class Answer:
    """What an address answers."""

    body: bytes = b""
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    location: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class Paper:
    """A paper of our own: `write` puts its file into `home/seeds` and its answers into `home/replay`.

    It has a feed (`/rss/moi.rss`) and a listing (`/tin-moi`); its articles end in `-<six digits>.html`.
    """

    def __init__(self, home: Path, domain: str, root: str = "") -> None:
        self.home, self.domain = home, domain
        self.root = root or f"https://{domain}"
        self.answers: dict[str, Answer] = {}
        self.extra = ""
        self.answer("/robots.txt", "User-agent: *\nDisallow: /noi-bo/\n", content_type="text/plain")
        self.feed()
        self.listing()

    def url(self, path: str) -> str:
        """The address of a path."""
        return path if path.startswith("http") else self.root + path

    def id(self, number: int) -> str:
        """The id of the article with this number."""
        return article_id(f"{self.domain}/{number}")

    def answer(
        self, path: str, body: str | bytes = "", *, status: int = 200, content_type: str = "text/html; charset=utf-8",
        location: str = "",
    ) -> str:  # fmt: skip
        """Says what a path answers. Returns the address."""
        content = body.encode() if isinstance(body, str) else body
        self.answers[self.url(path)] = Answer(content, status, content_type, location)
        return self.url(path)

    def article(self, number: int, story: Story, published: datetime | None, folder: str = "") -> str:
        """Adds an article's page."""
        path = f"{folder}/bai-{number}.html"
        return self.answer(path, article_page(story, published, self.url(path)))

    def feed(self, *items: tuple[str, datetime | None]) -> None:
        """Says what the feed holds: addresses and dates, newest first."""
        lines = [
            f"<item><title>Bài</title><link>{escape(url)}</link>"
            + (f"<pubDate>{format_datetime(at)}</pubDate>" if at else "")
            + "</item>"
            for url, at in items
        ]
        channel = f"<channel><title>{self.domain}</title>{''.join(lines)}</channel>"
        body = f'<?xml version="1.0"?><rss version="2.0">{channel}</rss>'
        self.answer("/rss/moi.rss", body, content_type="text/xml; charset=utf-8")

    def listing(self, *urls: str) -> None:
        """Says what the listing links to."""
        links = "".join(f'<li><a href="{escape(url)}">Đọc bài này</a></li>' for url in urls)
        self.answer(
            "/tin-moi", f"<!DOCTYPE html><html><head><title>Mới</title></head><body><ul>{links}</ul></body></html>"
        )

    def write(self) -> None:
        """Writes all of it, in place of what stood there."""
        seeds, folder = self.home / "seeds", self.home / "replay" / self.domain
        seeds.mkdir(parents=True, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        seed = [
            f"name = {json.dumps(f'Báo {self.domain}', ensure_ascii=False)}",
            f"start = {json.dumps([self.url('/rss/moi.rss'), self.url('/tin-moi')])}",
            r"article = '-(\d{6})\.html$'",
            self.extra,
            '[select]\ntitle = ["h1.tieu-de"]\nbody = ["div.than-bai"]',
        ]
        (seeds / f"{self.domain}.toml").write_text("\n".join(seed) + "\n", "utf-8")
        index = [f"fetched_at = {FETCHED.isoformat()}"]
        for number, (url, answer) in enumerate(self.answers.items()):
            index += ["[[response]]", f"url = {json.dumps(url)}", f"status = {answer.status}"]
            index += [f'file = "{number}.bin"', f"content_type = {json.dumps(answer.content_type)}"]
            index += [f"location = {json.dumps(answer.location)}"] if answer.location else []
            (folder / f"{number}.bin").write_bytes(answer.body)
        (folder / "responses.toml").write_text("\n".join(index) + "\n", "utf-8")


def article_page(story: Story, published: datetime | None, canonical: str) -> str:
    """An article as our papers print it, with some clutter around."""
    meta = f'<meta property="article:published_time" content="{published.isoformat()}">' if published else ""
    paragraphs = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in story.paragraphs)
    return (
        f'<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8"><title>{escape(story.title)}</title>'
        f'<link rel="canonical" href="{canonical}"><meta property="og:type" content="article">{meta}</head>'
        f'<body><ul class="menu"><li><a href="/kinh-te">Kinh tế</a></li><li><a href="/doi-song">Đời sống</a></li></ul>'
        f'<h1 class="tieu-de">{escape(story.title)}</h1><div class="than-bai">{paragraphs}</div>'
        f'<div class="chan-trang">Giấy phép số 12/GP-TTĐT</div></body></html>'
    )


# --- running -----------------------------------------------------------------------------------------------------


@dataclass
class Ran:
    """A run of `scrapy`, and the corpus that it left."""

    status: int
    out: str
    err: str
    corpus: Path

    @property
    def fetched(self) -> list[str]:
        """The addresses asked for, whatever they answered, in order (robots.txt aside)."""
        found = re.findall(r"Crawled \(\d+\) <GET (\S+)>|Not saved in \S+: (\S+)", self.err)
        return [url for url in (a or b for a, b in found) if urlsplit(url).path != "/robots.txt"]

    def texts(self) -> dict[str, bytes]:
        """The text files by article id."""
        files = list((self.corpus / "text").glob("*/*/*.txt"))
        found = {file.stem.partition("_")[2]: file.read_bytes() for file in files}
        assert len(found) == len(files), "one article has two files"
        return found

    def records(self) -> dict[str, bytes]:
        """The files of records by their place."""
        return {str(f.relative_to(self.corpus)): f.read_bytes() for f in (self.corpus / "records").glob("*/*.jsonl")}

    def articles(self) -> dict[str, Article]:
        """The records by article id."""
        lines = [line for body in self.records().values() for line in body.decode().split("\n") if line]
        found = {article.id: article for article in map(Article.from_json, lines)}
        assert len(found) == len(lines), "one article has two records"
        return found

    def catalog(self) -> Catalog:
        """Its catalog; close it."""
        return Catalog(f"sqlite:///{self.corpus / 'catalog.sqlite'}")

    def state(self, article: str) -> tuple[str, str, str]:
        """State, reason and original of an address in the catalog."""
        with self.catalog() as catalog:
            row = catalog.address(article)
        assert row is not None, f"{article} is not in the catalog"
        return row["state"], row["reason"], row["duplicate_of"]


def scrapy(*arguments: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs `python -m scrapy`, warnings being errors."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("NEWSCRAWL_", "SCRAPY_"))}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "scrapy", *arguments],
        cwd=cwd, env={**kept, "COLUMNS": "200", "PYTHONIOENCODING": "utf-8", **(env or {})},
        capture_output=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip


def crawl(
    home: Path, corpus: Path, *arguments: str, processes: int = 0, cwd: Path = ROOT, env: dict[str, str] | None = None,
    replay: bool = True,
) -> Ran:  # fmt: skip
    """Runs `scrapy crawl` on the papers under `home`. No traceback may come of it, whatever its exit status."""
    settings = {"SEEDS_DIR": home / "seeds", "CORPUS_DIR": corpus, "CLEAN_PROCESSES": processes, "LOG_LEVEL": "DEBUG"}
    if replay:
        settings["REPLAY"] = home / "replay"
    options = [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
    done = scrapy("crawl", *arguments, *options, cwd=cwd, env=env)
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr, corpus)
