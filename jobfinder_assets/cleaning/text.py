"""Advert text as a person would read it: markup, entities, broken encodings and stray white space resolved."""

import html
import re
import unicodedata

import pandas as pd
from ftfy import TextFixerConfig, fix_encoding
from ftfy import bad_codecs as _bad_codecs  # noqa: F401  registers "utf-8-variants", which `fix_encoding` needs

from jobfinder_assets.cleaning.lexicon import read_lines
from jobfinder_assets.cleaning.markup import has_markup, markup_text

_AMPERSANDS = re.compile(r"&(?:amp|#0{0,4}38|#x0{0,4}26);", re.IGNORECASE)
_MANY_AMPERSANDS = re.compile(r"&(?:(?:amp|#0{0,4}38|#x0{0,4}26);){3,}", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});|&nbsp\b")

# "by us&nbs", where a text was cut, and the number that JazzHR puts behind its name.
_SPARE_END = re.compile(
    r"&(?:nbs?p?|amp?|quot?|[lr][sd]q(?:uo?)?|[mn]da(?:sh?)?|bull?|#\d{0,4})$|(?<=\b[Jj]azzHR)\s{1,4}\w{10}$"
)

# A JSON string that nobody has read: "\\n\\u2022 Count cars". One "\\n" may be of a path, "C:\\new".
_JSON = re.compile(r"\\u[0-9a-fA-F]{4}|<\\/[a-z]|\\n\\n|\\r\\n")
_JSON_LINE = re.compile(r"\\n(?![a-z])")
_JSON_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_ESCAPED = {"b": " ", "f": " ", "n": "\n", "r": "\r", "t": "\t"}

_BOARD_LINE = re.compile(rf"(?:{'|'.join(read_lines('board_lines.txt'))})\W*")
_LONGEST_BOARD_LINE, _LONGEST_SPARE_END = 400, 24
# A line end that a spreadsheet wrote as text, and the style sheet that Word pastes before a text.
_SPREADSHEET_SIGN = re.compile(r"_x000[0-9A-Da-d]_")
_WORD_STYLES = re.compile(
    r"(?:Normal 0 )?(?:(?:false|true|[A-Z]{2}-[A-Z]{2}|X-NONE|MicrosoftInternetExplorer4) ){3,}"
    r"(?:/\* Style Definitions \*/ )?(?:table\.MsoNormalTable ?\{[^{}]{0,2000}\})?"
)

# UTF-8 read as Windows-1252 or Latin-1 always shows a lead byte before a continuation byte.
_MOJIBAKE = re.compile(
    "[\xc2-\xf4][\x80-\xbf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
    "\u2013\u2014\u2018-\u201a\u201c-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]"
)
_NOT_ASCII = re.compile(r"[^\x00-\x7f](?:.*[^\x00-\x7f])?", re.DOTALL)
_AROUND = 16
# The commonest broken characters; they stand in no word of any language.
_COMMON_MOJIBAKE = {sign.encode().decode("cp1252"): sign for sign in "’‘“–—•…™€"}
# Guesses are left out: a lossy sequence has no certain repair, and quotes and ligatures are the author's.
_REPAIR = TextFixerConfig(
    unescape_html=False, restore_byte_a0=True, replace_lossy_sequences=False, decode_inconsistent_utf8=True
)

_ODD_CHARACTERS = {
    **dict.fromkeys("\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))), " "),
    **dict.fromkeys("\x0b\x0c\x85\u2028\u2029", "\n"),
    **dict.fromkeys("\uf02d\uf076\uf0a7\uf0a8\uf0b7\uf0d8\uf0fc", "•"),
}
# These have a replacement above or are invisible and go.
_ODD = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\u00ad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000"
    "\uf02d\uf076\uf0a7\uf0a8\uf0b7\uf0d8\uf0fc\ufeff\ufffc\ufffe\uffff]"
)
_CONTROLS = bytes([*range(9), *range(14, 32), 127])
_ASCII = bytes(range(128))
_UNTIDY = ("<", "_x000", "X-NONE ", "\r", "\t", "\x0b", "\x0c", "  ", " \n", "\n ", "\n\n\n")
_COMMON_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&nbsp;": " ", "&#39;": "'", "&rsquo;": "’"}
# Bullets of symbol fonts (U+F000..F0FF) seen as Windows-1252: ftfy leaves private-use characters alone.
_SYMBOL_MOJIBAKE = re.compile("\xef([\u201a\u0192])([\xa1-\xbf\u02dc\u2013\u2014\u2018-\u201e])")

_ROUNDS = 8
_TEXT_COLUMNS = ("title", "company", "location", "description")


def clean_text(raw: str) -> str:
    """Readable text of an advert given as HTML (escaped any number of times) or plain text.

    Block elements, list items, table rows and `<br>` become lines, cells are parted by "|", paragraphs by one blank
    line; scripts, styles, navigation and other parts of the page around an advert are dropped, and so are a board's
    buttons and credits above and below it; entities and a JSON string's escapes are resolved; mojibake is repaired
    where ftfy finds the repair certain. Idempotent: clean_text(clean_text(x)) == clean_text(x).
    """
    if _is_readable(raw):
        return raw
    text = _encodable(raw)
    for _ in range(_ROUNDS):
        text = _trimmed(_tidy(_repair(_unwrap(text))))
        # What one pass reveals (HTML escaped twice, doubly broken text) is work for the next.
        if not _unfinished(text):
            return text
    return _trimmed(_tidy(re.sub(r"[<&\\\xc2-\xf4]", " ", text)))


def text_or_empty(value: object) -> str:
    """A row's value, "" where it is no text: a missing one may be None or NaN."""
    return value if isinstance(value, str) else ""


def readable(postings: pd.DataFrame) -> pd.DataFrame:
    """Postings as they came, with title, company, location and description as `clean_text` leaves them.

    The entry points that take frames from anywhere begin with it; what is no text stays as it is.
    """
    found = {name: postings[name].tolist() for name in _TEXT_COLUMNS if name in postings.columns}
    cleaned = {name: [clean_text(v) if isinstance(v, str) else v for v in values] for name, values in found.items()}
    return postings.assign(**{name: values for name, values in cleaned.items() if values != found[name]})


def _is_readable(text: str) -> bool:
    """Nothing below would change the text: a quarter of the time of finding out by doing it."""
    for mark in _UNTIDY:
        if mark in text:
            return False
    if text != text.strip() or ("&" in text and _ENTITY.search(text)):
        return False
    if _is_json(text) or _cut(text, 0, len(text)) != (0, len(text)):
        return False
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        return False
    if len(encoded.translate(None, _CONTROLS)) != len(encoded):
        return False
    # What is odd or broken among the signs beyond ASCII is found in a fifth of the time when they stand alone.
    return text.isascii() or not (
        _ODD.search(signs := _signs(text)) or _has_mojibake(text, signs) or not unicodedata.is_normalized("NFC", text)
    )


def _signs(text: str) -> str:
    """The characters beyond ASCII."""
    return text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass")


def _is_broken(text: str) -> bool:
    return not text.isascii() and _has_mojibake(text, _signs(text))


def _has_mojibake(text: str, signs: str) -> bool:
    # Signs that stand together in the text do so among themselves too.
    return bool(_MOJIBAKE.search(signs) and _MOJIBAKE.search(text))


def _unfinished(text: str) -> bool:
    if has_markup(text):
        return True
    if "&" in text and _unescape(text) != text:
        return True
    return _is_json(text) or _repair(text) != text


def _encodable(text: str) -> str:
    """`text` without lone surrogates, which no file and no parser can hold."""
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")


def _unwrap(text: str) -> str:
    if _is_json(text):
        text = _unescape_json(text)
    if "&" in text and not has_markup(text):
        text = _unescape(text)
    if has_markup(text):
        return markup_text(text)
    return text


def _unescape(text: str) -> str:
    """Resolve entities that end in a semicolon, one level: `&section=2` in an address is no section sign."""
    return "&".join(map(_unescape_level, _AMPERSANDS.split(_MANY_AMPERSANDS.sub("&amp;amp;", text))))


def _unescape_level(text: str) -> str:
    for entity, character in _COMMON_ENTITIES.items():
        text = text.replace(entity, character)
    return _ENTITY.sub(lambda match: html.unescape(match[0]) if match[0] != "&nbsp" else " ", text)


def _is_json(text: str) -> bool:
    return "\\" in text and (_JSON.search(text) is not None or len(_JSON_LINE.findall(text)) > 1)


def _unescape_json(text: str) -> str:
    def sign(match: re.Match[str]) -> str:
        return chr(int(match[1], 16)) if match[1] else _ESCAPED.get(match[2], match[2])

    plain = _JSON_ESCAPE.sub(sign, text)
    # Signs beyond sixteen bits are two escapes.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _trimmed(text: str) -> str:
    """Without the lines that a board puts above and below an advert, and without the rest of an entity at a cut."""
    bounds = 0, len(text)
    while (inner := _cut(text, *bounds)) != bounds:
        bounds = inner
    return text[slice(*bounds)]


def _cut(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the text begins and ends without one such line or rest; as given, where it has none."""
    if cut := _SPARE_END.search(text, max(start, end - _LONGEST_SPARE_END), end):
        return start, _end_of_words(text, start, cut.start())
    first, last = text.find("\n", start, end), text.rfind("\n", start, end)
    if last >= 0 and _is_of_board(text, last + 1, end):
        return start, _end_of_words(text, start, last)
    if first >= 0 and _is_of_board(text, start, first):
        start = first + 1
        while start < end and text[start].isspace():
            start += 1
    return start, end


def _end_of_words(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1].isspace():
        end -= 1
    return end


def _is_of_board(text: str, start: int, end: int) -> bool:
    return end - start <= _LONGEST_BOARD_LINE and _BOARD_LINE.fullmatch(text[start:end].lower()) is not None


def _repair(text: str) -> str:
    if not _is_broken(text):
        return text
    text = _SYMBOL_MOJIBAKE.sub("•", text)
    # Where it was broken twice, they are parts of others.
    if "Ã" not in text:
        for broken, sign in _COMMON_MOJIBAKE.items():
            text = text.replace(broken, sign)
    if not _is_broken(text):
        return text
    # Line by line: one odd character elsewhere must not hinder the repair, and long texts stay cheap.
    lines = text.split("\n")
    repaired = [_repair_line(line) if not line.isascii() and _MOJIBAKE.search(line) else line for line in lines]
    # What is uncertain of a line alone is certain where another was broken in the same way.
    return "\n".join(map(_decoded, repaired) if repaired != lines else lines)


def _decoded(line: str) -> str:
    """A line that is nothing but UTF-8 read as Windows-1252, decoded; any other as it is."""
    if line.isascii() or not _MOJIBAKE.search(line):
        return line
    try:
        return line.encode("sloppy-windows-1252").decode()
    except UnicodeError:
        return line


def _repair_line(line: str) -> str:
    """Only what stands around the odd characters is looked at: the rest, plain ASCII, is as it should be."""
    odd = _NOT_ASCII.search(line)
    start, end = (max(0, odd.start() - _AROUND), odd.end() + _AROUND) if odd else (0, len(line))
    return line[:start] + fix_encoding(line[start:end], _REPAIR) + line[end:]


def _tidy(text: str) -> str:
    """Unicode NFC, plain spaces, no invisible characters, lines stripped, at most one blank line.

    Plain replacements do what a regular expression would, several times faster.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():
        text = text.replace("\x0b", "\n").replace("\x0c", "\n").encode().translate(None, _CONTROLS).decode()
    else:
        text = _ODD.sub(lambda match: _ODD_CHARACTERS.get(match[0], ""), text)
        if not unicodedata.is_normalized("NFC", text):
            text = unicodedata.normalize("NFC", text)
    if "_x000" in text:
        text = _SPREADSHEET_SIGN.sub("", text)
    text = _squeeze(text.replace("\t", " "), "  ", " ")
    if "X-NONE " in text:
        text = _squeeze(_WORD_STYLES.sub(" ", text), "  ", " ")
    text = text.replace(" \n", "\n").replace("\n ", "\n")
    return _squeeze(text, "\n\n\n", "\n\n").strip()


def _squeeze(text: str, run: str, replacement: str) -> str:
    while run in text:
        text = text.replace(run, replacement)
    return text
