"""Advert text as a person would read it: markup, entities, broken encodings and stray white space resolved."""

import html
import re
import unicodedata

import pandas as pd
from ftfy import TextFixerConfig, fix_encoding
from ftfy import bad_codecs as _bad_codecs  # noqa: F401  registers "utf-8-variants", which `fix_encoding` needs
from selectolax.lexbor import LexborHTMLParser

# Only names that adverts use: "<T>" in prose or "a <b and c" is text, not markup.
_TAG = re.compile(
    r"<(?=[a-z/!])(?:/?(?:a|abbr|address|article|aside|b|big|blockquote|body|br|center|code|dd|del|div|dl|dt|em|fieldset|figure|font"
    r"|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|ins|label|li|link|main|meta|nav|noscript|o:p|ol|p|pre|s"
    r"|script|section|small|span|strike|strong|style|sub|sup|table|tbody|td|tfoot|th|thead|title|tr|u|ul)"
    r"(?:[\s/][^<>]*)?>|!--|!doctype\s)",
    re.IGNORECASE,
)
# Group 1 ends a line, group 2 a paragraph, group 3 is a break, group 4 a table cell.
_BREAKING_TAG = re.compile(
    r"</?(?:(address|article|aside|body|dd|div|dl|dt|fieldset|figure|footer|form|header|li|main|section|tr)"
    r"|(blockquote|h[1-6]|hr|ol|p|pre|table|ul)|(br)|(td|th))(?=[\s/>])",
    re.IGNORECASE,
)
_ANY_TAG = re.compile(r"<[a-zA-Z/!][^<>]*>?")
# The HTML standard's tree construction is quadratic in the depth of open elements.
_MOST_UNCLOSED_TAGS = 3_000
_UNREADABLE_TAGS = ["script", "style", "head", "noscript", "template", "svg", "iframe", "nav", "button", "select"]

# A line break, a paragraph break and a `<br>` on their way through the parser.
_LINE, _PARAGRAPH, _BREAK = "\x1e", "\x1d", "\x1f"
_MARKS = (None, _LINE, _PARAGRAPH, _BREAK, " ")
_BREAKS = re.compile(r"[\x1d-\x1f][\x1d-\x1f \t]*")

_AMPERSANDS = re.compile(r"&(?:amp;|#0{0,4}38;|#x0{0,4}26;)+", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});|&nbsp\b")

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
_LINE_ENDS = "\n\r\t\x0b\x0c\x85\u2028\u2029"
_CONTROLS = bytes([*range(9), *range(14, 32), 127])
_ASCII = bytes(range(128))
_UNTIDY = ("<", "\r", "\t", "\x0b", "\x0c", "  ", " \n", "\n ", "\n\n\n")
_COMMON_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&nbsp;": " ", "&#39;": "'", "&rsquo;": "’"}
# Bullets of symbol fonts (U+F000..F0FF) seen as Windows-1252: ftfy leaves private-use characters alone.
_SYMBOL_MOJIBAKE = re.compile("\xef([\u201a\u0192])([\xa1-\xbf\u02dc\u2013\u2014\u2018-\u201e])")

_ROUNDS = 8
_TEXT_COLUMNS = ("title", "company", "location", "description")


def clean_text(raw: str) -> str:
    """Readable text of an advert given as HTML (escaped any number of times) or plain text.

    Block elements, list items, table rows and `<br>` become lines, paragraphs are parted by one
    blank line; scripts, styles and navigation are dropped; entities resolved; mojibake repaired
    where ftfy finds the repair certain. Idempotent: clean_text(clean_text(x)) == clean_text(x).
    """
    if _is_readable(raw):
        return raw
    text = _encodable(raw)
    for _ in range(_ROUNDS):
        text = _tidy(_repair(_unwrap(text)))
        # What one pass reveals (HTML escaped twice, doubly broken text) is work for the next.
        if not _unfinished(text):
            return text
    return _tidy(re.sub(r"[<&\xc2-\xf4]", " ", text))


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
    if "<" in text and _TAG.search(text):
        return True
    if "&" in text and _unescape(text) != text:
        return True
    return _repair(text) != text


def _encodable(text: str) -> str:
    """`text` without lone surrogates, which no file and no parser can hold."""
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")


def _unwrap(text: str) -> str:
    if "&" in text and not _TAG.search(text):
        text = _unescape(text)
    if "<" in text and _TAG.search(text):
        return _html_text(text)
    return text


def _unescape(text: str) -> str:
    """Resolve entities that end in a semicolon: `&section=2` in an address is no section sign."""
    text = _AMPERSANDS.sub("&", text)
    for entity, character in _COMMON_ENTITIES.items():
        text = text.replace(entity, character)
    return _ENTITY.sub(lambda match: html.unescape(match[0]) if match[0] != "&nbsp" else " ", text)


def _html_text(markup: str) -> str:
    for mark in (_LINE, _PARAGRAPH, _BREAK):
        markup = markup.replace(mark, " ")
    if _BREAKING_TAG.search(markup):
        # The author's line breaks mean nothing between block elements; `_tidy` squeezes blanks.
        for end in _LINE_ENDS:
            markup = markup.replace(end, " ")
        markup = _BREAKING_TAG.sub(lambda match: f"{_MARKS[match.lastindex or 0]}{match[0]}", markup)
    if markup.count("<") - 2 * markup.count("</") > _MOST_UNCLOSED_TAGS:
        text = _ANY_TAG.sub("", markup)
    else:
        tree = LexborHTMLParser(markup)
        tree.strip_tags(_UNREADABLE_TAGS)
        text = tree.root.text(deep=True, separator="") if tree.root is not None else ""
    return _BREAKS.sub(lambda match: "\n\n" if _parts_paragraphs(match[0]) else "\n", text)


def _parts_paragraphs(breaks: str) -> bool:
    return _PARAGRAPH in breaks or breaks.count(_BREAK) > 1


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
    return "\n".join(
        _repair_line(line) if not line.isascii() and _MOJIBAKE.search(line) else line for line in text.split("\n")
    )


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
    text = _squeeze(text.replace("\t", " "), "  ", " ")
    text = text.replace(" \n", "\n").replace("\n ", "\n")
    return _squeeze(text, "\n\n\n", "\n\n").strip()


def _squeeze(text: str, run: str, replacement: str) -> str:
    while run in text:
        text = text.replace(run, replacement)
    return text
