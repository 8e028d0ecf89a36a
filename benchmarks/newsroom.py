"""Invented Vietnamese news text, as much as is asked for, the same from the same seed.

No language model: sentences are put together from a stock of phrases, a few drawn often and most seldom (Zipf), with
names, places and figures between them. The text is grammatical, means little, and shares runs of five syllables with other
text as news does: every story has some in common with many others.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass


def _stock(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split("|")]


FAMILY = "Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Tạ Mai Đinh Lương Hà Trịnh Cao Tô Kiều".split()
MIDDLE = (
    "Văn Thị Hữu Đức Minh Ngọc Thanh Quang Xuân Thu Hồng Công Đình Bá Gia Kim Phương Tuấn Hải Khánh Bảo Trọng".split()
)
GIVEN = (
    "An Bình Chiến Dũng Duyên Đạt Giang Hà Hạnh Hiếu Hoa Hùng Hương Khoa Lan Linh Long Mai Nam Nga Nhung Oanh Phúc Quân "
    "Quyên Sơn Tâm Thảo Thắng Thủy Toàn Trang Trí Tú Uyên Vinh Vượng Xuân Yến Thịnh Lộc Phát Diễm Cường Đông Tiến Hòa"
).split()
PLACE_HEAD = (
    "Phú Tân An Hòa Bình Long Vĩnh Xuân Thạnh Mỹ Đông Tây Nam Bắc Thanh Kim Yên Lộc Hưng Trung Đại Quế Ngọc Sơn".split()
)
PLACE_TAIL = (
    "Lâm Hải Phước Thành Thịnh Lợi Xuyên Giang Sơn Hà Điền Khê Trạch Lương Thọ Phong Mỹ Hội Châu Bường Quới Cốc Lạc Trung"
).split()
KIND = _stock("xã | huyện | thị trấn | phường | thị xã | quận | thành phố | tỉnh")
ROLE = _stock(
    """ông | bà | anh | chị | Chủ tịch UBND xã | Phó giám đốc Sở Công Thương | trưởng phòng Kinh tế hạ tầng | kỹ sư | bác sĩ |
    cô giáo | thầy giáo | trưởng thôn | chủ nhiệm hợp tác xã | đại diện chủ đầu tư | giám đốc công ty | luật sư | thượng tá |
    tiến sĩ | chuyên gia kinh tế | hiệu trưởng nhà trường | chủ quán | tài xế | nông dân | nghệ nhân | huấn luyện viên |
    đội trưởng đội dân phòng | cán bộ khuyến nông | phó chủ tịch hội phụ nữ | chủ tàu cá | nhà nghiên cứu | biên đạo múa |
    kiến trúc sư | điều dưỡng trưởng | chủ vườn | tổng biên tập | giám đốc bệnh viện | bí thư đoàn | chi cục trưởng kiểm lâm"""
)
OPENING = (
    _stock(
        """Theo báo cáo ban đầu, | Trước đó, | Tuy nhiên, | Bên cạnh đó, | Cũng trong ngày, | Ngoài ra, | Đáng chú ý, | Trên thực tế, |
    Qua kiểm tra, | Trao đổi với phóng viên, | Tại buổi làm việc, | Sau nhiều tháng chờ đợi, | Nhờ vậy, | Vì thế, | Đến nay, |
    Từ đầu năm đến nay, | Ở chiều ngược lại, | Riêng khu vực ven sông, | Theo kế hoạch, | Trong khi đó, | Về lâu dài, |
    Khi nước rút, | Nói về nguyên nhân, | Giữa trưa, | Đầu giờ chiều, | Mỗi sáng sớm, | Không giấu được niềm vui, |
    Lý giải điều này, | Nhiều năm qua, | Cách đó không xa, | Bước sang mùa mới, | Với quyết tâm ấy, | Để kịp tiến độ, |
    Nhìn lại chặng đường, | Khác với mọi năm, | Từ kinh nghiệm ấy, | Ngay trong đêm, | Chỉ sau vài tuần, | Lúc cao điểm, |"""
    )
    + [""] * 12
)
VERB = _stock(
    """cho biết | khẳng định | đề nghị làm rõ | vừa khởi công | đã bàn giao | đang khẩn trương hoàn thiện | thống nhất mở rộng |
    kêu gọi góp sức sửa chữa | dành hơn nửa ngân sách cho | kiểm tra lại toàn bộ | công bố kết quả khảo sát về | đưa vào sử dụng |
    tạm dừng khai thác | lắp đặt thêm | trồng mới | thu hoạch sớm | giới thiệu với du khách | trao tặng học sinh nghèo |
    phục dựng | nghiên cứu thành công | đầu tư | hỗ trợ người dân chuyển sang | cảnh báo rủi ro từ | thu hút đông đảo bạn trẻ đến với |
    nhận chuyển giao | quy hoạch lại | bảo vệ | tìm đầu ra cho | ghi nhận sự thay đổi của | lo ngại trước | đặt hàng | số hóa |
    vận hành thử nghiệm | xin ý kiến nhân dân về | tháo dỡ | cải tạo | tiếp tục theo dõi | xử phạt chủ sở hữu | cấp phép cho |
    phản đối việc lấn chiếm | hiến đất mở rộng | tổ chức lễ rước quanh | khôi phục | nâng cấp | thử giọng cùng | nuôi dưỡng |
    chia sẻ câu chuyện về | xuất khẩu lô đầu tiên của | vượt suối đến | thắp sáng | dựng rạp bên | đấu giá | chụp lại | ghi âm"""
)
NOUN = _stock(
    """tuyến đê | cây cầu treo | trạm y tế | nhà văn hóa | hồ chứa nước | tuyến đường liên thôn | vườn sầu riêng | ruộng lúa nếp |
    đội thuyền đánh cá | khu chợ nổi | làng gốm | lớp học xóa mù | thư viện lưu động | xưởng dệt thổ cẩm | trạm bơm |
    bến xe khách | khu tái định cư | rừng phòng hộ | đàn bò sữa | hợp tác xã chè | phòng thí nghiệm | giải bóng chuyền |
    đoàn cải lương | bãi giữ xe | đường ống dẫn nước | lò gạch cũ | bảo tàng nghề muối | dự án điện mặt trời | quỹ khuyến học |
    tủ sách gia đình | vùng nuôi tôm | bếp ăn từ thiện | cánh đồng cói | sân bay dã chiến | công viên ven kênh | khu trọ công nhân |
    đội lân sư rồng | tàu cao tốc | hệ thống cảnh báo lũ | kho lạnh | phiên chợ vùng cao | ngôi đình cổ | giếng làng | máy gặt |
    tuyến xe buýt | trại giống | dàn nhạc dân tộc | nhà máy xử lý rác | mô hình nuôi ong | bờ kè | con đò | cột phát sóng |
    vựa muối | phim tài liệu | cây đa | trường nội trú | tổ vá xe miễn phí | bia chủ quyền | đài quan trắc | lễ hội đua ghe |
    tranh thêu | vườn thuốc nam | ứng dụng gọi xe | xưởng đóng ghe | tuyến cáp ngầm | hang động | bãi bồi | làng hoa"""
)
ATTRIBUTE = _stock(
    """xuống cấp nhiều năm | vừa được trùng tu | do người dân đóng góp | rộng hơn sân bóng | nằm bên bờ sông | lớn nhất vùng |
    có từ thời ông bà để lại | chưa từng ai nghĩ tới | đạt chuẩn xuất khẩu | mở cửa miễn phí | dùng năng lượng sạch |
    vắng bóng người trẻ | từng bị bỏ hoang | đang chờ nghiệm thu | trị giá hàng tỷ đồng | mang tên nhà thơ quê nhà | ở cuối con dốc |
    bị sạt lở sau bão | không có biển báo | của ba thế hệ | chạy dọc bờ kênh | thuộc diện phải di dời | được thế giới biết đến |
    nuôi sống cả xóm | chỉ họp vào ngày rằm | phủ kín màu xanh | sắp tròn một trăm tuổi | giữa lòng phố cổ | nơi đầu sóng |
    còn thiếu vốn | đông nghịt khách | có mái ngói âm dương | thơm mùi rơm mới | không còn như trước | vận hành bằng điện thoại |
    đầy ắp tiếng cười | cần thêm nhân lực | được chấm điểm cao | mùa nước nổi | trên đỉnh mây mù"""
)
COMPLEMENT = (
    _stock(
        """để người dân yên tâm sản xuất | trước khi mùa mưa bão đến | với sự giúp sức của bộ đội | mà không tăng thêm chi phí |
    theo hình thức cuốn chiếu | sau khi lấy ý kiến rộng rãi | vì nguồn vốn về chậm | nhằm giữ nghề cho con cháu |
    bất chấp thời tiết thất thường | trong sự ngỡ ngàng của nhiều người | cho kịp ngày khai giảng | bằng chính đôi tay của mình |
    khi giá cả tăng cao | và cam kết không để ai lại phía sau | dưới cái nắng như đổ lửa | trong tiếng trống rộn rã |
    đúng như lời hứa hôm nào | thay cho cách làm cũ | dù đường đi còn cách trở | để du khách ở lại lâu hơn |
    từ những đồng tiền lẻ | ngay trong quý tới | như một cách tri ân | nhưng vẫn còn nhiều việc phải làm | để giảm ùn tắc giờ tan tầm |
    qua ba đợt tập huấn | trên nền đất của cha ông | và lắng nghe từng góp ý | cho đến khi có kết luận chính thức | giữa bộn bề lo toan |
    với mức lãi suất ưu đãi | trong vòng một tháng | mà ít ai để ý | để trẻ em không phải lội suối | nhờ công nghệ mới"""
    )
    + [""] * 6
)
QUOTE = _stock(
    """Chúng tôi chỉ mong | Tôi làm việc này vì | Bà con ai cũng nói | Có những hôm mưa lớn, | Điều quý nhất là | Nếu không bắt tay vào ngay thì |
    Cái khó là | Lúc đầu không ai tin | Mấy đứa nhỏ thích lắm, ngày nào cũng hỏi về | Hồi xưa cha tôi kể | Kinh phí không nhiều nhưng |
    Ai đi xa cũng nhớ | Tôi giữ lời hứa với | Rồi mọi chuyện sẽ ổn nếu | Mỗi lần nhìn thấy"""
)
#: Nouns are put together, too: "xưởng gốm", "vườn mía".
HEAD = _stock(
    """xưởng | vườn | trại | làng | chợ | bến | kho | lò | đồi | ruộng | ao | đầm | hội | tổ | đội | quán | tiệm | nhà | phòng | lớp | trạm | bãi |
    xóm | cánh đồng | con đường | khu vườn | cửa hàng | gian hàng | hợp tác xã | công ty | dự án | mô hình | quỹ | câu lạc bộ | lễ hội | cuộc thi |
    triển lãm | nghề | vụ | mùa | bảo tàng | cuốn sách về | bộ phim về | tuyến xe chở | chuyến tàu chở | hội chợ | lớp dạy | xí nghiệp | rừng | đảo"""
)
TAIL = _stock(
    """gốm | mía | dừa | cói | lụa | chè | cà phê | hồ tiêu | muối | tôm | cá tra | cá linh | ong | bò sữa | dê | vịt | sen | cúc | mai | đào | quất |
    nón | chiếu | giấy dó | trống | sáo | cồng chiêng | chèo | tuồng | rối nước | đá ong | gạch | ngói | thép | dệt | may | thêu | rèn | đúc đồng |
    mộc | sơn mài | tranh | ảnh | sách | thơ | bún | bánh tráng | nước mắm | rượu nếp | mật | nấm | rau | hoa | cam | bưởi | xoài | nhãn | vải |
    sầu riêng | chuối | ngô | lạc | đậu | lúa | khoai | sắn | keo | tràm | đước | quế | hồi | trầm | tre | trúc | mây | lau | diều | thuyền thúng | xe lam"""
)
#: Joins of two nouns, words before a verb, and what a complement of one's own making opens with.
BETWEEN = _stock(
    """gần | cạnh | đối diện | phía sau | do chủ | thuộc | kề bên | thay cho | phục vụ | nối với | trên nền | giáp | cùng với | hướng ra | bên trong |
    dẫn vào | nuôi từ | giống như | cách xa | nhìn xuống"""
)
BEFORE = _stock(
    "đã | đang | sẽ | vừa | mới | từng | vẫn | sắp | chưa vội | tiếp tục | bắt đầu | cùng nhau | kịp thời | nhiều lần | lặng lẽ | chủ động"
)
TOWARD = _stock(
    """để giữ | nhằm mở rộng | cho | vì | nhờ | thay vì | bên | trước | sau khi xây | bằng tiền bán | như từng làm với | mà quên | cùng | qua |
    giữa | từ | hướng tới | ngoài | song song với | không kể"""
)
QUALITY = _stock(
    """mới | cũ | nhỏ | lớn | đẹp | hiếm | quen thuộc | kiên cố | tạm bợ | vắng | đông | sạch | xa xôi | nổi tiếng | hiện đại | đơn sơ | rộng rãi |
    chật hẹp | bền vững | ấm áp | khang trang | thân thiện | nguy hiểm | an toàn | độc đáo | giản dị | bận rộn | yên tĩnh | tươi tốt | cằn cỗi"""
)
UNIT = _stock(
    "hộ dân | tấn | triệu đồng | tỷ đồng | ha | mét | học sinh | lượt khách | km | căn nhà | công nhân | suất quà | cây giống | %"
)
HEADING = _stock(
    "Giữ lấy nghề | Còn đó nỗi lo | Bài học từ cơ sở | Chung tay vượt khó | Đường dài phía trước | Hướng đi mới | Tiếng nói người dân"
)


def _weights(items: Sequence[str]) -> list[float]:
    return list(itertools.accumulate(1 / (rank + 10) for rank in range(len(items))))


@dataclass(slots=True)
class Story:
    """A story as a paper prints it: the paragraphs are the text, its lead first."""

    title: str
    paragraphs: list[str]

    @property
    def text(self) -> str:
        """Paragraphs divided by a blank line, as `Article.text`."""
        return "\n\n".join(self.paragraphs)


class Newsroom:
    """Writes stories. Two with the same seed write the same."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._cumulative = {
            id(items): _weights(items) for items in (OPENING, ROLE, VERB, NOUN, ATTRIBUTE, COMPLEMENT, QUOTE)
        }

    def pick(self, items: Sequence[str]) -> str:
        """One of a stock, the first more often than the last."""
        return self.random.choices(items, cum_weights=self._cumulative[id(items)])[0]

    def person(self) -> str:
        """An invented name."""
        choice = self.random.choice
        return f"{choice(FAMILY)} {choice(MIDDLE)} {choice(GIVEN)}"

    def place(self) -> str:
        """An invented place."""
        choice = self.random.choice
        return f"{choice(KIND)} {choice(PLACE_HEAD)} {choice(PLACE_TAIL)}"

    def figure(self) -> str:
        """A number with a unit."""
        number = int(10 ** self.random.uniform(0.5, 3.9))
        return f"{number:,} {self.random.choice(UNIT)}".replace(",", ".")

    def noun(self) -> str:
        """A noun, mostly with the name of a place or a quality."""
        kind = self.random.random()
        made = f"{self.random.choice(HEAD)} {self.random.choice(TAIL)}"
        noun = made if self.random.random() < 0.75 else self.pick(NOUN)
        if kind < 0.4:
            return f"{noun} {self.random.choice(PLACE_HEAD)} {self.random.choice(PLACE_TAIL)}"
        return f"{noun} {self.random.choice(QUALITY)}" if kind < 0.8 else noun

    def thing(self) -> str:
        """What a sentence is about."""
        if self.random.random() < 0.25:
            return f"{self.noun()} {self.pick(ATTRIBUTE)}"
        return f"{self.noun()} {self.random.choice(BETWEEN)} {self.noun()}"

    def action(self) -> str:
        """What somebody does."""
        return f"{self.random.choice(BEFORE)} {self.pick(VERB)}" if self.random.random() < 0.6 else self.pick(VERB)

    def circumstance(self) -> str:
        """Why, how or when."""
        if self.random.random() < 0.25:
            return self.pick(COMPLEMENT)
        return f"{self.random.choice(TOWARD)} {self.noun()}"

    def sentence(self) -> str:
        """One sentence of fifteen to thirty syllables."""
        kind = self.random.random()
        opening = self.pick(OPENING)
        subject = self.pick(ROLE)
        if self.random.random() < 0.6:
            subject += f" {self.person()}"
        if kind < 0.55:
            body = f"{subject} {self.action()} {self.thing()} {self.circumstance()}"
        elif kind < 0.72:
            body = f"{self.noun()} ở {self.place()} {self.pick(ATTRIBUTE)}, {subject} {self.action()} {self.figure()}"
            body = f"{body} {self.circumstance()}"
        elif kind < 0.87:
            said = f"{self.pick(QUOTE)} {self.thing()} {self.circumstance()}".rstrip()
            body = f"“{said}”, {subject} nói"
        else:
            body = (
                f"có {self.figure()} của {self.place()} liên quan đến {self.thing()}, tăng {self.figure()} so với năm"
            )
            body = f"{body} {self.random.randint(2005, 2024)}"
        text = f"{opening} {body}".strip()
        return f"{text[0].upper()}{text[1:]}".rstrip() + "."

    def paragraph(self, sentences: int | None = None) -> str:
        """Some sentences."""
        return " ".join(self.sentence() for _ in range(sentences or self.random.choice((1, 1, 2, 2, 2, 3))))

    def headline(self) -> str:
        """Without a full stop."""
        text = f"{self.pick(NOUN)} {self.pick(ATTRIBUTE)} ở {self.place().partition(' ')[2]}"
        return f"{text[0].upper()}{text[1:]}"

    def story(self, paragraphs: int | None = None) -> Story:
        """A story of a lead and some paragraphs; by default of 150 to 900 syllables, 430 on average."""
        count = paragraphs or self.random.choice((4, 5, 5, 6, 6, 7, 8, 9, 11, 15))
        return Story(self.headline(), [self.paragraph(2), *(self.paragraph() for _ in range(count - 1))])
