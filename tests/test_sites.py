import re
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from newscrawl.sites import Site, SiteError, Sites, UnknownSite, default_folder, domain_of, normal_url

GOOD = r"""
name = "Báo Sông Ngàn"
family = "nhagiay"
host = "songngan.vn"
aliases = ["songngan.com.vn"]
start = ["https://songngan.vn/rss/moi.rss"]
not_article = '/video/'
delay = 2.5
language = "vi"
portal = true
verified = "saved page"
rewrite = [{ from = '/in/', to = '/' }]

[select]
title = ["h1.rieng"]
body = ["div.rieng"]

[remove]
clutter = [".quang-cao"]
lines = ['Nhấn vào đây .*']
"""
FAMILY = r"""
name = "Nhà Giấy"
signature = ["div.nha-giay"]
article = '-(\d{6})\.html$'

[select]
title = ["h1.chung"]
lead = [".sapo-chung"]
"""
PLAIN = 'name = "Báo Đồng Quê"\nstart = ["https://dongque.vn/"]\narticle = \'/[a-z0-9-]{12,}$\'\n'


def folder(path: Path, family: str | None = FAMILY, **papers: str) -> Path:
    """A seeds folder: `songngan=…` is written to songngan.vn.toml."""
    (path / "families").mkdir(parents=True)
    if family is not None:
        (path / "families" / "nhagiay.toml").write_text(family, "utf-8")
    for name, text in papers.items():
        (path / f"{name}.vn.toml").write_text(text, "utf-8")
    return path


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Sites:
    path = folder(tmp_path_factory.mktemp("seeds"), songngan=GOOD, dongque=PLAIN)
    loopback = 'name = "Báo thử"\nstart = ["http://127.0.0.1/"]\narticle = \'-(\\d{6})\\.html$\'\n'
    (path / "127.0.0.1.toml").write_text(loopback, "utf-8")
    (path / "www.nuicao.vn.toml").write_text(PLAIN.replace("dongque", "nuicao"), "utf-8")
    return Sites.load(path)


@pytest.fixture(scope="module")
def site(sites: Sites) -> Site:
    return sites["songngan.vn"]


# --- reading -----------------------------------------------------------------------------------------------------


def test_a_good_file_is_read_whole(site: Site) -> None:
    assert (site.domain, site.name, site.host) == ("songngan.vn", "Báo Sông Ngàn", "songngan.vn")
    assert site.family is not None
    assert (site.family.name, site.family.title) == ("nhagiay", "Nhà Giấy")
    assert site.start == ("https://songngan.vn/rss/moi.rss",)
    assert (site.delay, site.language, site.portal, site.verified) == (2.5, "vi", True, "saved page")
    assert site.rules.lines[0].fullmatch("NHẤN VÀO ĐÂY để đọc")


def test_what_a_file_leaves_out_has_a_default(sites: Sites) -> None:
    plain = sites["dongque.vn"]
    assert plain.family is None
    assert (plain.host, plain.delay, plain.language, plain.verified) == ("dongque.vn", 0.0, "vi", "unverified")
    assert not plain.portal


def test_the_article_pattern_comes_from_the_family_where_the_paper_has_none(site: Site) -> None:
    assert site.is_article("https://songngan.vn/bai-100001.html")


def test_own_selectors_come_before_those_of_the_family(site: Site) -> None:
    assert [str(selector) for selector in site.rules.title] == ["songngan.vn: h1.rieng", "nhagiay: h1.chung"]
    assert [selector.owner for selector in site.rules.lead] == ["nhagiay"]


def test_a_selector_finds_in_document_order_the_tree_itself_included(site: Site) -> None:
    body = site.rules.body[0]
    tree = html.fragment_fromstring('<div class="rieng" id="1"><p><span><div class="rieng" id="2"></div></span></div>')
    assert [element.get("id") for element in body.find(tree)] == ["1", "2"]


def test_the_version_changes_with_the_paper_and_with_its_family(tmp_path: Path) -> None:
    first = Sites.load(folder(tmp_path / "1", songngan=GOOD))["songngan.vn"].version
    assert Sites.load(folder(tmp_path / "2", songngan=GOOD))["songngan.vn"].version == first
    own = Sites.load(folder(tmp_path / "3", songngan=GOOD + "\n"))["songngan.vn"].version
    familys = Sites.load(folder(tmp_path / "4", FAMILY + "\n", songngan=GOOD))["songngan.vn"].version
    assert len({first, own, familys}) == 3


WRONG: list[tuple[str, str, str]] = [  # what is written instead, the key, what the remedy says
    ("mau = 'nâu'", "mau", "name, family, host"),
    ("[select]\nmau = ['p']", "select.mau", "select.title"),
    ("[remove]\nmau = ['p']", "remove.mau", "remove.clutter"),
    ("[select]\ntitle = ['h1[']", "select.title[0]", "selector"),
    ("[select]\ntitle = ['h1', '']", "select.title[1]", "selector"),
    ("[select]\ntitle = ['h1::text']", "select.title[0]", "selector"),
    ("[remove]\nclutter = ['.a >']", "remove.clutter[0]", "selector"),
    ("[remove]\nlines = ['(']", "remove.lines", "'single quotes'"),
    ("not_article = '('", "not_article", "'single quotes'"),
    ("rewrite = [{ from = '(', to = '' }]", "rewrite[0].from", "'single quotes'"),
    ("rewrite = [{ from = 'a', to = '\\2' }]", "rewrite[0].to", "to"),
    ("rewrite = ['a']", "rewrite[0]", "{ from ="),
    ("family = 'nha'", "family", "nhagiay"),
    ("verified = 'yes'", "verified", "saved page, several sources, unverified"),
    ("delay = 'slow'", "delay", "a number"),
    ("portal = 'yes'", "portal", "true"),
    ("host = 3", "host", "a string"),
    ("aliases = 'songngan.com'", "aliases", "a list"),
    ("aliases = [3]", "aliases", '["…", "…"]'),
    ("aliases = ['https://songngan.com']", "aliases", "is no host"),
    ("aliases = ['songngan.com/']", "aliases", '"other.vn/folder"'),
    ("select = ['h1']", "select", "a table"),
    ("[select]\ntitle = 'h1'", "select.title", '["…", "…"]'),
    ("[select]\ntitle = [1]", "select.title", '["…", "…"]'),
    ("[remove]\nlines = 'Theo'", "remove.lines", '["…", "…"]'),
    ("no toml", "file", "Mend it"),
]


@pytest.mark.parametrize(("line", "key", "remedy"), WRONG, ids=[line.replace("\n", " ") for line, _, _ in WRONG])
def test_a_wrong_line_is_refused_with_file_key_and_remedy(tmp_path: Path, line: str, key: str, remedy: str) -> None:
    path = folder(tmp_path / "seeds", dongque=PLAIN + line)
    with pytest.raises(SiteError) as refusal:
        Sites.load(path)
    file, message = path / "dongque.vn.toml", str(refusal.value)
    assert message.startswith(f"{file}: {key}: ")
    assert remedy in message


WRONG_MAIN: list[tuple[str, str, str, str]] = [  # which key of the plain file, its value, the key named, the remedy
    ("name", "''", "name", "Add name"),
    ("name", "3", "name", "a string"),
    ("start", "[]", "start", "Add start"),
    ("start", "'https://dongque.vn/'", "start", "a list"),
    ("start", "[3]", "start", '["…", "…"]'),
    ("start", "['https://dongque.vn/', 'dongque.vn/rss']", "start[1]", "in full"),
    ("start", "['ftp://dongque.vn/']", "start[0]", "in full"),
    ("article", "'('", "article", "'single quotes'"),
    ("article", "3", "article", "a string"),
]


@pytest.mark.parametrize(("name", "value", "key", "remedy"), WRONG_MAIN)
def test_a_wrong_main_key_is_refused_with_file_key_and_remedy(
    tmp_path: Path, name: str, value: str, key: str, remedy: str
) -> None:
    text = re.sub(rf"(?m)^{name} = .*$", lambda _: f"{name} = {value}", PLAIN)
    path = folder(tmp_path / "seeds", dongque=text)
    with pytest.raises(SiteError) as refusal:
        Sites.load(path)
    assert str(refusal.value).startswith(f"{path / 'dongque.vn.toml'}: {key}: ")
    assert remedy in str(refusal.value)


@pytest.mark.parametrize("name", ["name", "start", "article"])
def test_a_missing_main_key_is_refused(tmp_path: Path, name: str) -> None:
    path = folder(tmp_path / "seeds", dongque=re.sub(rf"(?m)^{name} = .*\n", "", PLAIN))
    with pytest.raises(SiteError, match=rf"dongque\.vn\.toml: {name}: is missing\. Add "):
        Sites.load(path)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = folder(tmp_path / "seeds")
    (path / "dongque.vn.toml").write_bytes(PLAIN.encode("utf-16"))
    with pytest.raises(SiteError, match=r"dongque\.vn\.toml: file: is no TOML"):
        Sites.load(path)


WRONG_FAMILY = [
    (FAMILY.replace('signature = ["div.nha-giay"]\n', ""), "signature: is missing. Add "),
    (FAMILY.replace("div.nha-giay", "div["), "signature[0]: "),
    (
        FAMILY.replace("name = ", "start = ['https://nhagiay.vn/']\nname = "),
        "start: is not a key of this file. Take it out",
    ),
    (FAMILY.replace("h1.chung", "h1["), "select.title[0]: "),
    (FAMILY.replace(r"'-(\d{6})\.html$'", "'('"), "article: "),
]


@pytest.mark.parametrize(("text", "message"), WRONG_FAMILY)
def test_a_wrong_family_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = folder(tmp_path / "seeds", text, songngan=GOOD)
    with pytest.raises(SiteError) as refusal:
        Sites.load(path)
    assert str(refusal.value).startswith(f"{path / 'families' / 'nhagiay.toml'}: {message}")


@pytest.mark.parametrize("alias", ["songngan.com.vn", "songngan.vn", "m.songngan.vn"])
def test_a_host_of_two_papers_is_refused(tmp_path: Path, alias: str) -> None:
    path = folder(tmp_path / "seeds", songngan=GOOD, dongque=PLAIN + f"aliases = ['{alias}']")
    with pytest.raises(SiteError) as refusal:
        Sites.load(path)
    message = str(refusal.value)
    assert "aliases: " in message
    assert f"{alias} belongs to " in message
    assert {"dongque.vn", "songngan.vn"} <= set(re.findall(r"\w+\.vn(?=[.]| belongs|\.toml)", message))
    assert message.endswith("Take it out of one of the two")


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r"khong: folder: does not exist\. Name the folder"):
        Sites.load(tmp_path / "khong")


# --- addresses ---------------------------------------------------------------------------------------------------

STORY = "https://songngan.vn/kinh-te/cho-phien-100001.html"
TWINS = [
    STORY,
    "http://songngan.vn/kinh-te/cho-phien-100001.html",
    "https://www.songngan.vn/kinh-te/cho-phien-100001.html",
    "http://m.songngan.vn/kinh-te/cho-phien-100001.html",
    "https://mobile.songngan.vn/kinh-te/cho-phien-100001.html",
    "https://amp.songngan.vn/kinh-te/cho-phien-100001.html",
    "https://songngan.com.vn/kinh-te/cho-phien-100001.html",
    "https://SONGNGAN.vn/kinh-te/cho-phien-100001.html",
    "https://songngan.vn:443/kinh-te/cho-phien-100001.html",
    "http://songngan.vn:80/kinh-te/cho-phien-100001.html",
    "  https://songngan.vn/kinh-te/cho-phien-100001.html\n",
    "https://songngan.vn/kinh-te/cho-phien-100001.html#binh-luan",
    "https://songngan.vn/kinh-te/cho-phien-100001.html?utm_source=rss&utm_medium=feed&fbclid=abc",
    "https://songngan.vn/kinh-te/cho-phien-100001.html?trang=chu",
    "https://songngan.vn/amp/kinh-te/cho-phien-100001.html",
    "https://songngan.vn/kinh-te/cho-phien-100001.html/amp",
    "https://songngan.vn/kinh-te/cho-phien-100001.html/amp/",
    "https://songngan.vn/kinh-te/cho-phien-100001.html?amp=1",
    "https://songngan.vn/kinh-te/cho-phien-100001.html?amp",
    "https://songngan.vn/in/kinh-te/cho-phien-100001.html",
]


@pytest.mark.parametrize("twin", TWINS)
def test_twins_come_down_to_one_address(site: Site, twin: str) -> None:
    assert site.canonical(twin) == STORY
    assert site.is_article(site.canonical(twin))


@pytest.mark.parametrize(
    "variant",
    [
        "https://songngan.vn/kinh-te/cho-phien-len-san-100001.html",
        "https://songngan.vn/doi-song/cho-phien-100001.html",
        "https://m.songngan.vn/x-100001.html?utm_source=zalo",
    ],
)
def test_slug_variants_have_one_key(site: Site, variant: str) -> None:
    assert site.key(site.canonical(variant)) == site.key(STORY) == "songngan.vn/100001"


def test_another_number_is_another_key(site: Site) -> None:
    assert site.key(STORY.replace("100001", "100002")) != site.key(STORY)


def test_queries_that_say_what_is_read_stay(sites: Sites) -> None:
    plain = sites["dongque.vn"]
    assert plain.canonical("http://dongque.vn/bai?id=7&utm_source=a&amp=1#cuoi") == "https://dongque.vn/bai?id=7"


def test_an_address_without_a_number_is_its_own_key(sites: Sites) -> None:
    plain = sites["dongque.vn"]
    keys = {
        plain.key(plain.canonical(f"{start}/mua-gat-som-o-dong-que/"))
        for start in ("http://dongque.vn", "https://m.dongque.vn")
    }
    assert keys == {"dongque.vn/mua-gat-som-o-dong-que"}


def test_the_host_of_a_paper_is_the_one_it_names(sites: Sites) -> None:
    paper = sites["www.nuicao.vn"]
    assert paper.canonical("http://www.nuicao.vn/mot-ngay-len-nuong") == "https://www.nuicao.vn/mot-ngay-len-nuong"


@pytest.mark.parametrize(
    "other", ["https://thethao.songngan.vn/tran-dau-100001.html", "https://elsewhere.example/a?id=1"]
)
def test_other_hosts_keep_their_name(site: Site, other: str) -> None:
    assert site.canonical(other + "#het") == other


def test_a_paper_may_live_in_a_folder_of_anothers_host(tmp_path: Path) -> None:
    moved = """
name = "Tạp chí Ao Sen"
aliases = ["songngan.vn/aosen"]
start = ["https://songngan.vn/aosen/"]
article = '/aosen/[a-z0-9-]+-(7\\d{6})\\.htm$'
rewrite = [{ from = '^https://aosen\\.vn/([a-z0-9-]+)-(\\d{6})\\.html$', to = 'https://songngan.vn/aosen/\\1-7\\2.htm' }]
"""
    sites = Sites.load(folder(tmp_path / "seeds", songngan=GOOD, aosen=moved))
    paper, host = sites["aosen.vn"], sites["songngan.vn"]
    there = "https://songngan.vn/aosen/sen-no-trai-mua-7100200.htm"
    for twin in (there, f"{there}?utm_source=rss", "http://songngan.vn/aosen/sen-no-trai-mua-7100200.htm",
                 "https://aosen.vn/sen-no-trai-mua-100200.html", "http://www.aosen.vn/sen-no-trai-mua-100200.html"):  # fmt: skip
        assert sites.for_url(twin) is paper
        assert paper.canonical(twin) == there
        assert paper.is_article(paper.canonical(twin))
        assert paper.key(paper.canonical(twin)) == "aosen.vn/7100200"
    for other in (STORY, "https://songngan.vn/aosenlon/ca-chep-7100200.htm"):
        assert sites.for_url(other) is host
        assert not paper.owns(other)
        assert paper.canonical(other) == other


def test_a_port_stays(sites: Sites) -> None:
    loopback = sites["127.0.0.1"]
    address = "http://127.0.0.1:8099/bai-100001.html"
    assert loopback.canonical(address + "?utm_source=a#b") == address
    assert loopback.is_article(address)
    assert loopback.key(address) == "127.0.0.1/100001"


@given(
    st.builds(
        "".join,
        st.tuples(
            st.sampled_from(["http://", "https://"]),
            st.sampled_from(["", "www.", "m.", "amp.", "thethao."]),
            st.sampled_from(["songngan.vn", "songngan.com.vn", "SongNgan.vn:443", "elsewhere.example"]),
            st.sampled_from(["/", "/amp/", "/in/", "/đò ngang/", "/%C4%91/"]),
            st.sampled_from(["", "a-100001.html", "mot-bai", "a-100001.html/amp"]),
            st.sampled_from(["", "?amp=1", "?id=1&amp=1&utm_source=x", "?utm_source=x", "?q=đò", "?"]),
            st.sampled_from(["", "#binh-luan"]),
        ),
    )
)
def test_a_canonical_address_is_its_own(site: Site, address: str) -> None:
    once = site.canonical(address)
    assert site.canonical(once) == once


def test_what_is_no_article(site: Site) -> None:
    assert not site.is_article("https://songngan.vn/video/bai-100001.html")
    assert not site.is_article("https://songngan.vn/kinh-te")
    assert not site.is_article("https://elsewhere.example/bai-100001.html")


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://songngan.vn/a", "songngan.vn"),
        ("https://www.songngan.vn/a", "songngan.vn"),
        ("https://thethao.songngan.vn:8080/a", "songngan.vn"),
        ("https://songngan.com.vn/a", "songngan.vn"),
        ("https://anh.songngan.com.vn/a", "songngan.vn"),
        ("https://nuicao.vn/a", None),
        ("https://baosongngan.vn/a", None),
        ("https://songngan.vn.example/a", None),
        ("/a", None),
        ("", None),
    ],
)
def test_the_paper_of_an_address(sites: Sites, url: str, domain: str | None) -> None:
    found = sites.for_url(url)
    assert (found.domain if found else None) == domain


def test_the_nearest_of_two_nested_papers_owns_an_address(tmp_path: Path) -> None:
    path = folder(tmp_path / "seeds", songngan=GOOD)
    (path / "tre.songngan.vn.toml").write_text(PLAIN, "utf-8")
    sites = Sites.load(path)
    found = [sites.for_url(f"https://{host}/a") for host in ("m.tre.songngan.vn", "tre.songngan.vn", "gia.songngan.vn")]
    assert [paper.domain for paper in found if paper] == ["tre.songngan.vn", "tre.songngan.vn", "songngan.vn"]


def test_papers_go_by_domain_and_by_alias(sites: Sites) -> None:
    assert [site.domain for site in sites.named(["dongque.vn", "songngan.com.vn"])] == ["dongque.vn", "songngan.vn"]


def test_an_unknown_paper_is_told_with_the_nearest_names(sites: Sites) -> None:
    with pytest.raises(
        UnknownSite, match=r"No paper is called 'songgnan\.vn'\. Did you mean songngan\.vn.*scrapy list"
    ):
        sites.named(["dongque.vn", "songgnan.vn"])


def test_an_unknown_paper_far_from_all_has_no_suggestion(sites: Sites) -> None:
    message = sites.unknown("zzzzzz")
    assert "Did you mean" not in message
    assert "scrapy list" in message


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("HTTPS://SongNgan.VN", "https://songngan.vn/"),
        ("https://songngan.vn/đò?q=sông", "https://songngan.vn/%C4%91%C3%B2?q=s%C3%B4ng"),
        ("https://songngan.vn/a?b=1&gclid=2#c", "https://songngan.vn/a?b=1"),
        ("https://songngan.vn:8443/a", "https://songngan.vn:8443/a"),
    ],
)
def test_normal_form(url: str, normal: str) -> None:
    assert normal_url(url) == normal


def test_the_domain_of_an_unknown_paper() -> None:
    assert [domain_of(url) for url in ("https://www.baola.vn/a", "https://m.baola.vn:8080/", "https://baola.vn")] == [
        "baola.vn"
    ] * 3


# --- the papers that come with newscrawl -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ours() -> Sites:
    return Sites.load()


def test_all_papers_load(ours: Sites) -> None:
    assert len(ours) == len(list(default_folder().glob("*.toml"))) > 0


def test_files_of_papers_are_short() -> None:
    assert median(len(file.read_text("utf-8").splitlines()) for file in default_folder().glob("*.toml")) < 60


def test_every_family_has_a_paper(ours: Sites) -> None:
    assert {site.family.name for site in ours.values() if site.family} == set(ours.families)


def test_every_paper_starts_at_itself(ours: Sites) -> None:
    strangers = {site.domain: url for site in ours.values() for url in site.start if not site.owns(url)}
    assert not strangers


def test_no_start_point_is_an_article(ours: Sites) -> None:
    assert not [url for site in ours.values() for url in site.start if site.is_article(site.canonical(url))]
