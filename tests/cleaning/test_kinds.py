# ruff: noqa: E501 -- pages and texts
from __future__ import annotations

import gzip
import re

import pytest

from newscrawl import Article, NotAnArticle, clean_page
from newscrawl.article import NOT_AN_ARTICLE_REASONS
from tests.cleaning.test_generic import DAWN, ENGLISH, NOW, SAPO, STORY, TITLE, URL, page

ARTICLE = '<meta property="og:type" content="article"><meta property="article:published_time" content="2024-06-16T09:15:00+07:00">'


def made(body: str, head: str = "", title: str = TITLE, lang: str = "vi") -> bytes:
    return f'<!DOCTYPE html><html lang="{lang}"><head><title>{title}</title>{head}</head><body>{body}</body></html>'.encode()


def reason(html: bytes, url: str = URL) -> str:
    with pytest.raises(NotAnArticle) as caught:
        clean_page(html, url, fetched_at=NOW)
    assert caught.value.reason in NOT_AN_ARTICLE_REASONS
    assert str(caught.value).startswith(caught.value.reason)
    return caught.value.reason


def read(html: bytes, url: str = URL) -> Article:
    return clean_page(html, url, fetched_at=NOW)


# --- what is no page ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("html", "why"), [
    (b"", "empty"),
    (b" \r\n\t ", "empty"),
    (b"<!-- nothing -->", "empty"),
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "not html"),
    (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not html"),
    (gzip.compress(page()), "not html"),
    ('{"status": 200, "tin": ["Chợ phiên họp lại"]}'.encode(), "not html"),
    (page() + b" " * 6_000_000, "too large"),
], ids=["no bytes", "blanks", "a comment", "PDF", "picture", "gzip", "JSON", "six megabytes"])  # fmt: skip
def test_bytes_that_are_no_page(html: bytes, why: str) -> None:
    assert reason(html) == why


@pytest.mark.parametrize("html", [
    b'<html><body><script>document.cookie="D1N=5f3c1e07a9b84d26"+"; expires=Fri, 31-Dec-2099 23:59:59 GMT; path=/";window.location.reload(true);</script></body></html>',
    b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><p>Verify you are human</p></body></html>",
    b'<html><head><title>baovidu.vn</title><script src="/cdn-cgi/challenge-platform/h/b/x.js"></script></head><body></body></html>',
    b'<html><body><form action="/xac-nhan"><textarea name="g-recaptcha-response"></textarea></form></body></html>',
], ids=["D1N cookie", "just a moment", "challenge script", "captcha"])  # fmt: skip
def test_bot_checks(html: bytes) -> None:
    assert reason(html) == "bot check"


@pytest.mark.parametrize("html", [
    made("", '<meta http-equiv="refresh" content="0; url=https://baovidu.vn/tin-moi-100235.html">'),
    made('<p>Đang chuyển trang, <a href="/x">bấm vào đây</a> nếu chờ lâu.</p>', '<META HTTP-EQUIV="Refresh" CONTENT="3;URL=/tin-moi-100235.html">'),
    made("<script>window.location.href = '/tin-moi-100235.html';</script>"),
    made("<script>location.replace('https://m.baovidu.vn/tin-moi-100235.html')</script>"),
], ids=["refresh", "refresh with a word", "script", "script that replaces"])  # fmt: skip
def test_redirect_shells(html: bytes) -> None:
    assert reason(html) == "redirect"


def test_a_story_that_reloads_itself_is_no_redirect() -> None:
    head = (
        '<meta http-equiv="refresh" content="900; url=/cho-phien.html"><script>if (0) location.href = "/m/";</script>'
    )
    assert read(page(head=head)).text.split("\n\n") == STORY


@pytest.mark.parametrize(("title", "body"), [
    ("404 - Không tìm thấy trang", "<h1>404</h1><p>Trang bạn tìm không tồn tại hoặc đã được dời đi nơi khác.</p>"),
    ("Báo Ví Dụ", "<h1>Lỗi 404</h1><p>Đường dẫn này không tồn tại. Mời quay về trang chủ.</p>"),
    ("Báo Ví Dụ", "<div><p>Bài viết này đã bị gỡ theo yêu cầu của tác giả.</p></div>"),
    ("Page not found", "<p>The page that you asked for is not here any more.</p>"),
    ("503 Service Unavailable", "<h1>503 Service Unavailable</h1>"),
    ("Báo Ví Dụ", "<h2>Đã xảy ra lỗi</h2><p>Hệ thống đang bận, vui lòng quay lại sau ít phút.</p>"),
], ids=["404 in the title", "404 in the heading", "taken down", "English", "503", "busy"])  # fmt: skip
def test_error_pages_with_status_200(title: str, body: str) -> None:
    assert reason(made(body, title=title)) == "error page"


def test_a_story_about_errors_is_a_story() -> None:
    told = f"<p>Cả buổi sáng, ai vào trang đặt sạp cũng chỉ thấy dòng chữ “Trang không tồn tại”. {DAWN}</p>"
    assert "“Trang không tồn tại”" in read(page(told)).text


# --- lists of stories --------------------------------------------------------------------------------------------

NEWS = ["Đàn vịt chạy đồng về làng Sậy", "Trường Gò Mít đón học trò lớp một", "Đóng xong chiếc ghe chở sách đầu tiên", "Lò gạch Cái Nứa đỏ lửa trở lại",
        "Mùa bông súng muộn ở đồng Lác", "Hội đua bò xóm Thốt dời sang thu", "Ông giáo già mở tủ sách bến đò", "Cấp nước sạch cho ấp cuối kênh",
        "Nông dân Tân Trám thử giống lúa chịu phèn", "Phà đêm Cồn Ấu thêm hai chuyến"]  # fmt: skip
CARDS = "".join(
    f'<div class="tin"><h3><a href="/mau-tin-so-{n}-cua-bao-vi-du-10{n}.html">{name}</a></h3><p>Tóm tắt ngắn của mẩu tin thứ {n}, đủ cho một dòng trên trang.</p></div>'
    for n, name in enumerate(NEWS, 400)
)  # fmt: skip


@pytest.mark.parametrize(("url", "head"), [
    ("https://baovidu.vn/", '<meta property="og:type" content="website">'),
    ("https://baovidu.vn/thoi-su", '<meta property="og:type" content="website">'),
    ("https://baovidu.vn/thoi-su/trang-3.html", ""),
    ("https://baovidu.vn/tags/cho-phien.html", ""),
    ("https://baovidu.vn/tim-kiem?q=cau", '<script type="application/ld+json">{"@type": "SearchResultsPage"}</script>'),
    ("https://baovidu.vn/chuyen-de/ben-tram", '<script type="application/ld+json">{"@type": "CollectionPage", "name": "Bến Trám"}</script>'),
], ids=["home", "section", "second page", "tag", "search", "collection"])  # fmt: skip
def test_listings(url: str, head: str) -> None:
    assert reason(made(f"<h1>Thời sự</h1>{CARDS}", head, title="Thời sự | Báo Ví Dụ"), url) == "listing"


def test_a_list_of_bare_links_is_a_listing() -> None:
    links = re.sub("<p>.*?</p>", "", CARDS)
    assert (
        reason(made(f"<h1>Chợ phiên</h1>{links}", title="Chợ phiên"), "https://baovidu.vn/chu-de/cho-phien")
        == "listing"
    )


# --- players and pictures ----------------------------------------------------------------------------------------

PLAYER = f'<h1>{TITLE}</h1><video src="/cho.mp4"></video><p>Ghe xuồng về bến từ lúc trời chưa sáng.</p>'


@pytest.mark.parametrize(("url", "head"), [
    ("https://baovidu.vn/video/cho-phien-ben-tram-hop-lai-100234.html", ARTICLE),
    ("https://video.baovidu.vn/video-cho-phien-ben-tram-hop-lai-100234.html", ""),
    (URL, '<meta property="og:type" content="video.other">'),
    (URL, '<script type="application/ld+json">{"@type": "VideoObject", "name": "Chợ phiên"}</script>'),
], ids=["path", "host and slug", "OpenGraph", "JSON-LD"])  # fmt: skip
def test_video_shells(url: str, head: str) -> None:
    assert reason(made(PLAYER, head), url) == "video"


def test_a_story_told_beside_a_video_is_an_article() -> None:
    html = page('<div class="trinh-chieu"><video src="/cho.mp4"></video></div>')
    assert read(html, "https://baovidu.vn/video/cho-phien-ben-tram-hop-lai-100234.html").text.split("\n\n") == STORY


PHOTOS = "https://baovidu.vn/anh/cho-phien-ben-tram-hop-lai-100234.html"


def pictures(captions: list[str]) -> str:
    frame = '<figure><img src="/anh-{}.jpg"><figcaption>{}</figcaption></figure>'
    return "".join(frame.format(n, text) for n, text in enumerate(captions))


def test_a_photo_shell() -> None:
    html = made(
        f"<h1>Chùm ảnh: Chợ phiên</h1><div>{pictures(['Một góc chợ.'] * 4)}</div>", ARTICLE, title="Chùm ảnh: Chợ phiên"
    )
    assert reason(html, PHOTOS) == "photo"


def test_a_story_told_in_pictures_is_an_article() -> None:
    article = read(made(f"<h1>{TITLE}</h1><p>{SAPO}</p><div>{pictures(STORY[1:])}</div>", ARTICLE), PHOTOS)
    assert article.text.split("\n\n") == STORY
    assert [image.url for image in article.images] == [f"https://baovidu.vn/anh-{n}.jpg" for n in range(4)]


def test_an_e_magazine_is_an_article() -> None:
    room = '<section><div class="nen"><img src="/nen.jpg"></div><div class="chu"><p>{}</p></div></section>'
    html = made(f'<h1>{TITLE}</h1><div class="emagazine">{"".join(map(room.format, STORY))}</div>', ARTICLE)
    article = read(html, "https://baovidu.vn/emagazine/cho-phien-ben-tram-hop-lai-100234.html")
    assert article.text.split("\n\n") == STORY


# --- language, text, access --------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [URL, "https://baovidu.vn/en/tram-market-opens-again-100236.html"])
def test_the_english_edition_of_a_vietnamese_paper(url: str) -> None:
    body = "".join(f"<p>{text}</p>" for text in ENGLISH)
    html = made(
        f"<h1>Tram market opens again</h1><div>{body}</div>", ARTICLE, title="Tram market opens again", lang="en"
    )
    assert reason(html, url) == "foreign language"


def test_a_frame_without_a_story() -> None:
    assert reason(made(f"<h1>{TITLE}</h1><p>Đang cập nhật.</p>", ARTICLE)) == "no text"


def test_a_short_dated_item_is_an_article() -> None:
    assert read(made(f"<h1>{TITLE}</h1><div><p>{DAWN}</p></div>", ARTICLE)).text == DAWN


@pytest.mark.parametrize(("after", "head", "access"), [
    ("", "", "full"),
    ("<p>Đăng nhập hoặc mua gói tháng để đọc tiếp bài viết.</p>", "", "teaser"),
    ("<p>Bài viết này chỉ dành cho thành viên Báo Ví Dụ.</p>", "", "teaser"),
    ("", '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": false}</script>', "teaser"),
    ("", '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": "True"}</script>', "full"),
    (f"<p>{' '.join(STORY[1:]).replace('chợ', 'bến')}</p>", '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": false}</script>', "full"),
], ids=["open", "buy", "members", "JSON-LD", "JSON-LD: free", "marked as paid, but all there"])  # fmt: skip
def test_access(after: str, head: str, access: str) -> None:
    article = read(page(after=after, head=head))
    assert article.access == access
    assert article.text.split("\n\n")[:5] == STORY


def test_letters_lost_before_the_page_was_sent() -> None:
    few, many = page(), page()
    assert "�" in read(few.replace("sáng".encode(), "s�ng".encode(), 1)).text
    with pytest.raises(NotAnArticle, match="unreadable"):
        read(many.decode().translate(dict.fromkeys(map(ord, "áàảãạấầậếềệốồộớờợ"), "�")).encode())
