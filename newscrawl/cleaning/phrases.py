"""The words that give clutter away on Vietnamese news pages.

Every pattern here was met on at least two papers. They are matched against `fold`ed text (lower case, NFC, one line);
what only one paper prints belongs in its file under `seeds/` (`remove.lines`).
"""

from __future__ import annotations

import re

from newscrawl.cleaning.normal import fold


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_STORY = r"(?:tin|bài|tin bài|tin tức|bài viết|bài báo|chủ đề|sự kiện|video|clip|ảnh|nội dung)"
_YOU = r"(?:bạn|độc giả|bạn đọc|quý độc giả|quý vị|mời bạn)"

#: A heading that stands over links to other stories, whole.
RELATED = _any(
    rf"(?:các )?{_STORY}(?: (?:và|&) {_STORY})?(?: (?:có )?liên quan(?: khác| đến .{{1,60}})?)",
    rf"(?:các )?{_STORY} (?:khác|cùng chuyên mục|cùng chủ đề|cùng sự kiện|cùng tác giả|mới hơn|cũ hơn|đã đưa|đã đăng|nổi bật|đọc nhiều(?: nhất)?|xem nhiều(?: nhất)?|mới(?: nhất| đăng| cập nhật)?|nóng|hot|hay|đáng chú ý|đáng đọc|tài trợ|tiếp theo|trước đó)",
    r"(?:các )?tin,? bài (?:khác|liên quan|cùng chuyên mục)",
    r"cùng (?:chuyên mục|chủ đề|sự kiện|tác giả)",
    r"(?:xem|đọc|tham khảo|tìm hiểu|khám phá) (?:thêm|tiếp|ngay)(?: về)?",
    rf"mời {_YOU}? ?(?:đọc|xem|theo dõi|tham khảo|đón đọc|đón xem)(?: thêm| tiếp)?(?: tin| bài| video| clip| các tin)?(?: liên quan)?",
    r"(?:nên|đừng|không nên|không thể) (?:xem|đọc|bỏ lỡ|bỏ qua)",
    rf"(?:có thể )?{_YOU} (?:có thể )?(?:quan tâm|thích|muốn (?:đọc|xem))",
    rf"(?:có thể|chủ đề|tin) {_YOU} (?:quan tâm|thích|chưa đọc|cần biết)",
    r"(?:dành|gợi ý) cho bạn|gợi ý (?:đọc|bài viết)|đề xuất(?: cho bạn)?|liên quan|tiêu điểm|bài đọc thêm",
    r"(?:đọc|xem|được quan tâm|quan tâm|bình luận) nhiều(?: nhất)?(?: (?:trong|trên|tuần|hôm nay).{0,40})?",
    r"(?:tin )?(?:mới nhất|nổi bật|đọc nhiều|nóng|mới cập nhật|mới)(?: trong ngày| hôm nay| khác)?",
    r"xem thêm (?:trên|tại|từ|các|bài|tin|về).{0,50}|đọc thêm (?:tin|bài|về|tại|các|trên).{0,50}",
    r"related (?:news|articles|stories)|read more|see also|you may also like|more news",
)
#: A prefix that makes a line a pointer to another story.
POINTER = re.compile(
    rf"^(?:[>»›]{{1,3}}|=>|->|→|➤|►|▶|☞)\s*\S|^[*\-•]?\s*(?:(?:xem|đọc|tham khảo) (?:thêm|tiếp)(?: về)?|mời {_YOU} (?:đọc|xem|theo dõi|đón đọc)"
    rf"(?: thêm| tiếp)?|bài liên quan|tin liên quan|xem ngay|link xem|xem chi tiết tại|bấm (?:vào )?đây|chi tiết xem tại)\s*(?::|»|>|tại đây)"
)
#: A pointer in words alone, to a section or a form rather than a story.
INVITATION = _any(
    rf"\*? ?mời {_YOU} .{{0,60}}(?:chuyên mục|kênh|fanpage|đón xem|theo dõi|tại đây|đặt câu hỏi).{{0,120}}",
    rf"(?:mời )?{_YOU}.{{0,60}}? (?:gửi|đặt) (?:câu hỏi|ý kiến|bài|thắc mắc|thông tin).{{0,80}}(?:tại đây|vào đây|hòm thư|email|e-mail|địa chỉ).{{0,80}}",
    r">> ?các ý kiến không nhất thiết trùng .{0,80}",
    r"(?:bấm |nhấn |hãy |vui lòng )?theo dõi .{2,60} (?:trên|tại|qua) (?:google ?news|facebook|zalo|youtube|tiktok|telegram).{0,40}",
    r"(?:hãy |bấm |nhấn )?(?:đăng ký|quan tâm|follow) .{0,60}(?:kênh|fanpage|zalo|newsletter|bản tin|nhận tin).{0,60}",
    r"để (?:được )?(?:đặt lịch|đặt hẹn|tư vấn|hỗ trợ|đăng ký|biết thêm).{0,100}(?:vui lòng|hãy|xin|bấm|liên hệ|gọi|truy cập).{0,200}",
    r"chúc (?:bạn|độc giả|quý độc giả).{0,40}đọc báo vui vẻ!?",
    r"xem chi tiết tại đây|tại đây|nhấp vào (?:nút|đây).{0,60}|tại trang vừa mở.{0,60}",
)
#: What belongs to the page's tools: sharing, printing, letter size, following.
TOOLS = _any(
    r"(?:chia sẻ|share)(?: bài viết| ngay)?(?: (?:lên|qua|trên|với))?(?: (?:facebook|zalo|twitter|twitter / x|x|email|linkedin|messenger))*(?: \d+)?(?: copy link thành công)?",
    r"(?:sao chép|copy|chép|lấy) (?:liên kết|link|đường dẫn)!?(?: thành công)?|đã sao chép.{0,20}|copy link thành công",
    r"(?:facebook|twitter|zalo|email|mail|linkedin|messenger|twitter / x|x|google news|pinterest|telegram|print|in bài|in|rss|youtube|tiktok)(?:[ |,/]+(?:facebook|twitter|zalo|email|mail|linkedin|messenger|google news|x|pinterest|telegram|print|in))*",
    r"(?:lưu|in|gửi|nghe|bản in|gửi email|lưu bài|in bài|nghe đọc|lưu tin)(?: bài(?: viết)?)?",
    r"(?:tăng|giảm|tăng/giảm)? ?(?:cỡ chữ|kích thước chữ|kiểu chữ|mặc định)(?: [+-]|:)?(?: mặc định| tăng| giảm| nhỏ| lớn)*",
    r"google news|theo dõi(?: trên| báo .{1,40} trên)?(?: google news)?|thích|like|quan tâm|theo dõi trên",
    r"(?:trở lại|về|quay lại|lên) (?:trang chủ|đầu trang|trang trước|bài viết)|về trang chủ đề|đọc tiếp về trang chủ đề",
    r"phiên bản (?:di động|mobile|desktop|máy tính)|xem phiên bản .{2,20}|mobile version|desktop version",
    r"xem thêm|xem tất cả|thu gọn|mở rộng|tải thêm|hiện thêm|đóng(?: lại)?|quảng cáo|advertisement|ads?|(?:bài viết|nội dung|thông tin)(?: được)? (?:tài trợ|quảng cáo)",
    r"đánh giá(?: bài viết| tác phẩm)?:?.{0,20}|(?:0|\d) ?/ ?5(?: \(.{0,30}\))?|lượt xem:? ?[\d.,]*|đọc:? [\d.,]+ lần",
    r"\(?\d[\d.,]* (?:bình chọn|lượt bình chọn|đánh giá|lượt thích|lượt xem|phiếu).{0,30}",
    r"link (?:bài )?gốc|link bài gốc.{0,200}|lấy link!?.{0,200}",
    r"trở thành người đầu tiên tặng sao.{0,40}|tặng sao.{0,60}|chuyển sao tặng.{0,40}|hoặc nhập số sao|x1|x5|x10|bạn đang có: \d+ sao|số sao không đủ.{0,30}",
)
#: What belongs to the comment box.
COMMENTS = _any(
    r"(?:gửi |xem (?:thêm |tất cả )?|viết )?(?:bình luận|ý kiến|lời bình|phản hồi|thảo luận|comment)(?: (?:của bạn|bạn đọc|độc giả|bài viết này|bài viết))?:?(?: ?\(\d+\))?",
    r"\(?\d+\)? (?:bình luận|ý kiến|phản hồi|thảo luận).{0,20}",
    r"(?:tối đa|còn lại):? ?\d+ ?(?:ký tự|kí tự).{0,20}",
    r"hiện (?:tại )?chưa có bình luận(?: nào)?.{0,60}|chưa có bình luận.{0,40}|hãy là người đầu tiên bình luận.{0,20}",
    r"(?:bạn )?(?:cần|vui lòng|hãy) đăng nhập (?:hoặc|để|trước khi|và).{0,60}",
    r"đăng nhập (?:hoặc|với|để).{0,60}|(?:họ (?:và |& )?tên|email|mã (?:bảo mật|xác nhận|captcha)|tiêu đề|nội dung)(?: \*| ?:| \(.{0,30}\))?\*?:?",
    r"(?:xin )?vui lòng (?:gõ|nhập|viết) (?:tiếng việt|mã|email|họ tên).{0,60}",
    r"(?:ý kiến|bình luận) của (?:bạn|quý vị) (?:sẽ|đã) được .{0,100}|ban biên tập giữ quyền .{0,100}",
    r"bạn (?:đã gửi|nghĩ gì về).{0,60}|bạn đọc gửi ý kiến.{0,40}|gửi tòa soạn|gửi toà soạn|nhập bình luận.{0,40}|viết bình luận.{0,40}",
    r"(?:được quan tâm nhất|mới nhất|cũ nhất|thích nhất)(?: (?:mới nhất|cũ nhất|quan tâm nhất|tặng sao cho thành viên))*|sắp xếp theo.{0,40}|xếp theo.{0,40}",
)
#: What a player or a lazy script leaves behind.
LEFTOVERS = _any(
    r"to view this video please enable javascript.{0,120}|(?:your )?browser (?:does )?not support.{0,60}|không hỗ trợ iframe",
    r"trình duyệt (?:của bạn )?không hỗ trợ.{0,60}|\{[a-z_ ]+\}|current time.{0,60}|(?:play|pause|mute|unmute|loaded|stream type live)(?: .{0,40})?",
    r"(?:mời )?(?:quý vị |bạn )?nghe (?:bài|podcast|đọc).{0,40}|tự động (?:phát|chuyển).{0,30}|đang phát|powered by .{2,40}|video đang (?:tải|phát).{0,30}",
)
#: Tag lists, whole line.
TAGS = re.compile(
    r"(?:tags?|từ khóa|từ khoá|thẻ|chủ đề|hashtag)\s*:.{0,300}|tags?|từ khóa|từ khoá|chủ đề|#\w+(?:[ ,]+#\w+)*"
)
#: A headline over a list of other stories that may stand far from the story, in text with no markup.
TAIL = _any(
    r"nên xem|tin khác|các tin khác|tin mới|tin mới nhất|tin cùng chuyên mục|cùng chuyên mục|bài viết khác|tin bài khác|có thể bạn quan tâm",
    r"đọc nhiều|tin đọc nhiều|xem nhiều|đọc nhiều nhất|dành cho bạn|đừng bỏ lỡ|tin nổi bật|bài viết liên quan|tin liên quan|bài liên quan|tin cũ hơn|tin mới hơn|các bài viết khác|các bài khác",
)

_EDGES = " :.|*•-–—»«>›…\u25a0\u25cf\u25ba\u25b6\u2022+"


def bare(text: str) -> str:
    """`text` folded and without the colons, bars and bullets around it, as the patterns above want it."""
    return fold(text).strip(_EDGES)


def is_related_heading(text: str) -> bool:
    """Does the line announce other stories, and nothing else?"""
    return len(text) < 90 and RELATED.fullmatch(bare(text)) is not None


def is_furniture(text: str) -> bool:
    """Is the line a word of the page's tools, its comment box or a player, and not of the story?"""
    if len(text) > 320:
        return False
    if text == "./.":  # closes a story as a full stop does a sentence
        return True
    line = bare(text)
    return (
        any(pattern.fullmatch(line) for pattern in (TOOLS, COMMENTS, LEFTOVERS, INVITATION))
        or TAGS.fullmatch(fold(text)) is not None
    )


def is_pointer(text: str) -> bool:
    """Does the line begin as one that points to another story (">> …", "Xem thêm: …"), or end in "..>>"?"""
    return len(text) < 400 and (POINTER.match(fold(text)) is not None or text.rstrip().endswith((">>", "»")))
