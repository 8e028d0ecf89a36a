# ruff: noqa: E501 -- tables of lines
from __future__ import annotations

import pytest

from newscrawl.article import Source
from newscrawl.cleaning.bylines import agency, is_byline, is_desk, names, source_line

ADDRESS = "https://baovidu.vn/cau-van-xom-bai-say-d12345.html"


@pytest.mark.parametrize(
    ("line", "people"),
    [
        ("Khổng Tú Anh", ["Khổng Tú Anh"]), ("KHỔNG TÚ ANH", ["KHỔNG TÚ ANH"]), ("H.A", ["H.A"]), ("L.V.", ["L.V."]), ("D.Khê", ["D.Khê"]), ("PV Ngọc Lan", ["Ngọc Lan"]), ("Lều Nam - TTXVN", ["Lều Nam"]), ("Lều Nam/TTXVN", ["Lều Nam"]), ("Lều Nam (VNA)", ["Lều Nam"]),
        ("Y Ban", ["Y Ban"]), ("Jean-Pierre Đặng", ["Jean-Pierre Đặng"]), ("  Khổng Tú\u00a0Anh \n", ["Khổng Tú Anh"]),
        # What they did is no part of the name
        ("Tin và ảnh: Lều Nam", ["Lều Nam"]), ("Tin, ảnh: Lều Nam", ["Lều Nam"]), ("Bài và ảnh: Lều Nam", ["Lều Nam"]),
        ("BÀI, ẢNH: LỀU NAM", ["LỀU NAM"]), ("Thực hiện: Lều Nam", ["Lều Nam"]), ("Tác giả: Lều Nam", ["Lều Nam"]),
        ("Lều Nam (tổng hợp)", ["Lều Nam"]), ("Lều Nam (t/h)", ["Lều Nam"]), ("Lều Nam lược ghi", ["Lều Nam"]),
        ("Lều Nam (theo Reuters)", ["Lều Nam"]), ("Lều Nam (lieunam@baovidu.vn)", ["Lều Nam"]), ("Lều Nam/dulich.baovidu.vn", ["Lều Nam"]),
        # Two are two
        ("Khổng Tú Anh - Lều Nam", ["Khổng Tú Anh", "Lều Nam"]), ("Khổng Tú Anh – Lều Nam", ["Khổng Tú Anh", "Lều Nam"]),
        ("Khổng Tú Anh, Lều Nam", ["Khổng Tú Anh", "Lều Nam"]), ("Khổng Tú Anh và Lều Nam", ["Khổng Tú Anh", "Lều Nam"]),
        ("Khổng Tú Anh | Lều Nam", ["Khổng Tú Anh", "Lều Nam"]), ("Bài: Khổng Tú Anh; Ảnh: Lều Nam", ["Khổng Tú Anh", "Lều Nam"]),
        ("Bài, ảnh: Khổng Tú Anh - Lều Nam", ["Khổng Tú Anh", "Lều Nam"]), ("Lều Nam - Lều Nam", ["Lều Nam"]),
        ("Tú Anh - Lều Nam - Kha Đờn", ["Tú Anh", "Lều Nam", "Kha Đờn"]), ("Lều Nam và 1 tác giả khác", ["Lều Nam"]),
        # A person beside an agency, or a paper whose name holds an "and"
        ("Lều Nam, Reuters", ["Lều Nam"]), ("Lều Nam (Báo Ví Dụ)", ["Lều Nam"]), ("Lều Nam/Báo Ví Dụ và Đời sống", ["Lều Nam"]),
    ],
)  # fmt: skip
def test_people(line: str, people: list[str]) -> None:
    assert names(line) == people


@pytest.mark.parametrize(
    "line",
    [
        "", "TTXVN", "(TTXVN)", "TTXVN/Vietnam+", "(TTXVN/Vietnam+)", "Theo TTXVN", "Thông tấn xã Việt Nam", "Vietnam+", "VOV", "Reuters", "AFP",
        "Chinhphu.vn", "baovidu.vn", "www.baovidu.com.vn", "Báo Ví Dụ", "Tạp chí Ví Dụ", "Báo Thế giới và Việt Nam", "Ví Dụ Online",
        "PV", "Nhóm PV", "Nhóm phóng viên", "Phóng viên", "Ban biên tập", "Trung tâm Truyền thông", "Tòa soạn", "Tổng hợp", "BTV", "Admin", "toasoan@baovidu.vn",
    ],
)  # fmt: skip
def test_agencies_desks_and_papers_are_no_people(line: str) -> None:
    assert names(line) == []


@pytest.mark.parametrize(
    ("line", "desk"),
    [
        ("TTXVN", True), ("Tân Hoa Xã", True), ("Báo Ví Dụ", True), ("Chinhphu.vn", True), ("PV", True), ("Nhóm PV", True),
        ("Khổng Tú Anh", False), ("Phan Vũ", False), ("An Phương Vy", False), ("Bá Online Tùng", False), ("Bảo Ngọc", False),
    ],
)  # fmt: skip
def test_desks(line: str, desk: bool) -> None:
    assert is_desk(line) is desk


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("TTXVN", "TTXVN"), ("Reuters", "Reuters"), ("Thông tấn xã Việt Nam", "Thông tấn xã Việt Nam"), ("Vietnam+", "Vietnam+"),
        ("TTXVN/Vietnam+", "TTXVN/Vietnam+"), ("Lều Nam (theo Reuters)", "Reuters"), ("Lều Nam (Theo AFP)", "AFP"),
        ("Lều Nam (nguồn: Báo Ví Dụ)", "Báo Ví Dụ"), ("Lều Nam - TTXVN", "TTXVN"), ("Lều Nam (TTXVN)", "TTXVN"), ("Theo PV (TTXVN/Vietnam+)", "TTXVN/Vietnam+"), ("Lều Nam", ""), ("Khổng Tú Anh - Lều Nam", ""), ("Lều Nam (tổng hợp)", ""), ("PV", ""),
    ],
)  # fmt: skip
def test_agencies(author: str, name: str) -> None:
    assert agency(author) == name


@pytest.mark.parametrize(
    "line",
    [
        "Khổng Tú Anh", "KHỔNG TÚ ANH", "Khổng Tú Anh - Lều Nam", "Khổng Tú Anh, Lều Nam", "Khổng Tú Anh và Lều Nam", "H.A", "T.K.",
        "Tin và ảnh: Lều Nam", "Bài, ảnh: KHỔNG TÚ ANH", "Ảnh: Lều Nam", "Thực hiện: Khổng Tú Anh", "Lều Nam (tổng hợp)", "(Lều Nam)",
        "Lều Nam (theo Reuters)", "Lều Nam lược ghi", "Lều Nam (*)", "TTXVN", "PV", "Nhóm phóng viên", "Chinhphu.vn", "Báo Ví Dụ",
    ],
)  # fmt: skip
def test_bylines(line: str) -> None:
    assert is_byline(line, [])


@pytest.mark.parametrize(
    "line",
    [
        "", "Góp ván, góp công", "Hai cha con đóng cầu", "Nước về", "Hướng đi mới cho Bãi Sậy", "Việt Nam vô địch", "Ông Kha Văn Đờn đã về.",
        "Theo ông Sáng, cầu sẽ xong trước Tết.", "Theo kế hoạch, cầu sẽ xong sau Tết.", "Báo động lũ cấp ba đã được rút sáng nay.",
        "Đài truyền thanh xã báo mực nước hai lần mỗi ngày.", "Tạp chí Cầu Đường sẽ viết về cây cầu này.",
        "Lều Nam:", "“Khổng Tú Anh”", "Mạc Văn Sáng, trưởng xóm Bãi Sậy", "Khổng Tú Anh kể chuyện đi chợ", "Kết quả: Bãi Sậy thắng 2-1",
        "Cầu khánh thành sáng nay, Mạc Văn Sáng cắt băng.", "Hỏi: Bao giờ có đèn?", "Tin vui: xóm có cầu mới", "1. Khổng Tú Anh: 12 phiếu",
        "Ảnh: chiếc cầu cũ, chụp trước trận lũ lớn năm ngoái từ bờ bên kia của con rạch Cái Nhum",
    ],
)  # fmt: skip
def test_lines_of_the_story_are_no_bylines(line: str) -> None:
    assert not is_byline(line, [])


def test_authors_that_the_page_names() -> None:
    assert not is_byline("mây trắng", [])
    assert is_byline("mây trắng", ["Mây Trắng"])
    assert is_byline("Mây trắng - Gió lành", ["Mây Trắng", "Gió Lành"])
    assert is_byline("Tin, ảnh: mây trắng", ["Mây Trắng"])
    assert not is_byline("Mây trắng bay qua rạch", ["Mây Trắng"])


@pytest.mark.parametrize(
    ("line", "source"),
    [
        (f"Nguồn Đầu Tư: {ADDRESS}", Source("Đầu Tư", ADDRESS)), (f"Nguồn: {ADDRESS}", Source("", ADDRESS)),
        (f"Nguồn: Báo Ví Dụ ({ADDRESS})", Source("Báo Ví Dụ", ADDRESS)), ("Nguồn: baovidu.vn", Source("baovidu.vn")),
        ("Nguồn: Báo Ví Dụ", Source("Báo Ví Dụ")), ("Nguồn tin: Báo Ví Dụ", Source("Báo Ví Dụ")), ("(Nguồn: TTXVN)", Source("TTXVN")),
        ("Theo TTXVN", Source("TTXVN")), ("(Theo Báo Ví Dụ)", Source("Báo Ví Dụ")), ("THEO TTXVN", Source("TTXVN")), ("Theo: TTXVN", Source("TTXVN")),
        ("Theo Ví Dụ Mới", Source("Ví Dụ Mới")), ("Theo Báo Ví Dụ.", Source("Báo Ví Dụ")), ("Theo Tiền phong", Source("Tiền phong")),
        ("Theo Pháp luật TP.HCM", Source("Pháp luật TP.HCM")), ("Theo 24h", Source("24h")), ("* Theo TTXVN", Source("TTXVN")),
        ("(TTXVN)", Source("TTXVN")), ("(TTXVN/Vietnam+)", Source("TTXVN/Vietnam+")), ("TTXVN", Source("TTXVN")),
        ("Theo Lều Nam (TTXVN)", Source("Lều Nam (TTXVN)")), ("(Theo Báo Ví Dụ (bản in))", Source("Báo Ví Dụ (bản in)")),
        ("Dẫn nguồn Báo Ví Dụ", Source("Báo Ví Dụ")), ("Đăng lại từ Báo Ví Dụ", Source("Báo Ví Dụ")),
    ],
)  # fmt: skip
def test_source_credits(line: str, source: Source) -> None:
    assert source_line(line) == source


@pytest.mark.parametrize(
    "line",
    [
        "", "Khổng Tú Anh", "Ảnh: Lều Nam", "Báo Ví Dụ", "Nguồn vốn: ngân sách xã và đóng góp của dân.", "Nguồn nước: nỗi lo chung", "Nguồn:", "Theo", "Theo dõi sát mực nước rạch", "Theo chân người thợ rừng",
        "Theo Bộ Y tế, số ca bệnh giảm một nửa.", "Theo ông Mạc Văn Sáng, cầu đã xong.", "Theo Mạc Văn Sáng, trưởng xóm Bãi Sậy",
        "Theo Sở Xây dựng tỉnh thì cây cầu này đủ an toàn cho xe máy.", "Theo đó, mỗi hộ góp hai tấm ván", "Theo kế hoạch",
        "Nguồn nước sạch đã về tới xóm.", "Nguồn lực của xóm chỉ có vậy", "Ông Đờn nói theo Báo Ví Dụ thì khác",
        "Theo Báo Ví Dụ, cầu dài ba mươi hai mét. Ông Đờn nói nó dài hơn.",
    ],
)  # fmt: skip
def test_lines_that_credit_nobody(line: str) -> None:
    assert source_line(line) is None
