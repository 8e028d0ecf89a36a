"""Text for stories by the thousand: Vietnamese sentences put together from a stock, no two stories alike."""

from __future__ import annotations

import random
from functools import lru_cache

_WHEN = """Sáng nay|Chiều qua|Từ đầu tuần|Sau cơn mưa đêm|Trước giờ tan chợ|Cuối tháng trước|Suốt ba hôm liền
Vào phiên rằm|Khi nước vừa rút|Giữa mùa gặt|Ngay sau lễ khai bến|Hôm mùng bảy|Lúc trời còn mờ đất
Đến quá trưa|Tối thứ năm|Ít lâu nay"""
_WHO = """ông Lò Văn Pánh|bà Lâm Thị Chín|anh Trịnh Út Mười|chị Tạ Hoài Thu|cụ Phùng Bá Lượng
cô giáo Đinh Mai Trúc|thầy Vi Công Khảm|trưởng bản Hà Seo Páo|lão ngư Đặng Hai Giang
thợ rèn Tống Duy Cẩm|nghệ nhân Kiều Thị Nhài|đội trưởng Mạc Đình Xuyên|bác sĩ Quách Thanh Lộc
kỹ sư Bạch Hữu Tường|tổ hợp tác Cửa Đước|hội phụ nữ thôn Đoài|chi đoàn xã Gò Mây|nhóm thợ mộc Phú Xoan
ban quản lý bến Vàm Lách|hợp tác xã Đông Cẩm|đoàn thuyền Hòn Giang|câu lạc bộ diều Bãi Soi
xưởng gốm Rạch Tràm|lớp học ban đêm Nà Rược"""
_DID = """đã dựng xong|vừa sửa lại|đang gom góp|bắt đầu khảo sát|quyết định dời|hoàn tất việc sơn
tạm dừng tháo dỡ|cùng nhau đắp|mang ra trưng bày|nhận chăm sóc|vận chuyển an toàn|kiểm kê toàn bộ
xin phép mở rộng|mời thợ giỏi đóng|thử nghiệm thành công|bàn giao|treo thưởng cho ai tìm ra
ghi chép tỉ mỉ|trồng dặm|cho thuê rẻ|đem đấu giá|phơi khô|nạo vét|căng bạt che"""
_WHAT = """chiếc cầu tre đầu làng|hàng dừa ven kênh|bộ sáo diều năm tầng|kho thóc giống|con đò ngang cũ
dãy ki ốt chợ huyện|giàn bầu sau đình|thư viện lưu động|cối xay nước|đoạn kè lở|mẻ gốm men tro
vườn ươm sú vẹt|nhà văn hóa thôn|trạm bơm số bốn|những tấm lụa nâu non|đàn ong rừng|sân phơi lát gạch
giếng đá ong|mái đình hai tầng|bãi cát bồi|lớp bơi giữa ruộng|chuyến xe chở sách|lò đường thủ công
cột đèn hải đăng nhỏ"""
_WHERE = """ở bờ nam sông Trầm|bên chân đèo Khau Lạn|trong ngõ chợ Vồi|tại xóm Dừa|gần bến phà Cây Quéo
trên cồn Bãi Soi|dọc con lộ đất đỏ|phía sau trạm xá|quanh hồ Ao Sen|ở cuối làng Đông Cẩm
ngoài đảo Hòn Giang|giữa cánh đồng Mả Lim|cạnh lò gạch bỏ hoang|nơi ngã ba Vàm Lách"""
_WHY = """vì mùa gió chướng tới sớm|để trẻ nhỏ có chỗ vui chơi|do giá vật liệu tăng|nhằm kịp phiên chợ cuối năm
bởi đường cũ đã sụt lún|để dành tiền mua thuốc|theo lời hứa với người già|vì khách phương xa hỏi nhiều
để giữ nghề của cha ông|do máy móc hỏng liên tiếp|nhằm bớt cảnh gồng gánh|vì con nước năm nay thấp
để đón đoàn học sinh lớp chín|bởi thợ lành nghề còn ít|do bà con góp đủ công|để khỏi phải đi vòng"""
_THEN = """mọi việc diễn ra êm thấm|ai nấy thở phào|số tiền còn lại gửi vào quỹ chung
hàng xóm mang nước chè ra mời|người làm sổ ghi lại từng khoản|bọn trẻ chạy theo xem đến tối
chưa ai dám chắc mùa sau ra sao|khách qua đường dừng lại hỏi thăm|tiếng trống đình vang lên ba hồi
công thợ được trả ngay trong ngày|vài người vẫn còn lo ngại|kết quả tốt hơn dự tính
việc cân đo kéo dài tới khuya|bến bãi đông như ngày hội"""
_TOPIC = """Chuyện mới|Ngày dài|Tin vui|Mùa lạ|Lời hẹn|Nếp cũ|Bước đầu|Vòng quay|Nỗi lo|Niềm mong|Góc nhỏ
Đường về"""


def _stock(text: str) -> list[str]:
    return text.replace("\n", "|").split("|")


WHEN, WHO, DID, WHAT, WHERE, WHY, THEN, TOPIC = map(_stock, (_WHEN, _WHO, _DID, _WHAT, _WHERE, _WHY, _THEN, _TOPIC))


def headline(key: str, number: int) -> str:
    """The headline of a story."""
    pick = random.Random(f"{key}/{number}/headline").choice
    return f"{pick(TOPIC)} {number}: {_capital(pick(WHO))} {pick(DID)} {pick(WHAT)}"


@lru_cache(maxsize=4096)
def paragraphs(key: str, number: int, version: int) -> tuple[str, ...]:
    """The text of a story in its `version`th edition (from 0), 100 to 300 words; each edition changes one paragraph."""
    rng = random.Random(f"{key}/{number}/text")
    text = [_paragraph(rng) for _ in range(rng.randint(3, 4))]
    # two stories never say the same, whatever the dice say
    text[0] += f" Sổ tay của người gác bến ghi đó là việc thứ {number} trong năm."
    for edition in range(1, version + 1):
        rng = random.Random(f"{key}/{number}/text/{edition}")
        text[rng.randrange(1, len(text))] = _paragraph(rng)
    return tuple(text)


def _paragraph(rng: random.Random) -> str:
    return " ".join(_sentence(rng) for _ in range(2))


def _sentence(rng: random.Random) -> str:
    pick = rng.choice
    count = rng.randint(12, 990)
    return rng.choice((
        f"{pick(WHEN)}, {pick(WHO)} {pick(DID)} {pick(WHAT)} {pick(WHERE)} {pick(WHY)}, còn {pick(THEN)}.",
        f"{_capital(pick(WHO))} kể rằng {pick(WHO)} {pick(DID)} {pick(WHAT)} {pick(WHERE)}, tốn {count} công {pick(WHY)}.",
        f"{_capital(pick(WHY))}, {count} người {pick(WHERE)} cùng {pick(WHO)} chờ xem {pick(WHAT)}, rồi {pick(THEN)}.",
        f"Theo {pick(WHO)}, {pick(WHAT)} {pick(WHERE)} cần {count} triệu đồng {pick(WHY)}; {pick(WHEN).lower()} {pick(THEN)}.",
    ))  # fmt: skip


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
