"""Vietnamese that was typed for the fonts of the nineties, or decoded by the wrong table: recognised, and made Unicode.

Before Unicode, fonts drew Vietnamese letters in the places of Latin ones; a page of theirs reads "ViÖt Nam" (TCVN3) or
"Vieät Nam" (VNI) wherever the font is missing. The same happens to good text that a server decoded by a wrong table:
"Viá»‡t Nam" is UTF-8 read as windows-1252, "Viêòt Nam" is windows-1258 read as windows-1252.

What it is, is decided by syllables: Vietnamese has few thousand, and text read by the right table consists of them,
while read by any other it does not, nor does French, German or English. A page that is Unicode in its frame and legacy
in its story is converted where it is legacy.

The tables: TCVN3 ("ABC", .VnTime) is the lower half of TCVN 5712:1993 (VN1) without control codes and capitals with
tone; VISCII is RFC 1456; both as in glibc's charmaps. VNI (VNI-Times, "VNI Windows") and VPS (Vietnamese Professionals
Society) are as their keyboard drivers write them. windows-1258 is Python's own codec.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache

from newscrawl.article import NotAnArticle

#: windows-1252 as browsers read it: the five places that it leaves empty are C1 controls.
CP1252 = tuple(bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(256))
_BYTE = {letter: code for code, letter in enumerate(CP1252)} | {chr(code): code for code in range(0x80, 0xA0)}

#: Marked words that a text has at least before a font encoding is believed, and how many of them differ.
LEAST = 12
#: Share of the marked words that must be syllables once converted.
CERTAIN = 0.85
#: From this share on the text is taken for a legacy encoding, though not one that can be undone word by word.
LIKELY = 0.65
#: Share of the marked words that may be syllables as they stand.
_BEFORE = 0.5
#: Where (nearly) all words are syllables afterwards, half of them may have looked like some before by chance.
_ALL, _BEFORE_ALL = 0.95, 0.6
#: Share of words that carry a mark, in the runs of text that have any. Vietnamese has two in three.
_DENSE = 0.2
_SAMPLE = 60_000
#: Letters of the longest syllable, "nghiêng", with two to spare for a decomposed one.
_LONGEST = 9

_RUN = re.compile(r"[^<>]+")
# Letters that no legacy text has: they say that a run of text is Unicode already
_UNICODE = re.compile("[ăđơưĂĐƠƯ\u0300-\u0323\u1ea0-\u1ef9]")
_ENTITY = re.compile(r"&(?:#(?:[0-9]{2,4}|[xX][0-9a-fA-F]{2,4})|[A-Za-z]{2,8}[0-9]{0,2});")
_TONES = dict.fromkeys(map(ord, "\u0300\u0301\u0303\u0309\u0323"))
# Signs that stand alone as what they are, also in legacy text
_SIGNS = frozenset("©®«»·°¨´¸¤§¢£¥¦±")
# Words of one letter
_ALONE = frozenset("àạởôừờếýúơốỷ")
# The text right behind a tag that names a capital font of the ABC family (.VnTimeH, .VnArialH)
_CAPITAL_FONT = re.compile(r"(<[^<>]{0,300}\.Vn[A-Za-z0-9 ]{1,30}H\b[^<>]{0,300}>)([^<>&]+)")
_HIGH = "".join(re.escape(letter) for letter in _BYTE if ord(letter) > 0x7F)
# UTF-8 read as windows-1252: what the bytes of one letter or several look like
_DOUBLE = re.compile(f"[Â-ô][{_HIGH}]+")
# "ạ" to "ỹ" begin with E1 BA or E1 BB, and every Vietnamese text has many
_SIGNATURE = re.compile("(?:á|Ã¡Â)[º»]")


@dataclass(frozen=True, slots=True)
class Encoding:
    """A legacy encoding: `letters` says what its codes, read as windows-1252, stand for."""

    name: str
    letters: dict[str, str]
    token: re.Pattern[str] = field(init=False)
    code: re.Pattern[str] = field(init=False)
    known: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        known = frozenset(
            letter for code in self.letters for letter in code if ord(letter) > 0x7F or ord(letter) < 0x20
        )
        object.__setattr__(self, "known", known)
        object.__setattr__(self, "token", re.compile(f"[\\w{''.join(map(re.escape, sorted(known)))}]+"))
        codes = sorted(self.letters, key=len, reverse=True)
        object.__setattr__(self, "code", re.compile("|".join(map(re.escape, codes))))

    def word(self, word: str) -> str:
        """A word in Unicode (NFC); as it stands where it has letters that the encoding has not."""
        if word.isascii() and word.isprintable():
            return word
        if self.is_sign(word) or any(ord(letter) > 0x7F and letter not in self.known for letter in word):
            return word
        return unicodedata.normalize("NFC", self.code.sub(lambda match: self.letters[match[0]], word))

    def is_sign(self, word: str) -> bool:
        """Does a sign stand alone, and so for itself ("© 2003"), rather than for a word of one letter?"""
        return len(word) == 1 and word in _SIGNS and (word == "°" or self.letters.get(word) not in _ALONE)

    def text(self, text: str) -> str:
        """All words of a text in Unicode."""
        return self.token.sub(lambda match: self.word(match[0]), text)

    def marked(self, runs: Iterable[str]) -> tuple[Counter[str], int]:
        """The words of two letters and more: those with a mark, and how many there are in all."""
        words = [word for run in runs for word in self.token.findall(run) if len(word) > 1]
        return Counter(word for word in words if not word.isascii()), len(words)


def _tcvn3() -> Encoding:
    codes = "¡¢£¤¥¦§¨©ª«¬\u00ad®µ¶·¸¹»¼½¾ÆÇÈÉÊËÌÎÏÐÑÒÓÔÕÖ×ØÜÝÞßáâãäåæçèéêëìíîïñòóôõö÷øùúûüýþ"
    letters = "ĂÂÊÔƠƯĐăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ"
    return Encoding("TCVN3", dict(zip(codes, letters, strict=True)))


def _vni() -> Encoding:
    found = dict(zip("íìæóòôöîñ", "íìỉĩịơưỵđ", strict=True))
    tones = dict(zip("ùøûõï", "\u0301\u0300\u0309\u0303\u0323", strict=True))
    for base in "aeouyôö":
        if base != "y":
            found |= {base + mark: found.get(base, base) + tone for mark, tone in tones.items()}
    found |= {"y" + mark: "y" + tone for mark, tone in tones.items() if mark != "ï"}
    for base in "aeo":
        found |= dict(
            zip(
                (base + mark for mark in "âáàåãä"),
                (base + "\u0302" + tone for tone in ("", *tones.values())),
                strict=False,
            )
        )
    found |= dict(
        zip(
            ("a" + mark for mark in "âáàåãäêéèúüë"),
            ("a" + hat + tone for hat in "\u0302\u0306" for tone in ("", *tones.values())),
            strict=True,
        )
    )
    nfc = {code: unicodedata.normalize("NFC", letter) for code, letter in found.items()}
    # Writers mix capitals: the vowel decides, not its mark
    for code, letter in list(nfc.items()):
        nfc[code[0].upper() + code[1:]] = nfc[code.upper()] = letter.upper()
        nfc[code[0] + code[1:].upper()] = letter
    for code in "íìæóòôöîñ":
        nfc[code.upper()] = nfc[code].upper()
    return Encoding("VNI", nfc)


def _viscii() -> Encoding:
    high = (
        "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡư"
        "àáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ"
    )
    # A0 is left out: by now it is a space nearly always
    low = {"\x02": "Ẳ", "\x05": "Ẵ", "\x06": "Ẫ", "\x14": "Ỷ", "\x19": "Ỹ", "\x1e": "Ỵ"}
    return Encoding("VISCII", {CP1252[code]: letter for code, letter in enumerate(high, 0x80) if code != 0xA0} | low)


def _vps() -> Encoding:
    lower = (
        "E0à E1á E4ả E3ã E5ạ E2â C0ầ C3ấ C4ẩ C5ẫ C6ậ E6ă A2ằ A1ắ A3ẳ A4ẵ A5ặ C7đ E8è E9é C8ẻ EBẽ CBẹ EAê 8Aề 89ế "
        "8Bể CDễ 8Cệ ECì EDí CCỉ EFĩ CEị F2ò F3ó D5ỏ F5õ 86ọ F4ô D2ồ D3ố B0ổ 87ỗ B6ộ D6ơ A9ờ A7ớ AAở ABỡ AEợ F9ù "
        "FAú FBủ DBũ F8ụ DCư D8ừ D9ứ BAử BBữ BFự FFỳ 9Aý 9Bỷ CFỹ 9Cỵ"
    )
    upper = (
        "80À C1Á 81Ả 82Ã C2Â 84Ầ 83Ấ 85Ẩ 88Ă 8EẰ 8DẮ 8FẲ F0Ẵ F1Đ D7È C9É DEẺ FEẼ CAÊ 93Ề 90Ế 94Ể 95Ễ B5Ì B4Í B7Ỉ "
        "B8Ĩ BCÒ B9Ó BDỎ BEÕ D4Ô 97Ồ 96Ố 98Ổ 99Ỗ F7Ơ 9EỜ 9DỚ 9FỞ A6Ỡ A8Ù DAÚ D1Ủ ACŨ D0Ư AFỪ ADỨ B1Ử B2Ỳ DDÝ FDỶ "
        "B3Ỹ"
    )
    return Encoding("VPS", {CP1252[int(pair[:2], 16)]: pair[2] for pair in f"{lower} {upper}".split()})


def _windows_1258() -> Encoding:
    return Encoding(
        "windows-1258",
        {CP1252[code]: bytes([code]).decode("cp1258") for code in range(0xC0, 0x100)}
        | {CP1252[0x8C]: "Œ", CP1252[0x9C]: "œ"},
    )


@cache
def encodings() -> tuple[Encoding, ...]:
    """The legacy encodings that are known, most used first."""
    return _tcvn3(), _vni(), _windows_1258(), _viscii(), _vps()


@cache
def _plain_syllables() -> frozenset[str]:
    """All syllables of Vietnamese without tone: onset and rhyme."""
    rhymes = (
        "a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây e ec em en eng eo ep "
        "et ê êch êm ên ênh êp êt êu i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu o oa oac oach oai "
        "oam oan oang oanh oao oap oat oay oc oe oen oeo oet oi om on ong ooc oong op ot oăc oăm oăn oăng oăt ô ôc "
        "ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt u ua uc ui um un ung up ut uy uya uych uyn uynh uyt uyu uyên uyêt uân "
        "uâng uât uây uê uêch uênh uôc uôi uôm uôn uông uôt uơ ư ưa ưc ưi ưm ưn ưng ưt ưu ươc ươi ươm ươn ương ươp "
        "ươt ươu y yêm yên yêng yêt yêu uyp uyêc oem oai oay eeng"
    ).split()
    onsets = " b c ch d đ g gh h k kh l m n ng ngh nh p ph r s t th tr v x".split(" ")
    found = {onset + rhyme for onset in onsets for rhyme in rhymes}
    found |= {"qu" + rhyme for rhyme in rhymes if rhyme[0] in "aăâeêiơy"} | {"quôc"}
    found |= {"gi" + rhyme for rhyme in rhymes if rhyme[0] not in "iy"} | {"gi", "gin", "giêng", "giêt"}
    return frozenset(found)


def is_syllable(word: str) -> bool:
    """Is the word (NFC, any case) a syllable that Vietnamese can have? Wherever its tone mark is put."""
    return len(word) <= _LONGEST and _is_syllable(word)


@lru_cache(maxsize=20_000)
def _is_syllable(word: str) -> bool:
    apart = unicodedata.normalize("NFD", word.lower())
    plain = apart.translate(_TONES)
    return len(apart) - len(plain) <= 1 and unicodedata.normalize("NFC", plain) in _plain_syllables()


def undo(text: str, *, least: int = LEAST) -> str:
    """`text` in Unicode where it is certain that it was none, else `text` itself.

    `least` is the number of marked words that make it certain. Raises `NotAnArticle` ("unreadable") for text that is
    in a legacy encoding, or was decoded by a wrong table, and cannot be put right.
    """
    plain = _ENTITY.sub(_latin_entity, text) if "&" in text else text
    if (double := _undo_double(plain)) is not None:
        text = plain = double
    runs, size = [], 0
    for match in _RUN.finditer(plain):
        run = match[0]
        if not run.isascii() and not _UNICODE.search(run):
            runs.append(run[:_SAMPLE])
            size += len(run)
            if size > _SAMPLE:
                break
    best, share = _recognise(runs, least)
    if best is None:
        return text
    if share < CERTAIN:
        raise NotAnArticle("unreadable", f"{best.name}: only {share:.0%} of its words can be converted")
    return _convert(plain, best)


def _recognise(runs: list[str], least: int) -> tuple[Encoding | None, float]:
    best, share = None, 0.0
    for encoding in encodings():
        # A run without marks is markup or a number, and says nothing of how dense the marks are
        words, total = encoding.marked(runs)
        count = words.total()
        if count < least or len(words) < least / 2 or count < _DENSE * total:
            continue
        before = sum(times for word, times in words.items() if is_syllable(word)) / count
        after = sum(times for word, times in words.items() if is_syllable(encoding.word(word))) / count
        legacy = before <= (_BEFORE_ALL if after >= _ALL else _BEFORE)
        if legacy and after >= LIKELY and after > share:
            best, share = encoding, after
    return best, share


def _convert(text: str, encoding: Encoding) -> str:
    mixed = _UNICODE.search(text) is not None

    def run(match: re.Match[str]) -> str:
        old = match[0]
        if (old.isascii() and old.isprintable()) or _UNICODE.search(old):
            return old
        new = encoding.text(old)
        return new if not mixed or _valid(new, encoding) > _valid(old, encoding) else old

    text = _RUN.sub(run, text)
    if encoding.name == "TCVN3" and "H" in text:
        text = _CAPITAL_FONT.sub(lambda match: match[1] + match[2].upper(), text)
    return text


def _valid(run: str, encoding: Encoding) -> int:
    return sum(is_syllable(word) for word in encoding.token.findall(run) if not word.isascii())


def _latin_entity(match: re.Match[str]) -> str:
    letter = html.unescape(match[0])
    return letter if len(letter) == 1 and letter in _BYTE and ord(letter) > 0x7F else match[0]


def _undo_double(text: str) -> str | None:
    """UTF-8 that was read as windows-1252 (once or twice) put right; None where there is none."""
    found = None
    for _ in range(3):
        if len(_SIGNATURE.findall(text)) < 3:
            break
        pieces = _DOUBLE.findall(text)
        mended = sum(_from_bytes(piece) != piece for piece in pieces)
        if mended < 0.8 * len(pieces) and mended < 50:
            break
        text = found = _DOUBLE.sub(lambda match: _from_bytes(match[0]), text)
    if found is not None and len(_SIGNATURE.findall(found)) >= 10:
        raise NotAnArticle("unreadable", "UTF-8 that was read as windows-1252 and damaged")
    return found


def _from_bytes(piece: str) -> str:
    try:
        return bytes(map(_BYTE.__getitem__, piece)).decode("utf-8")
    except UnicodeDecodeError:
        return piece
