"""Records of people whose truth is known: persons, families, companies, corrupted copies.

The makers know nothing of the library: names are put together from characters and their readings,
addresses from cities and towns, and a copy is what another clerk or shop would have written.
"""

from __future__ import annotations

import random
from collections.abc import Callable

FAMILY = [
    *(
        pair.split("/")
        for pair in [
            "佐藤/サトウ",
            "鈴木/スズキ",
            "高橋/タカハシ",
            "田中/タナカ",
            "伊藤/イトウ",
            "渡辺/ワタナベ",
            "山本/ヤマモト",
            "中村/ナカムラ",
            "小林/コバヤシ",
            "加藤/カトウ",
            "吉田/ヨシダ",
            "山田/ヤマダ",
            "佐々木/ササキ",
            "山口/ヤマグチ",
            "松本/マツモト",
            "井上/イノウエ",
            "木村/キムラ",
            "林/ハヤシ",
            "斎藤/サイトウ",
            "清水/シミズ",
            "山崎/ヤマザキ",
            "森/モリ",
            "池田/イケダ",
            "橋本/ハシモト",
            "阿部/アベ",
            "石川/イシカワ",
            "山下/ヤマシタ",
            "中島/ナカジマ",
            "石井/イシイ",
            "小川/オガワ",
            "前田/マエダ",
            "岡田/オカダ",
            "長谷川/ハセガワ",
            "藤田/フジタ",
            "後藤/ゴトウ",
            "近藤/コンドウ",
            "村上/ムラカミ",
            "遠藤/エンドウ",
            "青木/アオキ",
            "坂本/サカモト",
            "大野/オオノ",
            "浜田/ハマダ",
            "沢田/サワダ",
            "広瀬/ヒロセ",
            "桜井/サクライ",
            "渡部/ワタナベ",
            "太田/オオタ",
            "大田/オオタ",
        ]
    )
]
_FIRST = [
    "赤/アカ",
    "秋/アキ",
    "朝/アサ",
    "石/イシ",
    "稲/イナ",
    "今/イマ",
    "岩/イワ",
    "上/ウエ",
    "梅/ウメ",
    "大/オオ",
    "岡/オカ",
    "奥/オク",
    "小/オ",
    "片/カタ",
    "金/カネ",
    "川/カワ",
    "北/キタ",
    "黒/クロ",
    "桑/クワ",
    "坂/サカ",
    "杉/スギ",
    "高/タカ",
    "竹/タケ",
    "谷/タニ",
    "寺/テラ",
    "戸/ト",
    "富/トミ",
    "永/ナガ",
    "中/ナカ",
    "西/ニシ",
    "野/ノ",
    "浜/ハマ",
    "東/ヒガシ",
    "平/ヒラ",
    "福/フク",
    "古/フル",
    "堀/ホリ",
    "前/マエ",
    "松/マツ",
    "南/ミナミ",
    "宮/ミヤ",
    "本/モト",
    "森/モリ",
    "安/ヤス",
    "横/ヨコ",
    "若/ワカ",
]
_SECOND = [
    "井/イ",
    "池/イケ",
    "浦/ウラ",
    "江/エ",
    "尾/オ",
    "岡/オカ",
    "川/カワ",
    "木/キ",
    "口/グチ",
    "倉/クラ",
    "崎/サキ",
    "沢/サワ",
    "島/シマ",
    "瀬/セ",
    "園/ゾノ",
    "田/タ",
    "谷/タニ",
    "塚/ツカ",
    "津/ツ",
    "中/ナカ",
    "西/ニシ",
    "野/ノ",
    "橋/ハシ",
    "原/ハラ",
    "林/バヤシ",
    "平/ヒラ",
    "部/ベ",
    "間/マ",
    "松/マツ",
    "宮/ミヤ",
    "村/ムラ",
    "本/モト",
    "森/モリ",
    "屋/ヤ",
    "山/ヤマ",
]
RARE = [
    [a.split("/")[0] + b.split("/")[0], a.split("/")[1] + b.split("/")[1]]
    for a in _FIRST
    for b in _SECOND
    if a.split("/")[0] != b.split("/")[0]
]
_MEN = [
    "健/ケン",
    "雄/ユウ",
    "大/ダイ",
    "翔/ショウ",
    "直/ナオ",
    "和/カズ",
    "裕/ヒロ",
    "孝/タカ",
    "正/マサ",
    "義/ヨシ",
    "誠/セイ",
    "隆/リュウ",
    "秀/ヒデ",
    "幸/ユキ",
    "信/ノブ",
    "俊/トシ",
    "光/ミツ",
    "慎/シン",
    "純/ジュン",
    "浩/コウ",
    "晃/アキ",
    "勝/カツ",
    "清/キヨ",
    "康/ヤス",
]
_MEN_END = [
    "一/イチ",
    "二/ジ",
    "太/タ",
    "太郎/タロウ",
    "介/スケ",
    "平/ヘイ",
    "也/ヤ",
    "人/ト",
    "樹/キ",
    "司/ジ",
    "彦/ヒコ",
    "男/オ",
    "之/ユキ",
    "行/ユキ",
    "志/シ",
    "郎/ロウ",
    "吾/ゴ",
    "斗/ト",
    "哉/ヤ",
    "馬/マ",
    "一郎/イチロウ",
    "治/ハル",
    "広/ヒロ",
    "文/フミ",
    "明/アキ",
]
_WOMEN = [
    "恵/ケイ",
    "裕/ユウ",
    "美/ミ",
    "真/マ",
    "陽/ヨウ",
    "由/ユ",
    "奈/ナ",
    "香/カ",
    "理/リ",
    "千/チ",
    "智/トモ",
    "久/ヒサ",
    "和/カズ",
    "優/ユウ",
    "綾/アヤ",
    "彩/アヤ",
    "明/アキ",
    "幸/サチ",
    "晴/ハル",
    "春/ハル",
    "桜/サクラ",
    "沙/サ",
    "友/トモ",
    "直/ナオ",
    "静/シズ",
    "京/キョウ",
]
_WOMEN_END = [
    "子/コ",
    "美/ミ",
    "香/カ",
    "奈/ナ",
    "代/ヨ",
    "江/エ",
    "恵/エ",
    "穂/ホ",
    "菜/ナ",
    "里/リ",
    "理/リ",
    "帆/ホ",
    "花/カ",
    "乃/ノ",
    "世/ヨ",
    "紀/キ",
    "希/キ",
    "音/ネ",
    "月/ヅキ",
    "枝/エ",
    "夏/カ",
    "莉/リ",
    "沙/サ",
    "華/カ",
]


def _given(first: list[str], second: list[str]) -> list[list[str]]:
    parts = [(a.split("/"), b.split("/")) for a in first for b in second]
    return [[a[0] + b[0], a[1] + b[1]] for a, b in parts if a[0] != b[0]]


MEN, WOMEN = _given(_MEN, _MEN_END), _given(_WOMEN, _WOMEN_END)
CITIES = [
    "北海道/札幌市中央区",
    "宮城県/仙台市青葉区",
    "秋田県/秋田市",
    "山形県/米沢市",
    "福島県/郡山市",
    "茨城県/つくば市",
    "茨城県/龍ケ崎市",
    "栃木県/宇都宮市",
    "群馬県/高崎市",
    "埼玉県/川口市",
    "埼玉県/さいたま市浦和区",
    "埼玉県/入間郡三芳町",
    "千葉県/市川市",
    "千葉県/鎌ケ谷市",
    "東京都/世田谷区",
    "東京都/江東区",
    "東京都/武蔵野市",
    "東京都/町田市",
    "東京都/杉並区",
    "神奈川県/横浜市保土ケ谷区",
    "神奈川県/川崎市高津区",
    "神奈川県/藤沢市",
    "新潟県/長岡市",
    "富山県/高岡市",
    "石川県/金沢市",
    "福井県/坂井市",
    "山梨県/甲府市",
    "長野県/松本市",
    "岐阜県/大垣市",
    "静岡県/浜松市中央区",
    "愛知県/一宮市",
    "愛知県/名古屋市千種区",
    "三重県/四日市市",
    "滋賀県/草津市",
    "京都府/京都市左京区",
    "大阪府/堺市北区",
    "大阪府/吹田市",
    "兵庫県/神戸市須磨区",
    "兵庫県/西宮市",
    "奈良県/大和郡山市",
    "和歌山県/和歌山市",
    "岡山県/倉敷市",
    "広島県/廿日市市",
    "山口県/下関市",
    "徳島県/徳島市",
    "香川県/高松市",
    "愛媛県/松山市",
    "高知県/高知市",
    "福岡県/北九州市小倉北区",
    "福岡県/久留米市",
    "佐賀県/佐賀市",
    "長崎県/佐世保市",
    "熊本県/熊本市東区",
    "大分県/別府市",
    "宮崎県/都城市",
    "鹿児島県/霧島市",
    "沖縄県/那覇市",
]
TOWNS = [
    a + b
    for a in [
        "朝日",
        "旭",
        "泉",
        "梅が丘",
        "春日",
        "霞ヶ関",
        "栄",
        "桜",
        "新",
        "末広",
        "住吉",
        "高砂",
        "千代",
        "鶴見",
        "天神",
        "常盤",
        "富士見",
        "本",
        "緑",
        "若葉",
    ]
    for b in ("町", "台", "", "ケ丘", "野")
]
BUILDINGS = [
    "サンハイツ",
    "メゾン",
    "コーポ",
    "グランドメゾン",
    "パークハイツ",
    "レジデンス",
    "ハイム",
    "ヴィラ",
]
DOMAINS = [
    "gmail.com",
    "yahoo.co.jp",
    "docomo.ne.jp",
    "ezweb.ne.jp",
    "icloud.com",
    "outlook.jp",
    "softbank.ne.jp",
    "example.jp",
]
ROMAN = dict(
    zip(
        "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲンガギグゲゴザジズゼゾダヂヅデドバビブベボパピプペポ",
        [
            "a",
            "i",
            "u",
            "e",
            "o",
            "ka",
            "ki",
            "ku",
            "ke",
            "ko",
            "sa",
            "shi",
            "su",
            "se",
            "so",
            "ta",
            "chi",
            "tsu",
            "te",
            "to",
            "na",
            "ni",
            "nu",
            "ne",
            "no",
            "ha",
            "hi",
            "fu",
            "he",
            "ho",
            "ma",
            "mi",
            "mu",
            "me",
            "mo",
            "ya",
            "yu",
            "yo",
            "ra",
            "ri",
            "ru",
            "re",
            "ro",
            "wa",
            "o",
            "n",
            "ga",
            "gi",
            "gu",
            "ge",
            "go",
            "za",
            "ji",
            "zu",
            "ze",
            "zo",
            "da",
            "ji",
            "zu",
            "de",
            "do",
            "ba",
            "bi",
            "bu",
            "be",
            "bo",
            "pa",
            "pi",
            "pu",
            "pe",
            "po",
        ],
        strict=True,
    )
)
OLD = {
    "高": "髙",
    "崎": "﨑",
    "沢": "澤",
    "浜": "濱",
    "広": "廣",
    "桜": "櫻",
    "斎": "齋",
    "辺": "邊",
    "島": "嶋",
    "真": "眞",
}
HALF = dict(
    zip(
        "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲンャュョッ",
        "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜｦﾝｬｭｮｯ",
        strict=True,
    )
)
VOICED = dict(
    zip(
        "ガギグゲゴザジズゼゾダヂヅデドバビブベボ",
        "カキクケコサシスセソタチツテトハヒフヘホ",
        strict=True,
    )
)
COLUMNS = [
    "record_id",
    "source",
    "account",
    "email",
    "phone",
    "family_name",
    "given_name",
    "family_kana",
    "given_kana",
    "birth_date",
    "sex",
    "zip",
    "prefecture",
    "city",
    "street",
    "building",
    "registered_at",
    "truth",
]

Row = dict[str, str]


def romaji(kana: str) -> str:
    """Kana in Latin letters, as passports have it, with long vowels left out."""
    small = {"ャ": "ya", "ュ": "yu", "ョ": "yo"}
    out = ""
    for at, c in enumerate(kana):
        if c in small:
            stem = out[:-1]
            out = stem + (small[c][1:] if stem.endswith(("sh", "ch", "j")) else small[c])
        elif c == "ッ":
            out += "t"
        elif not (at and ((c == "ウ" and out[-1] in "ou") or (c == "オ" and out[-1] == "o"))):
            out += ROMAN[c]
    return out


class World:
    """Makes persons and copies from a seed."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)
        self.rows: list[Row] = []

    def chance(self, p: float) -> bool:
        return self.r.random() < p

    def family(self) -> list[str]:
        if self.chance(0.5):
            return self.r.choices(FAMILY, [1 / (3 + at) for at in range(len(FAMILY))])[0]
        return self.r.choice(RARE)

    def address(self) -> Row:
        prefecture, city = self.r.choice(CITIES).split("/")
        town = self.r.choice(TOWNS)
        place = (
            (CITIES.index(f"{prefecture}/{city}") * len(TOWNS) + TOWNS.index(town)) * 7 % 9_000_000
        )
        block = [self.r.randint(1, 6), self.r.randint(1, 30), self.r.randint(1, 20)]
        building = ""
        if self.chance(0.5):
            building = (
                f"{self.r.choice(BUILDINGS)}{town[:2]}{self.r.randint(1, 9)}0{self.r.randint(1, 9)}"
            )
        return {
            "zip": f"{1_000_000 + place:07d}",
            "prefecture": prefecture,
            "city": city,
            "street": f"{town}{block[0]}-{block[1]}-{block[2]}",
            "building": building,
        }

    def mobile(self) -> str:
        return f"0{self.r.choice('789')}0{self.r.randint(10_000_000, 99_999_999)}"

    def landline(self) -> str:
        return f"0{self.r.randint(3, 9)}{self.r.randint(20_000_000, 99_999_999)}"

    def email(self, family: list[str], given: list[str]) -> str:
        first, last = romaji(given[1]), romaji(family[1])
        form = self.r.choice(["{g}.{f}{n}", "{f}{g}{n}", "{g}{n}", "{f}_{n}", "{n}{g}"])
        local = form.format(g=first, f=last, n=self.r.randint(1, 99_999))
        return f"{local}@{self.r.choice(DOMAINS)}"

    def birth(self, first: int = 1935, last: int = 2006) -> str:
        return (
            f"{self.r.randint(first, last)}-{self.r.randint(1, 12):02d}-{self.r.randint(1, 28):02d}"
        )

    def person(self, truth: int, family: list[str], home: Row, **known: str) -> Row:
        sex = known.get("sex") or self.r.choice("mf")
        given = self.r.choice(MEN if sex == "m" else WOMEN)
        return {
            **dict.fromkeys(COLUMNS, ""),
            **home,
            "email": self.email(family, given),
            "phone": self.mobile(),
            "family_name": family[0],
            "given_name": given[0],
            "family_kana": family[1],
            "given_kana": given[1],
            "birth_date": self.birth(),
            "sex": sex,
            "truth": str(truth),
            **known,
        }

    def add(self, row: Row, source: str) -> None:
        day = self.r.randint(0, 2_000)
        row["source"] = source
        row["record_id"] = f"{source[0]}{len(self.rows):07d}"
        row["registered_at"] = f"{2019 + day // 365}-{1 + day % 365 // 31:02d}-{1 + day % 28:02d}"
        self.rows.append(row)

    def typo(self, text: str) -> str:
        """One character left out or two exchanged."""
        if len(text) < 3:
            return text
        at = self.r.randrange(len(text) - 1)
        if self.chance(0.5):
            return text[:at] + text[at + 1 :]
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]

    def digit(self, text: str) -> str:
        """One digit changed."""
        places = [at for at, c in enumerate(text) if c.isdigit()]
        at = self.r.choice(places)
        return (
            text[:at] + self.r.choice([d for d in "0123456789" if d != text[at]]) + text[at + 1 :]
        )

    def half(self, kana: str) -> str:
        return "".join(HALF[VOICED[c]] + "ﾞ" if c in VOICED else HALF.get(c, c) for c in kana)

    def hiragana(self, kana: str) -> str:
        return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in kana)

    def spelled(self, row: Row) -> None:
        """The same facts as another clerk writes them."""
        if self.chance(0.15):
            row["family_name"] = "".join(OLD.get(c, c) for c in row["family_name"])
        if self.chance(0.3):
            kana: Callable[[str], str] = self.r.choice([self.half, self.hiragana])
            row["family_kana"], row["given_kana"] = (
                kana(row["family_kana"]),
                kana(row["given_kana"]),
            )
        if row["phone"] and self.chance(0.5):
            p = row["phone"]
            cut = (3, 7) if len(p) == 11 else (2, 6)
            parts = [p[: cut[0]], p[cut[0] : cut[1]], p[cut[1] :]]
            row["phone"] = self.r.choice(
                [
                    "-".join(parts),
                    "+81 " + " ".join([parts[0][1:], *parts[1:]]),
                    f"{parts[0]}({parts[1]}){parts[2]}",
                ]
            )
        if row["email"] and self.chance(0.2):
            row["email"] = row["email"].upper() if self.chance(0.5) else f" {row['email']}"
        if self.chance(0.4):
            town = row["street"].rstrip("0123456789-")
            block = row["street"][len(town) :].split("-")
            wide = str.maketrans("0123456789-", "０１２３４５６７８９－")
            kanji = dict(zip("123456", "一二三四五六", strict=True))
            row["street"] = self.r.choice(
                [
                    f"{town}{block[0]}丁目{block[1]}番{block[2]}号",
                    f"{town}{kanji[block[0]]}丁目{block[1]}番地{block[2]}",
                    row["street"].translate(wide),
                    f"{town} {'−'.join(block)}",
                ]
            )
        if self.chance(0.2):
            row["street"], row["building"] = f"{row['street']} {row['building']}", ""
        if row["birth_date"] and self.chance(0.3):
            year, month, day = row["birth_date"].split("-")
            row["birth_date"] = self.r.choice(
                [
                    f"{year}/{int(month)}/{int(day)}",
                    f"{year}{month}{day}",
                    f"{year}年{int(month)}月{int(day)}日",
                ]
            )

    def copy(self, row: Row, hard: bool) -> Row:
        """A record of the same person in another shop, as a guest or years later."""
        copy = dict(row)
        family, given = (
            [row["family_name"], row["family_kana"]],
            [row["given_name"], row["given_kana"]],
        )
        # What contacts the two have in common: at least one of the three.
        changed = self.r.choices([0, 1, 2], [0.5, 0.35, 0.15])[0]
        for field in self.r.sample(["email", "phone", "home"], changed):
            if field == "email":
                copy["email"] = self.email(family, given) if self.chance(0.7) else ""
            elif field == "phone":
                copy["phone"] = self.mobile() if self.chance(0.5) else ""
            else:
                copy.update(self.address())
        if hard and row["sex"] == "f" and self.chance(0.05):
            married = self.family()
            copy["family_name"], copy["family_kana"] = married
            copy.update(self.address())
            copy["email"], copy["phone"] = (row["email"], row["phone"])
        if self.chance(0.15):
            copy["birth_date"] = ""
        elif self.chance(0.02):
            copy["birth_date"] = self.digit(copy["birth_date"])
            if (
                not "01" <= copy["birth_date"][5:7] <= "12"
                or not "01" <= copy["birth_date"][8:] <= "28"
            ):
                copy["birth_date"] = row["birth_date"]
        if self.chance(0.2):
            copy["sex"] = ""
        if self.chance(0.03):
            copy["given_kana"] = self.typo(copy["given_kana"])
        elif self.chance(0.15):
            copy["family_kana"] = copy["given_kana"] = ""
        if copy["phone"] and self.chance(0.01):
            copy["phone"] = self.digit(copy["phone"][:10]) + copy["phone"][10:]
        if copy["email"] and self.chance(0.02):
            local, domain = copy["email"].split("@")
            copy["email"] = f"{self.typo(local)}@{domain}"
        if self.chance(0.1):
            copy["building"] = ""
        if copy["family_kana"] and self.chance(0.02):
            copy["family_name"], copy["given_name"] = copy["family_kana"], copy["given_kana"]
        self.spelled(copy)
        return copy


def easy(records: int, seed: int = 1) -> list[Row]:
    """Persons who live alone, and a corrupted copy for every fourth."""
    world = World(seed)
    truth = 0
    while len(world.rows) < records:
        person = world.person(truth, world.family(), world.address())
        world.add(person, "shop")
        if world.chance(0.25) and len(world.rows) < records:
            world.add(world.copy(person, hard=False), world.r.choice(["mall", "guest"]))
        truth += 1
    world.r.shuffle(world.rows)
    return world.rows


def hard(records: int, seed: int = 2) -> list[Row]:
    """Families that share all but the person; twins, companies, dummies, changed names."""
    world = World(seed)
    companies = [world.landline() for _ in range(max(1, records // 2_000))]
    dummies = ["0000000000", "09000000000", "0312345678", "08011111111"]
    truth = 0
    while len(world.rows) < records:
        family, home = world.family(), world.address()
        shared_phone, shared_email = world.landline(), world.email(family, world.r.choice(MEN))
        size = world.r.choices([1, 2, 3, 4, 5], [0.4, 0.25, 0.15, 0.15, 0.05])[0]
        phones, emails = world.chance(0.5), world.chance(0.25)
        members: list[Row] = []
        for at in range(size):
            parents = at < 2
            person = world.person(
                truth,
                family,
                home,
                birth_date=world.birth(1940, 1985) if parents else world.birth(1986, 2012),
                **({"sex": "mf"[at]} if parents else {}),
            )
            if (
                not parents
                and members[-1]["truth"] != members[0]["truth"]
                and at > 2
                and world.chance(0.05)
            ):
                # Twins.
                person["birth_date"] = members[-1]["birth_date"]
            if any(person["given_kana"] == m["given_kana"] for m in members):
                continue
            if phones:
                person["phone"] = shared_phone
            if emails:
                person["email"] = shared_email
            if world.chance(0.03):
                person["phone"] = world.r.choice(dummies)
            elif world.chance(0.03):
                person["phone"] = world.r.choice(companies)
            truth += 1
            members.append(person)
            world.add(person, "shop")
            if world.chance(0.25):
                world.add(world.copy(person, hard=True), world.r.choice(["mall", "guest"]))
    world.rows = world.rows[:records]
    world.r.shuffle(world.rows)
    return world.rows


def columns(
    rows: list[Row], *, without: tuple[str, ...] = ("truth",)
) -> dict[str, list[str | None]]:
    """The rows as columns; blank cells are None."""
    return {name: [row[name] or None for row in rows] for name in COLUMNS if name not in without}
